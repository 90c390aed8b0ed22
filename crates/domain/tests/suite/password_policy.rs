//! Strength of new passwords.

use domain::{
    PasswordPolicy,
    contract::{Code, NewPassword, Strength, strength},
};
use proptest::prelude::*;

const ABOUT: &[&str] =
    &["ada.lovelace@example.com", "Ada Lovelace", "The Very Long Book of Analytical Engines"];

fn judge(password: &str) -> Result<(), (Code, Option<String>)> {
    let password = NewPassword::parse(password, NewPassword::MIN).unwrap();
    let judged = PasswordPolicy::default().check_strength(&password, "newPassword", ABOUT);
    judged.map_err(|problem| (problem.code, problem.field))
}

#[test]
fn security_08_the_commonest_passwords_are_refused_in_any_case_and_width() {
    for password in [
        "password",
        "password1",
        "12345678",
        "qwertyuiop",
        "Password123",
        "PASSWORD123",
        "iloveyou1",
        "\u{ff50}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}",
        "!qaz1qaz",
        "zzzzzzzz",
    ] {
        let refused = (Code::PasswordCompromised, Some("newPassword".to_owned()));
        assert_eq!(judge(password), Err(refused), "{password}");
    }
}

#[test]
fn security_08_easily_guessed_passwords_are_refused() {
    for password in [
        "aaaaaaaaaaaa",
        "abcabcabcabcabc",
        "abcdefghijkl",
        "P@ssw0rd!!",
        "Summer2024!",
        "Welcome123!",
        "monkey_1988",
        "24.12.1999",
    ] {
        assert_eq!(judge(password).map_err(|(code, _)| code), Err(Code::PasswordTooWeak), "{password}");
        assert_eq!(
            strength(password, NewPassword::MIN),
            Strength::Weak,
            "the hint while typing says so too: {password}"
        );
    }
    let repeated = [("monkey", 3), ("monkey", 5), ("monkey", 21), ("1234567890!@#$%^&*()", 2)];
    for password in repeated.map(|(part, often)| part.repeat(often)) {
        assert_eq!(judge(&password).map_err(|(code, _)| code), Err(Code::PasswordTooWeak), "{password}");
    }
}

#[test]
fn security_08_passwords_about_the_user_or_the_book_are_refused() {
    for password in [
        "adalovelace",
        "Ada Lovelace",
        "AdaLovelace1",
        "LovelaceAda",
        "ada.lovelace",
        "Ada.Lovelace@Example.com",
        "theverylongbookofanalyticalengines",
        "theverylongbookofanalyticalengines1",
        "ada.lovelace99!",
        "The Very Long Book of Analytical Engines!",
    ] {
        assert_eq!(judge(password).map_err(|(code, _)| code), Err(Code::PasswordTooWeak), "{password}");
    }
    assert_eq!(judge("lovelace, tea, umbrella"), Ok(()), "a name may be part of a good one");
}

#[test]
fn good_passwords_are_accepted() {
    for password in [
        "SecurePassword123!",
        "correct-horse-1",
        "another-pass-2",
        "another-pass-3",
        "reset-pass-1",
        "long-enough-1",
        "quiet paper, ink",
        "quiet paper and ink",
        "k7$wPq2z",
        "naïve café au lait",
        "Übermäßig grüne Äpfel",
        "静かな紙とインクの本",
    ] {
        assert_eq!(judge(password), Ok(()), "{password}");
    }
    assert_eq!(judge(&format!("{}quiet paper, ink", "a".repeat(40))), Ok(()), "by its strongest part");
}

#[test]
fn compatibility_mode_checks_only_the_length() {
    let password = NewPassword::parse("password", NewPassword::MIN).unwrap();
    assert_eq!(
        PasswordPolicy { length_alone: true, ..PasswordPolicy::default() }
            .check_strength(&password, "password", ABOUT),
        Ok(())
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_typed_is_judged(password in ".{0,128}", name in ".{0,200}", book in "\\PC{0,40}") {
        if let Ok(password) = NewPassword::parse(&password, NewPassword::MIN) {
            let judged = PasswordPolicy::default().check_strength(&password, "password", &[&name, &book]);
            let code = judged.err().map(|problem| problem.code);
            prop_assert!(matches!(code, None | Some(Code::PasswordTooWeak | Code::PasswordCompromised)));
        }
    }
}
