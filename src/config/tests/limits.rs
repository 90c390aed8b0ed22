//! Rate limits, retention and switches.

use domain::{LimitSettings, Quota, Retention};

use super::*;

#[test]
fn a_rate_limit_is_a_count_in_seconds_or_off() {
    for (value, expected) in [
        ("5/60", Some((5, 60))),
        ("1/1", Some((1, 1))),
        ("100000/86400", Some((100_000, 86_400))),
        (" 10 / 15m ", Some((10, 900))),
        ("7/10s", Some((7, 10))),
        ("2/24h", Some((2, 86_400))),
        ("2/1d", Some((2, 86_400))),
        ("off", None),
        ("OFF", None),
    ] {
        let quota = expected.map(|(count, seconds)| Quota { count, seconds });
        let limits = load(&[("BOOKPLATE_LIMIT_MAIL", value)]).unwrap().limits;
        assert_eq!(limits, LimitSettings { mail: quota, ..LimitSettings::default() }, "{value}");
    }
}

#[test]
fn each_rate_limit_has_a_variable() {
    let config = load(&[
        ("BOOKPLATE_LIMIT_SIGN_IN", "1/11"),
        ("BOOKPLATE_LIMIT_NEW_ACCOUNTS", "7/17"),
        ("BOOKPLATE_LIMIT_MAIL", "2/12"),
        ("BOOKPLATE_LIMIT_ACCOUNT", "3/13"),
        ("BOOKPLATE_LIMIT_RECIPIENT", "4/14"),
        ("BOOKPLATE_LIMIT_REQUESTS", "5/15"),
        ("BOOKPLATE_LIMIT_CONVERSATIONS", "6/16"),
    ])
    .unwrap();
    let quota = |count| Some(Quota { count, seconds: count + 10 });
    let expected = LimitSettings {
        sign_in: quota(1),
        sign_up: quota(7),
        mail: quota(2),
        password_attempts: quota(3),
        recipient: quota(4),
        requests: quota(5),
        conversations: quota(6),
    };
    assert_eq!(config.limits, expected);
}

#[test]
fn an_unusable_rate_limit_is_refused() {
    let names = ["SIGN_IN", "NEW_ACCOUNTS", "MAIL", "ACCOUNT", "RECIPIENT", "REQUESTS", "CONVERSATIONS"];
    for name in names.map(|name| format!("BOOKPLATE_LIMIT_{name}")) {
        for value in [
            "5",
            "5/",
            "/60",
            "5/60/60",
            "0/60",
            "100001/60",
            "-1/60",
            "5/0",
            "5/86401",
            "5/25h",
            "5/2d",
            "5/99999999999h",
            "5/4294967295h",
            "no",
            "5 per 60",
        ] {
            assert_refused(&[(
                &name,
                value,
                "Give COUNT/SECONDS, such as 3/10 or 10/15m, with 1 to 100000 in",
            )]);
        }
    }
}

#[test]
fn unlimited_guessing_is_logged() {
    let mentioned = |variables: &[(&str, &str)]| {
        load(variables).unwrap().warnings.iter().any(|warning| warning.contains("tried without end"))
    };
    let (sign_in, account) = (("BOOKPLATE_LIMIT_SIGN_IN", "off"), ("BOOKPLATE_LIMIT_ACCOUNT", "off"));
    assert!(mentioned(&[sign_in, account]));
    assert!(!mentioned(&[sign_in]) && !mentioned(&[account]) && !mentioned(&[]));
}

