//! The lifetimes of sessions and the length of passwords.

use super::*;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

#[test]
fn each_lifetime_has_a_variable() {
    let config = load(&[
        ("BOOKPLATE_SESSION_LIFETIME", "14d"),
        ("BOOKPLATE_SESSION_RENEW_AFTER", "90m"),
        ("BOOKPLATE_SESSION_ABSOLUTE", "30d"),
        ("BOOKPLATE_SESSION_SHORT", "7200"),
    ]);
    let expected =
        SessionSettings { lifetime: 14 * DAY, renew_after: 90 * 60, absolute: 30 * DAY, short: 2 * HOUR };
    assert_eq!(config.unwrap().sessions, expected);
}

#[test]
fn an_unusable_lifetime_is_refused() {
    for name in ["LIFETIME", "RENEW_AFTER", "SHORT"].map(|name| format!("BOOKPLATE_SESSION_{name}")) {
        for value in ["0", "4m", "299", "401d", "-1d", "soon", "7 days or so", "99999999999999999999d"] {
            assert_refused(&[(&name, value, "Give a time from 5m to 400d, such as 90m, 24h or 7d.")]);
        }
    }
    assert_refused(&[
        ("BOOKPLATE_SESSION_ABSOLUTE", "3651d", "Give a time from 5m to 3650d"),
        ("BOOKPLATE_SESSION_ABSOLUTE", "4m", "Give a time from 5m to 3650d"),
    ]);
}

#[test]
fn lifetimes_fit_each_other() {
    assert_refused(&[
        ("BOOKPLATE_SESSION_RENEW_AFTER", "7d", "a session would end before it is renewed. Give less than"),
        ("BOOKPLATE_SESSION_LIFETIME", "91d", "no session lives that long. Give at most what"),
        ("BOOKPLATE_SESSION_SHORT", "91d", "no session lives that long. Give at most what"),
    ]);
    let error = refused(&[("BOOKPLATE_SESSION_ABSOLUTE", "12h")]);
    let names: Vec<&str> = error.lines().filter_map(|line| Some(line.split_once(": ")?.0)).collect();
    assert_eq!(names, ["BOOKPLATE_SESSION_LIFETIME", "BOOKPLATE_SESSION_SHORT"], "{error}");
    let equal = [("BOOKPLATE_SESSION_LIFETIME", "90d"), ("BOOKPLATE_SESSION_SHORT", "90d")];
    assert!(load(&equal).is_ok());
}

#[test]
fn a_new_password_has_8_to_64_characters_at_least() {
    for (value, expected) in [("8", 8), ("15", 15), ("64", 64)] {
        assert_eq!(load(&[("BOOKPLATE_PASSWORD_MIN", value)]).unwrap().password_min, expected);
    }
    for value in ["7", "65", "-8", "ten"] {
        assert_refused(&[("BOOKPLATE_PASSWORD_MIN", value, "Give a number from 8 to 64.")]);
    }
}
