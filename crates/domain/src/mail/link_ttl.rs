//! How long a mailed link works, in seconds.

/// A link that sets a new password.
pub const RESET: i64 = 60 * 60;
/// A link that confirms an address, or a change of it.
pub const VERIFY: i64 = 24 * 60 * 60;
/// The code beside a link that confirms an address.
pub const CODE: i64 = 60 * 60;
/// A link that deletes an account.
pub const DELETE: i64 = 24 * 60 * 60;

/// A lifetime as mails put it: whole hours.
pub(super) fn in_words(seconds: i64) -> String {
    match seconds / 3600 {
        1 => "1 hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lifetime_is_whole_hours_as_the_mails_say() {
        for (seconds, words) in
            [(RESET, "1 hour"), (CODE, "1 hour"), (VERIFY, "24 hours"), (DELETE, "24 hours")]
        {
            assert_eq!((seconds % 3600, in_words(seconds).as_str()), (0, words));
        }
    }
}
