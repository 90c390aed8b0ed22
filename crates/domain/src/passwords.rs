//! Strength of new passwords (docs/adr/0009), and kinds of stored hashes.

use std::sync::LazyLock;

use contract::{Code, NewPassword, PasswordAttempt, Problem};
use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

/// The rules for new passwords: a length and a blocklist, no rules of composition (NIST SP 800-63B section 3.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordPolicy {
    /// The fewest UTF-16 code units.
    pub min_length: usize,
    /// Compatibility mode: check only the length, as Better Auth does.
    pub length_alone: bool,
}

/// The least number of guesses by zxcvbn's estimate, where zxcvbn's "safely unguessable" begins: the value of eight
/// characters without any pattern.
const MIN_GUESSES: u64 = 100_000_000;
/// Characters estimated at once. The time that zxcvbn takes can grow with their cube.
const WINDOW: usize = 20;
/// Windows of a long password that are estimated; one strong window is enough.
const WINDOWS: usize = 4;
/// The most words about the user and the book that are searched for, and the longest of them in characters.
const MAX_WORDS: usize = 24;
const MAX_WORD: usize = 64;
/// The shortest word that is searched for; shorter ones are part of too many good passwords.
const MIN_WORD: usize = 3;
/// The most letters and digits beside a name that do not make it a good password.
const MAX_REST: usize = 3;

/// The most common leaked passwords of at least the minimum length: lower case, one a line, sorted by bytes.
static COMMON: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("../data/common-passwords.txt").lines().collect());

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self { min_length: NewPassword::MIN, length_alone: false }
    }
}

impl PasswordPolicy {
    /// Accepts a password as typed, if its length is allowed.
    ///
    /// # Errors
    /// `PASSWORD_TOO_SHORT` or `PASSWORD_TOO_LONG` on `password`.
    pub fn parse(&self, raw: &str) -> Result<NewPassword, Problem> {
        NewPassword::parse(raw, self.min_length)
    }

    /// Checks a new password. `about` are texts about the user and the book that a guesser tries first. Takes less than a
    /// millisecond for typical passwords, and about ten for hostile ones.
    ///
    /// # Errors
    /// `PASSWORD_COMPROMISED` for a common password, `PASSWORD_TOO_WEAK` for one that is easily guessed, both on `field`.
    pub fn check_strength(&self, password: &NewPassword, field: &str, about: &[&str]) -> Result<(), Problem> {
        if self.length_alone {
            return Ok(());
        }
        let lower = Zeroizing::new(password.expose().to_lowercase());
        if COMMON.binary_search(&lower.as_str()).is_ok() {
            return Err(Problem::on(Code::PasswordCompromised, field));
        }
        let local_parts = about.iter().filter_map(|text| Some(text.split_once('@')?.0));
        let about: Vec<&str> = about.iter().copied().chain(local_parts).collect();
        if !is_about(&lower, &about) && is_strong(password.expose(), &words(&about)) {
            Ok(())
        } else {
            Err(Problem::on(Code::PasswordTooWeak, field))
        }
    }
}

/// Whether a password is little more than one of these texts, apart from spaces and punctuation. zxcvbn cannot find a text
/// that is longer than a window.
fn is_about(lower: &str, about: &[&str]) -> bool {
    let password = Zeroizing::new(letters_and_digits(lower));
    about.iter().map(|text| letters_and_digits(text)).any(|text| {
        let rest = Zeroizing::new(password.replacen(&text, "", 1));
        text.chars().count() > MAX_REST && rest.chars().count() <= MAX_REST && *rest != *password
    })
}

fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The texts as a whole, without spaces, and word by word.
fn words(about: &[&str]) -> Vec<String> {
    let whole = about.iter().flat_map(|text| [(*text).to_owned(), letters_and_digits(text)]);
    let parts = about.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()).map(str::to_owned));
    let long_enough = |word: &String| (MIN_WORD..=MAX_WORD).contains(&word.chars().count());
    whole.chain(parts).filter(long_enough).take(MAX_WORDS).collect()
}

/// Whether any window of the password is strong by itself; more characters only make it harder to guess.
fn is_strong(password: &str, about: &[String]) -> bool {
    let about: Vec<&str> = about.iter().map(String::as_str).collect();
    without_repetition(password).chunks(WINDOW).any(|window| {
        let window: Zeroizing<String> = Zeroizing::new(window.iter().collect());
        zxcvbn(&window, &about).guesses() >= MIN_GUESSES
    })
}

