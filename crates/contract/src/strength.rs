//! A hint about a password while it is typed. The server decides what is refused.

/// The estimated strength of a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// Nothing typed yet.
    Empty,
    /// Under the minimum length.
    TooShort,
    /// Easily guessed.
    Weak,
    /// Would stand a while.
    Fair,
    /// Would stand.
    Strong,
}

impl Strength {
    /// The hint a page shows: the strength and what would help, where passwords have at least `min` characters.
    pub fn hint(self, min: usize) -> String {
        match self {
            Self::Empty => {
                format!("At least {min} characters. Three or four words in a row make a good one.")
            }
            Self::TooShort => format!("Too short: at least {min} characters."),
            Self::Weak => "Weak: add a word or two.".into(),
            Self::Fair => "Fair: another word would make it strong.".into(),
            Self::Strong => "Strong.".into(),
        }
    }

    /// Steps of a four-step meter that are filled.
    pub const fn steps(self) -> u8 {
        match self {
            Self::Empty => 0,
            Self::TooShort => 1,
            Self::Weak => 2,
            Self::Fair => 3,
            Self::Strong => 4,
        }
    }
}

/// Estimates a password, where the minimum is `min` UTF-16 code units: its length counts most, characters that continue a
/// run or repeat count little.
pub fn strength(password: &str, min: usize) -> Strength {
    if password.is_empty() {
        return Strength::Empty;
    }
    if password.encode_utf16().count() < min {
        return Strength::TooShort;
    }
    match bits(password) {
        0..40 => Strength::Weak,
        40..60 => Strength::Fair,
        _ => Strength::Strong,
    }
}

/// A rough count of bits: four for a character that says something new, one for one that follows from its neighbour.
fn bits(password: &str) -> u32 {
    let mut seen: Vec<char> = Vec::new();
    let mut previous: Option<char> = None;
    let mut bits = 0;
    for c in password.chars().flat_map(char::to_lowercase) {
        let follows = previous.is_some_and(|before| u32::from(c).abs_diff(u32::from(before)) <= 1);
        bits += if follows || seen.iter().filter(|old| **old == c).count() > 1 {
            1
        } else if c.is_alphabetic() {
            3
        } else {
            4
        };
        seen.push(c);
        previous = Some(c);
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_repeats_are_weak_and_phrases_are_strong() {
        assert_eq!(strength("", 8), Strength::Empty);
        assert_eq!(strength("weak", 8), Strength::TooShort);
        assert_eq!(strength("12345678", 8), Strength::Weak);
        assert_eq!(strength("aaaaaaaaaaaaaaaaaaaaaaa", 8), Strength::Weak);
        assert!(strength("SecurePassword123!", 8) >= Strength::Fair);
        assert_eq!(strength("quiet paper, ink and one colour", 8), Strength::Strong);
        assert_eq!(strength("SecurePassword123!", 20), Strength::TooShort);
    }
}
