//! Passwords on their way to the hasher.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{Code, Problem, Reason};

/// The most UTF-16 code units of any password: a bound on what is hashed.
const MAX: usize = 128;

/// A password to be set: at least the configured minimum and at most 128 UTF-16 code units, as Better Auth counts them,
/// then NFKC-normalised.
///
/// No composition rules (NIST SP 800-63B section 3.1.1.2); nothing is trimmed or cut.
#[derive(Clone)]
pub struct NewPassword(Zeroizing<String>);

impl NewPassword {
    /// The lowest minimum that can be configured, and the default, in UTF-16 code units.
    pub const MIN: usize = 8;

    /// Refuses an empty field as missing, before its length is checked.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `password`.
    pub fn not_empty(raw: &str) -> Result<&str, Problem> {
        if raw.is_empty() { Err(Problem::invalid("password", Reason::Empty)) } else { Ok(raw) }
    }

    /// Accepts a password as typed, of at least `min` UTF-16 code units.
    ///
    /// # Errors
    /// `PASSWORD_TOO_SHORT` or `PASSWORD_TOO_LONG` on `password`.
    pub fn parse(raw: &str, min: usize) -> Result<Self, Problem> {
        if raw.encode_utf16().count() < min {
            let reason = Some(Reason::TooShort { min });
            return Err(Problem { reason, ..Problem::on(Code::PasswordTooShort, "password") });
        }
        Ok(Self(normalised(raw)?))
    }

    /// The normalised text to hash.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A password someone claims to have: at most 128 UTF-16 code units, then NFKC-normalised.
#[derive(Clone)]
pub struct PasswordAttempt {
    text: Zeroizing<String>,
    /// As typed, where normalisation has changed it.
    typed: Option<Zeroizing<String>>,
}

impl PasswordAttempt {
    /// Accepts an attempt as typed; a short one is merely wrong, an over-long one is refused before hashing.
    ///
    /// # Errors
    /// `PASSWORD_TOO_LONG` on `password`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let text = normalised(raw)?;
        let typed = (text.as_str() != raw).then(|| Zeroizing::new(raw.to_owned()));
        Ok(Self { text, typed })
    }

    /// The text to compare: normalised, but for one of [`PasswordAttempt::as_typed`].
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// The same attempt as it was typed, where normalisation has changed it: other systems hash passwords without.
    pub fn as_typed(&self) -> Option<Self> {
        self.typed.clone().map(|text| Self { text, typed: None })
    }

    /// The bytes of the longest text that may have been compared.
    pub fn longest(&self) -> usize {
        self.typed.as_ref().map_or(0, |typed| typed.len()).max(self.text.len())
    }
}

fn normalised(raw: &str) -> Result<Zeroizing<String>, Problem> {
    if raw.encode_utf16().count() > MAX {
        return Err(Problem::on(Code::PasswordTooLong, "password"));
    }
    Ok(Zeroizing::new(raw.nfkc().collect()))
}

impl fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NewPassword(..)")
    }
}

impl fmt::Debug for PasswordAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordAttempt(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_utf16_code_units_before_normalisation() {
        assert!(NewPassword::parse("1234567", NewPassword::MIN).is_err());
        assert!(NewPassword::parse("12345678", NewPassword::MIN).is_ok());
        assert!(NewPassword::parse("🔑🔑🔑🔑", NewPassword::MIN).is_ok(), "an emoji counts two");
        assert!(NewPassword::parse(&"p".repeat(128), NewPassword::MIN).is_ok());
        assert!(NewPassword::parse(&"p".repeat(129), NewPassword::MIN).is_err());
        assert!(NewPassword::parse("SecurePassword123!", NewPassword::MIN).is_ok());
        assert!(NewPassword::parse("weak", NewPassword::MIN).is_err());
        assert!(NewPassword::parse("12345678", 9).is_err());
    }

    #[test]
    fn the_same_password_typed_in_two_unicode_forms_is_one_password() {
        let composed = NewPassword::parse("caf\u{e9}-and-more", NewPassword::MIN).unwrap();
        let decomposed = PasswordAttempt::parse("cafe\u{301}-and-more").unwrap();
        assert_eq!(composed.expose(), decomposed.expose());
    }

    #[test]
    fn an_attempt_is_kept_as_typed_where_normalisation_changes_it() {
        for changed in ["cafe\u{301}-haus-7", "more\u{2026}later", "\u{ff50}ass-word", "no\u{a0}break"] {
            let attempt = PasswordAttempt::parse(changed).unwrap();
            let typed = attempt.as_typed().unwrap();
            assert_eq!(typed.expose(), changed);
            assert_ne!(attempt.expose(), changed);
            assert!(typed.as_typed().is_none() && attempt.longest() >= changed.len());
        }
        assert!(PasswordAttempt::parse("caf\u{e9}-haus-7").unwrap().as_typed().is_none());
    }

    #[test]
    fn nothing_is_trimmed_or_cut() {
        assert_eq!(NewPassword::parse(" spaces kept ", NewPassword::MIN).unwrap().expose(), " spaces kept ");
        assert_eq!(NewPassword::parse("before\0after", NewPassword::MIN).unwrap().expose(), "before\0after");
    }

    #[test]
    fn a_password_does_not_show_in_debug_output() {
        assert_eq!(
            format!("{:?}", NewPassword::parse("correct-horse-1", NewPassword::MIN).unwrap()),
            "NewPassword(..)"
        );
    }
}
