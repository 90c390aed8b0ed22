//! How long things are kept.

use domain::Retention;

use super::{loader::Reading, variables};

/// Days after which an account whose address was never confirmed is removed, where none can be used without.
const UNVERIFIED_WHERE_REQUIRED: u32 = 30;

/// What is kept for how long. Where sign-in needs a confirmed address, an account without one is of no use to anybody.
pub(super) fn retention(reading: &mut Reading<'_>, require_verified_email: bool) -> Retention {
    let usual = Retention::default();
    let unverified = require_verified_email.then_some(UNVERIFIED_WHERE_REQUIRED).or(usual.unverified_days);
    let wanted = "a number of days from 1 to 3650";
    let events_days = reading.parsed(&variables::KEEP_EVENTS, usual.events_days, wanted, days);
    let wanted = "a number of days from 1 to 3650, or forever";
    let unverified_days =
        reading.parsed(&variables::KEEP_UNVERIFIED, unverified, wanted, |text| match text {
            forever if forever.eq_ignore_ascii_case("forever") => Some(None),
            text => days(text).map(Some),
        });
    Retention { events_days, unverified_days }
}

fn days(text: &str) -> Option<u32> {
    text.parse().ok().filter(|days| (1..=3650).contains(days))
}