/// The characters that are estimated. A repeated text is reduced to one repetition, because a window could cut it so that
/// zxcvbn does not recognise it.
fn without_repetition(password: &str) -> Zeroizing<Vec<char>> {
    let mut chars: Zeroizing<Vec<char>> = Zeroizing::new(password.chars().take(WINDOW * WINDOWS).collect());
    let repeats = |period: &usize| chars.iter().skip(*period).eq(chars.iter().take(chars.len() - period));
    if let Some(period) = (1..=chars.len() / 2).find(repeats) {
        chars.truncate(period);
    }
    chars
}

/// The kind of a stored password hash. Verification takes a different time for each, so a failed sign-in computes a dummy
/// hash of every stored kind (see [`Hasher::dummy_verify`](crate::Hasher::dummy_verify)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HashKind {
    /// Bookplate's own (RFC 9106); also the kind of unknown accounts and of invalid hashes.
    Argon2id,
    /// Better Auth's own: `SALT:KEY` in hex, scrypt (RFC 7914) with N 16384, r 16, p 1.
    Scrypt,
    /// bcrypt, which some Better Auth servers use: `$2a$`, `$2b$` or `$2y$`.
    Bcrypt {
        /// The binary logarithm of the rounds; 4 to [`HashKind::MAX_BCRYPT_COST`].
        cost: u8,
    },
}

impl HashKind {
    /// The highest bcrypt cost that is computed, about two seconds. Every step doubles it.
    pub const MAX_BCRYPT_COST: u8 = 15;

    /// The kind of a stored hash, by its format.
    pub fn of(stored: &str) -> Self {
        if let Some(cost) = bcrypt_cost(stored) {
            return Self::Bcrypt { cost };
        }
        if is_scrypt(stored) { Self::Scrypt } else { Self::Argon2id }
    }

    /// Whether an attempt that matches a hash of this kind is certainly the whole password. bcrypt ignores everything after
    /// 72 bytes.
    pub fn proves(self, attempt: &PasswordAttempt) -> bool {
        !matches!(self, Self::Bcrypt { .. }) || attempt.longest() < 72
    }
}

/// The cost of a valid bcrypt hash up to the highest cost.
fn bcrypt_cost(stored: &str) -> Option<u8> {
    let after = ["$2a$", "$2b$", "$2y$"].iter().find_map(|version| stored.strip_prefix(version))?;
    let (cost, salt_and_key) = after.split_once('$')?;
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'/');
    let whole = cost.len() == 2
        && cost.bytes().all(|byte| byte.is_ascii_digit())
        && salt_and_key.len() == 53
        && salt_and_key.bytes().all(alphabet);
    let cost = whole.then(|| cost.parse().ok()).flatten()?;
    (4..=HashKind::MAX_BCRYPT_COST).contains(&cost).then_some(cost)
}

fn is_scrypt(stored: &str) -> bool {
    let is_hex =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    stored.split_once(':').is_some_and(|(salt, key)| is_hex(salt, 32) && is_hex(key, 128))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_08_the_list_is_sorted_in_lower_case_and_long_enough_to_matter() {
        assert!(COMMON.is_sorted());
        assert!(COMMON.len() > 10_000, "{}", COMMON.len());
        assert!(COMMON.iter().all(|word| word.len() >= NewPassword::MIN && *word == word.to_lowercase()));
    }

    #[test]
    fn words_are_taken_whole_run_together_and_one_by_one() {
        assert_eq!(
            words(&["Ada Lovelace", "a@b.example"]),
            ["Ada Lovelace", "adalovelace", "a@b.example", "abexample", "Ada", "Lovelace", "example"]
        );
    }

    #[test]
    fn a_hash_is_known_by_its_form() {
        let scrypt = format!("{}:{}", "0a".repeat(16), "F0".repeat(64));
        let bcrypt =
            |version: &str, cost: &str| format!("${version}${cost}${}", "./aZ09".repeat(9).split_at(53).0);
        assert_eq!(HashKind::of(&scrypt), HashKind::Scrypt);
        for version in ["2a", "2b", "2y"] {
            assert_eq!(HashKind::of(&bcrypt(version, "10")), HashKind::Bcrypt { cost: 10 }, "{version}");
        }
        for other in [
            "",
            ":",
            "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$a2V5",
            scrypt.split_at(160).0,
            &scrypt.replace('F', "G"),
            &bcrypt("2x", "10"),
            &bcrypt("2b", "03"),
            &bcrypt("2b", "16"),
            &bcrypt("2b", "+9"),
            bcrypt("2b", "10").split_at(59).0,
            &bcrypt("2b", "10").replace('.', "é"),
        ] {
            assert_eq!(HashKind::of(other), HashKind::Argon2id, "{other}");
        }
    }
}