#[test]
fn retention_is_counted_in_days() {
    for (events, unverified, events_days, unverified_days) in [
        ("1", "1", 1, Some(1)),
        ("3650", "3650", 3650, Some(3650)),
        ("", "forever", 365, None),
        ("30", "Forever", 30, None),
    ] {
        let variables = [("BOOKPLATE_KEEP_EVENTS", events), ("BOOKPLATE_KEEP_UNVERIFIED", unverified)];
        assert_eq!(
            load(&variables).unwrap().retention,
            Retention { events_days, unverified_days, ..Retention::default() }
        );
    }
    assert_refused(&[
        ("BOOKPLATE_KEEP_EVENTS", "0", "Give a number of days from 1 to 3650."),
        ("BOOKPLATE_KEEP_EVENTS", "3651", "from 1 to 3650"),
        ("BOOKPLATE_KEEP_EVENTS", "forever", "from 1 to 3650"),
        ("BOOKPLATE_KEEP_UNVERIFIED", "0", "from 1 to 3650, or forever"),
        ("BOOKPLATE_KEEP_UNVERIFIED", "a month", "from 1 to 3650, or forever"),
    ]);
}

#[test]
fn conversations_and_idle_accounts_are_kept_for_ever_or_for_days() {
    let kept = |variables: &[(&str, &str)]| {
        let retention = load(&public(variables)).unwrap().retention;
        (retention.conversation_days, retention.idle_account_days)
    };
    let (conversations, accounts) = ("BOOKPLATE_KEEP_CONVERSATIONS", "BOOKPLATE_KEEP_IDLE_ACCOUNTS");
    assert_eq!(kept(&[]), (None, None));
    assert_eq!(kept(&[(conversations, "1"), (accounts, "60"), SMTP]), (Some(1), Some(60)));
    assert_eq!(kept(&[(conversations, "Forever"), (accounts, "forever")]), (None, None));
    assert_refused(&[
        (conversations, "0", "from 1 to 3650, or forever"),
        (accounts, "59", "from 60 to 3650, or forever"),
        (accounts, "3651", "from 60 to 3650, or forever"),
    ]);
    let error = refused(&public(&[(accounts, "365")]));
    assert!(error.starts_with("BOOKPLATE_KEEP_IDLE_ACCOUNTS: no mail can be sent here"), "{error}");
}

const VERIFIED: (&str, &str) = ("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "on");
const SMTP: (&str, &str) = ("BOOKPLATE_MAIL_URL", "smtps://mail.example.org");

#[test]
fn unverified_accounts_are_kept_for_a_month_where_sign_in_needs_a_confirmed_address() {
    let kept = |more: &[(&str, &str)]| {
        let config = load(&public(&[&[VERIFIED, SMTP], more].concat())).unwrap();
        assert!(config.require_verified_email);
        config.retention.unverified_days
    };
    assert_eq!(kept(&[]), Some(30));
    assert_eq!(kept(&[("BOOKPLATE_KEEP_UNVERIFIED", "forever")]), None);
    assert_eq!(kept(&[("BOOKPLATE_KEEP_UNVERIFIED", "7")]), Some(7));
}

#[test]
fn a_confirmed_address_can_be_required_only_where_mail_is_sent() {
    let error = refused(&public(&[VERIFIED]));
    let expected = "BOOKPLATE_REQUIRE_VERIFIED_EMAIL: no mail can be sent here, so nobody could confirm an address and \
                    sign in. Set BOOKPLATE_MAIL_URL (or BOOKPLATE_OUTBOX for a trial), or switch this off.";
    assert_eq!(error, expected);
    for mail in [SMTP, ("BOOKPLATE_OUTBOX", "mail.jsonl")] {
        assert!(load(&public(&[VERIFIED, mail])).unwrap().require_verified_email);
    }
    let error = refused(&public(&[VERIFIED, ("BOOKPLATE_MAIL_URL", "mail")]));
    assert_eq!(error.lines().count(), 1, "the address of the mail server alone is blamed: {error}");
}

#[test]
fn compatibility_mode_logs_what_it_relaxes() {
    let warnings = load(&[("BOOKPLATE_REFERENCE_HABITS", "on")]).unwrap().warnings;
    let said =
        warnings.iter().find(|warning| warning.starts_with("BOOKPLATE_REFERENCE_HABITS is on: ")).unwrap();
    assert!(
        said.contains("judged by their length alone") && said.contains("leaves other browsers"),
        "{said}"
    );
}
