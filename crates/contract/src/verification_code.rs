//! Codes that are mailed beside a link.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{Code, Problem, Reason};

/// Six digits that a reader copies from a mail.
#[derive(Clone)]
pub struct VerificationCode(Zeroizing<String>);

impl VerificationCode {
    /// How many digits it has.
    pub const DIGITS: usize = 6;
    /// The name of its field.
    pub const FIELD: &str = "code";

    /// Accepts a code as it is typed or pasted: with white space, hyphens and format characters anywhere, and in full-width
    /// digits.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `code` when it is empty, else `INVALID_OTP`.
    pub fn parse(raw: &str) -> Result<Self, Problem> {
        let is_digit = |c: &char| c.is_ascii_digit();
        let stray = |c: char| c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}') || is_format(c);
        let typed: Zeroizing<String> =
            Zeroizing::new(raw.chars().take(MAX_TYPED).nfkc().filter(|c| !stray(*c)).collect());
        if typed.is_empty() {
            return Err(Problem::invalid(Self::FIELD, Reason::Empty));
        }
        if typed.len() == Self::DIGITS && typed.chars().all(|c| is_digit(&c)) {
            Ok(Self(typed))
        } else {
            Err(Problem::on(Code::InvalidVerificationCode, Self::FIELD))
        }
    }

    /// The code of a number below a million.
    pub fn of(number: u32) -> Self {
        Self(Zeroizing::new(format!("{:06}", number % 1_000_000)))
    }

    /// The six digits.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The most characters that are looked at.
const MAX_TYPED: usize = 64;

fn is_format(c: char) -> bool {
    crate::trim_line(c.encode_utf8(&mut [0; 4])).is_empty()
}

impl fmt::Debug for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationCode(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_pasted() {
        for raw in [
            "012345",
            " 012 345\n",
            "012-345",
            "0\u{a0}1 2\u{2009}3 4\u{2013}5",
            "\u{feff}012345\u{200b}",
            "０１２３４５",
        ] {
            assert_eq!(VerificationCode::parse(raw).unwrap().expose(), "012345", "{raw:?}");
        }
        for empty in ["", " \u{feff} "] {
            let empty = VerificationCode::parse(empty).unwrap_err();
            assert_eq!(empty, Problem::invalid("code", Reason::Empty));
        }
        for raw in ["12345", "1234567", "12345a", "12.345", "١٢٣٤٥٦", &"1".repeat(100)] {
            let refused = VerificationCode::parse(raw).unwrap_err();
            assert_eq!(refused, Problem::on(Code::InvalidVerificationCode, "code"), "{raw:?}");
        }
    }

    #[test]
    fn a_code_has_leading_zeros_and_does_not_show_in_debug_output() {
        assert_eq!(VerificationCode::of(7).expose(), "000007");
        assert_eq!(VerificationCode::of(1_000_007).expose(), "000007");
        assert_eq!(format!("{:?}", VerificationCode::of(7)), "VerificationCode(..)");
    }
}
