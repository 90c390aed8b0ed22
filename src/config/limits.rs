//! How often one may try.

use domain::{LimitSettings, Quota};

use super::{
    loader::Reading,
    time,
    variables::{self, Variable},
};

/// The quotas, each `COUNT/SECONDS` or `off`.
pub(super) fn limits(reading: &mut Reading<'_>) -> LimitSettings {
    let usual = LimitSettings::default();
    let limits = LimitSettings {
        sign_in: limit(reading, &variables::LIMIT_SIGN_IN, usual.sign_in),
        mail: limit(reading, &variables::LIMIT_MAIL, usual.mail),
        account: limit(reading, &variables::LIMIT_ACCOUNT, usual.account),
        recipient: limit(reading, &variables::LIMIT_RECIPIENT, usual.recipient),
        requests: limit(reading, &variables::LIMIT_REQUESTS, usual.requests),
        conversations: limit(reading, &variables::LIMIT_CONVERSATIONS, usual.conversations),
    };
    if limits.sign_in.is_none() && limits.account.is_none() {
        reading.notice(format!(
            "{} and {} are both off: passwords can be tried without end.",
            variables::LIMIT_SIGN_IN.name,
            variables::LIMIT_ACCOUNT.name
        ));
    }
    limits
}

fn limit(reading: &mut Reading<'_>, variable: &Variable, usual: Option<Quota>) -> Option<Quota> {
    let wanted = "COUNT/SECONDS, such as 3/10 or 10/15m, with 1 to 100000 in 1 to 86400 seconds, or off";
    reading.parsed(variable, usual, wanted, |text| match text {
        off if off.eq_ignore_ascii_case("off") => Some(None),
        quota => self::quota(quota).map(Some),
    })
}

fn quota(text: &str) -> Option<Quota> {
    let (count, seconds) = text.split_once('/')?;
    let count = count.trim().parse().ok().filter(|count| (1..=100_000).contains(count))?;
    let seconds = time::seconds(seconds.trim()).filter(|seconds| (1..=86_400).contains(seconds))?;
    Some(Quota { count, seconds })
}
