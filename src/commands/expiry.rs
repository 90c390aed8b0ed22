//! The end of a ban or an invitation, as operators write it.

use std::str::FromStr;

use contract::Timestamp;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const DAY: i64 = 86_400;
/// Ten years; more days are a typo.
const MAX_DAYS: u32 = 3660;

/// An end, relative or absolute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// Days from now.
    Days(u32),
    /// A point in time.
    Moment(Timestamp),
}

impl Expiry {
    /// The point in time, counted from `now`.
    pub fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Days(days) => now.plus_seconds(i64::from(days) * DAY),
            Self::Moment(moment) => moment,
        }
    }
}

impl FromStr for Expiry {
    type Err = String;

    /// Parses days such as `7d`, or a timestamp (RFC 3339 section 5.6).
    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse().ok()) {
            return match days {
                1..=MAX_DAYS => Ok(Self::Days(days)),
                _ => Err(format!("use 1d to {MAX_DAYS}d, or leave it out")),
            };
        }
        let moment = OffsetDateTime::parse(text, &Rfc3339).ok();
        let millis = moment.and_then(|it| i64::try_from(it.unix_timestamp_nanos() / 1_000_000).ok());
        let millis = millis.ok_or("use days, such as 7d, or a moment, such as 2027-01-31T12:00:00Z")?;
        Ok(Self::Moment(Timestamp::from_millis(millis)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_now_and_moments_are_taken_as_they_are() {
        let now = Timestamp::from_millis(1_000);
        assert_eq!("7d".parse::<Expiry>().unwrap().after(now).millis(), 1_000 + 7 * 86_400_000);
        let moment: Expiry = "2026-11-21T00:05:05.131+01:00".parse().unwrap();
        assert_eq!(moment.after(now).iso(), "2026-11-20T23:05:05.131Z");
        for wrong in ["", "d", "0d", "-1d", "3661d", "7", "7h", "2027-01-31", "tomorrow"] {
            assert!(wrong.parse::<Expiry>().is_err(), "{wrong}");
        }
    }
}
