//! Proof that a reader has signed in for a request. The way back from the sign-in page carries the time at which they were
//! asked, signed for this request; a session that was opened since then answers it.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::Timestamp;
use subtle::ConstantTimeEq;

use crate::Secret;

/// The parameter that is added to a request.
const PARAMETER: &str = "&interaction=";
/// Seconds for which the time counts, so that a way back that was kept proves nothing later.
const LIFETIME: i64 = 3600;

/// What a reader was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interaction {
    /// To sign in, sign up or consent at this time.
    AskedAt(Timestamp),
    /// For consent, which they refused.
    Denied,
}

/// Splits the query of a request from what was added to it.
pub(super) fn split(query: &str) -> (&str, Option<&str>) {
    match query.rsplit_once(PARAMETER) {
        Some((request, added)) if !added.contains('&') => (request, Some(added)),
        _ => (query, None),
    }
}

/// Adds to a request the time at which its reader is asked.
pub(super) fn asked_at(request: &str, now: Timestamp, secret: &Secret) -> String {
    format!("{request}{PARAMETER}{}", signed(request, "asked", now, secret))
}

/// Adds to a request that this reader refuses consent.
pub(super) fn denied(request: &str, user_id: &str, now: Timestamp, secret: &Secret) -> String {
    format!("{request}{PARAMETER}{}", signed(request, &denial(user_id), now, secret))
}

/// What was added to this request and signed for it, within an hour. A refusal counts for the reader who made it alone.
pub(super) fn verify(
    request: &str,
    added: &str,
    user_id: Option<&str>,
    now: Timestamp,
    secret: &Secret,
) -> Option<Interaction> {
    let (millis, _) = added.split_once('.')?;
    let at = Timestamp::from_millis(millis.parse().ok()?);
    if at > now || now.seconds_since(at) > LIFETIME {
        return None;
    }
    let is =
        |kind: &str| -> bool { signed(request, kind, at, secret).as_bytes().ct_eq(added.as_bytes()).into() };
    if is("asked") {
        Some(Interaction::AskedAt(at))
    } else {
        user_id.is_some_and(|user_id| is(&denial(user_id))).then_some(Interaction::Denied)
    }
}

fn denial(user_id: &str) -> String {
    format!("denied by {user_id}")
}

fn signed(request: &str, kind: &str, at: Timestamp, secret: &Secret) -> String {
    let key = secret.derive(&format!("interaction:{kind}:{}:{request}", at.millis()));
    format!("{}.{}", at.millis(), URL_SAFE_NO_PAD.encode(key.as_slice()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_counts_for_its_own_request_alone_and_for_an_hour() {
        let secret = Secret::new("one".into());
        let now = Timestamp::from_millis(1_000_000_000_000);
        let whole = asked_at("client_id=a&state=b", now, &secret);
        let (request, added) = split(&whole);
        let added = added.unwrap();
        assert_eq!(request, "client_id=a&state=b");
        let verify = |request: &str, added: &str, at| verify(request, added, Some("ada"), at, &secret);
        assert_eq!(verify(request, added, now), Some(Interaction::AskedAt(now)));
        assert_eq!(verify(request, added, now.plus_seconds(LIFETIME + 1)), None);
        assert_eq!(verify("client_id=a&state=c", added, now), None);
        let earlier = added.replacen("1000000000000", "0999999999999", 1);
        assert_eq!(verify(request, &earlier, now), None);
        assert_eq!(verify(request, "", now), None);
    }

    #[test]
    fn a_refusal_counts_for_its_reader_alone() {
        let secret = Secret::new("one".into());
        let now = Timestamp::from_millis(1_000_000_000_000);
        let whole = denied("client_id=a", "ada", now, &secret);
        let (request, added) = split(&whole);
        let by = |user: Option<&str>| verify(request, added.unwrap(), user, now, &secret);
        assert_eq!(by(Some("ada")), Some(Interaction::Denied));
        assert_eq!(by(Some("bea")), None);
        assert_eq!(by(None), None);
    }
}
