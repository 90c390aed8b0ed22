//! Parsers of single values; `None` when a value cannot be used.

use std::net::{IpAddr, Ipv4Addr};

use contract::Email;
use domain::{Algorithm, Quota, SignUpMode};
use tracing_subscriber::EnvFilter;

use super::mail::TlsRequirement;

/// Browsers keep no cookie for longer (RFC 6265bis section 5.5).
const MAX_COOKIE_DAYS: i64 = 400;
const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// A rate limit; `None` for no limit.
pub(super) type Limit = Option<Quota>;
/// Days; `None` for ever.
pub(super) type Days = Option<u32>;

pub(super) fn ip_address(text: &str) -> Option<IpAddr> {
    match text {
        "localhost" => Some(Ipv4Addr::LOCALHOST.into()),
        text => text.trim_matches(['[', ']']).parse().ok(),
    }
}

/// A port; 0 would let the system choose, and the public origin could not be known.
pub(super) fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

pub(super) fn number<const MIN: u32, const MAX: u32>(text: &str) -> Option<u32> {
    text.parse().ok().filter(|number| (MIN..=MAX).contains(number))
}

pub(super) fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Some(true),
        "false" | "0" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// Whether mail needs TLS.
pub(super) fn mail_tls(text: &str) -> Option<TlsRequirement> {
    match text.to_ascii_lowercase().as_str() {
        "required" => Some(TlsRequirement::Required),
        "off" => Some(TlsRequirement::Off),
        _ => None,
    }
}

/// Whole seconds, written `900`, `900s`, `15m`, `1h` or `7d`.
fn duration(text: &str) -> Option<i64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let duration = humantime::parse_duration(text).ok().filter(|duration| duration.subsec_nanos() == 0)?;
    i64::try_from(duration.as_secs()).ok()
}

/// Seconds from `MIN` to `MAX`.
pub(super) fn seconds<const MIN: i64, const MAX: i64>(text: &str) -> Option<i64> {
    duration(text).filter(|seconds| (MIN..=MAX).contains(seconds))
}

/// Seconds of a session that a browser's cookie can last for, at least five minutes.
pub(super) fn cookie_lifetime(text: &str) -> Option<i64> {
    duration(text).filter(|seconds| (5 * MINUTE..=MAX_COOKIE_DAYS * DAY).contains(seconds))
}

/// Seconds from five minutes to ten years.
pub(super) fn absolute_lifetime(text: &str) -> Option<i64> {
    duration(text).filter(|seconds| (5 * MINUTE..=3650 * DAY).contains(seconds))
}

/// `COUNT/SECONDS`, or `off` for no limit.
pub(super) fn quota(text: &str) -> Option<Limit> {
    if text.eq_ignore_ascii_case("off") {
        return Some(None);
    }
    let (count, window) = text.split_once('/')?;
    let count = number::<1, 100_000>(count.trim())?;
    let seconds = seconds::<1, 86_400>(window.trim())?;
    Some(Some(Quota { count, seconds: u32::try_from(seconds).ok()? }))
}

/// Bytes from 1 KiB to `MAX`, written `131072`, `128k` or `1m`.
pub(super) fn bytes<const MAX: usize>(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    let (digits, shift) = match lower.strip_suffix('k') {
        Some(digits) => (digits, 10),
        None => lower.strip_suffix('m').map_or((lower.as_str(), 0), |digits| (digits, 20)),
    };
    let number: usize = digits.trim().parse().ok()?;
    number.checked_mul(1 << shift).filter(|bytes| (1024..=MAX).contains(bytes))
}

/// `BYTES/SECONDS`, or `off` for no limit.
pub(super) fn byte_rate(text: &str) -> Option<Limit> {
    if text.eq_ignore_ascii_case("off") {
        return Some(None);
    }
    let (count, window) = text.split_once('/')?;
    let count = u32::try_from(bytes::<{ 1024 << 20 }>(count.trim())?).ok()?;
    let seconds = seconds::<1, 86_400>(window.trim())?;
    Some(Some(Quota { count, seconds: u32::try_from(seconds).ok()? }))
}

/// Days, or `forever`.
pub(super) fn days_or_forever(text: &str) -> Option<Days> {
    if text.eq_ignore_ascii_case("forever") { Some(None) } else { number::<1, 3650>(text).map(Some) }
}

/// Days, or `off`.
pub(super) fn days_or_off(text: &str) -> Option<Days> {
    if text.eq_ignore_ascii_case("off") { Some(None) } else { number::<1, 3650>(text).map(Some) }
}

/// Days without a sign-in, or `forever`; a month of them passes after the reader is told.
pub(super) fn idle_days_or_forever(text: &str) -> Option<Days> {
    days_or_forever(text).filter(|days| days.is_none_or(|days| days >= 60))
}

/// `open`, `invite`, `closed`, or `domains:` and domains separated by commas. A domain is spelled as in a normalized address,
/// so that it is compared like one.
pub(super) fn sign_up_mode(text: &str) -> Option<SignUpMode> {
    let lower = text.to_lowercase();
    if let Some(domains) = lower.strip_prefix("domains:") {
        let domain = |domain: &str| {
            let email = Email::parse(&format!("a@{}", domain.trim())).ok()?;
            Some(email.domain().to_owned())
        };
        return domains.split(',').map(domain).collect::<Option<_>>().map(SignUpMode::Domains);
    }
    match lower.as_str() {
        "open" => Some(SignUpMode::Open),
        "invite" => Some(SignUpMode::Invite),
        "closed" => Some(SignUpMode::Closed),
        _ => None,
    }
}

/// An algorithm with a published key.
pub(super) fn algorithm(text: &str) -> Option<Algorithm> {
    Algorithm::ASYMMETRIC.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(text))
}

/// A level, or a filter of tracing-subscriber's `EnvFilter`.
pub(super) fn log_filter(text: &str) -> Option<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let filter = text.to_ascii_lowercase();
    // The filter takes any word for the name of a module, so a misspelt level would silence the log.
    // So would a name that holds what separates the parts of another program's list.
    let is_name =
        |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '-'));
    let words = filter.split(',').map(str::trim).all(|part| match part.split_once('=') {
        _ if part.contains(['[', '{', '}', ']']) => !part.contains(';'),
        Some((name, level)) => is_name(name) && LEVELS.contains(&level),
        None => LEVELS.contains(&part),
    });
    let valid = words && EnvFilter::builder().parse(&filter).is_ok();
    valid.then_some(filter)
}
