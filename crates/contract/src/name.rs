//! A user's display name and picture.

use crate::{Problem, Reason, text::check_line};

/// A display name; may be empty, at most 200 characters on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonName(String);

impl PersonName {
    /// The longest name, in characters.
    pub const MAX: usize = 200;

    /// Accepts a name without the blanks around it.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `name` when it is too long or holds a control character.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let name = raw.trim();
        check_line("name", name, Self::MAX)?;
        Ok(Self(name.to_owned()))
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The address of a user's picture. Bookplate stores it for clients and never fetches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image(String);

impl Image {
    /// The longest address, in characters.
    pub const MAX: usize = 2048;

    /// Accepts an `http` or `https` address, or an inline `data:image/` one.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `image` for another scheme (a script address must never reach a client's page), an
    /// over-long value or a control character.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        check_line("image", raw, Self::MAX)?;
        let lower = raw.to_ascii_lowercase();
        let known = ["https://", "http://", "data:image/"];
        if !raw.is_empty() && !known.iter().any(|scheme| lower.starts_with(scheme)) {
            return Err(Problem::invalid("image", Reason::NotAUrl));
        }
        Ok(Self(raw.to_owned()))
    }

    /// The address as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_empty_and_may_not_hold_control_characters() {
        assert!(PersonName::parse("").is_ok());
        assert!(PersonName::parse("Åsa Öberg").is_ok());
        assert!(PersonName::parse("a\0b").is_err());
        assert!(PersonName::parse("a\nb").is_err());
        assert!(PersonName::parse("a\u{202e}b").is_err());
        assert!(PersonName::parse(&"a".repeat(201)).is_err());
    }

    #[test]
    fn a_picture_address_with_a_script_scheme_is_refused() {
        assert!(Image::parse("https://example.com/a.png").is_ok());
        assert!(Image::parse("javascript:alert(1)").is_err());
        assert!(Image::parse("data:text/html,x").is_err());
    }
}
