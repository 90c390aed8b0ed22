use contract::{Code, Image, NewPassword, PasswordAttempt, PersonName, Strength, strength};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn security_07_a_new_password_is_accepted_by_its_length_in_utf16_alone(raw in ".{0,140}") {
        let length = raw.encode_utf16().count();
        let parsed = NewPassword::parse(&raw, NewPassword::MIN).map(|password| password.expose().to_owned());
        let attempt = PasswordAttempt::parse(&raw).map(|password| password.expose().to_owned());
        match length {
            0..8 => prop_assert_eq!(parsed.unwrap_err().code, Code::PasswordTooShort),
            8..=128 => prop_assert_eq!(&parsed, &attempt),
            _ => {
                prop_assert_eq!(parsed.unwrap_err().code, Code::PasswordTooLong);
                prop_assert_eq!(attempt.as_ref().unwrap_err().code, Code::PasswordTooLong);
            }
        }
        prop_assert_eq!(attempt.is_ok(), length <= 128);
    }

    #[test]
    fn security_05_an_accepted_line_is_bounded_and_kept_but_for_blanks_around_it(raw in ".{0,210}") {
        if let Ok(name) = PersonName::parse(&raw) {
            prop_assert_eq!(name.as_str(), raw.trim());
            prop_assert!(name.as_str().chars().count() <= PersonName::MAX);
            prop_assert!(!name.as_str().chars().any(char::is_control));
        }
        if let Ok(image) = Image::parse(&raw) {
            prop_assert!(image.as_str().is_empty() || image.as_str().contains(':'));
        }
    }

    #[test]
    fn a_strength_is_told_for_any_text(raw in ".{0,140}") {
        let told = strength(&raw, NewPassword::MIN);
        prop_assert!(told.steps() <= 4);
        prop_assert_eq!(told == Strength::Empty, raw.is_empty());
        prop_assert_eq!(told > Strength::TooShort, raw.encode_utf16().count() >= 8);
    }
}
