//! Who may sign up.

use domain::SignUpMode;

use super::{assert_refused, load, public, refused};

const SMTP: (&str, &str) = ("BOOKPLATE_MAIL_URL", "smtps://mail.example.org");

fn mode(value: &str) -> SignUpMode {
    load(&public(&[("BOOKPLATE_SIGN_UP", value), SMTP])).unwrap().sign_up
}

#[test]
fn a_mode_of_sign_up_is_a_word_or_a_list_of_domains() {
    let domains = |names: &[&str]| SignUpMode::Domains(names.iter().map(|name| (*name).to_owned()).collect());
    for (value, expected) in [
        ("", SignUpMode::Open),
        ("open", SignUpMode::Open),
        (" Invite ", SignUpMode::Invite),
        ("CLOSED", SignUpMode::Closed),
        ("domains:a.org", domains(&["a.org"])),
        ("Domains: A.org , b.edu", domains(&["a.org", "b.edu"])),
    ] {
        assert_eq!(mode(value), expected, "{value:?}");
    }
    assert_refused(&[
        ("BOOKPLATE_SIGN_UP", "shut", "Give open, invite, domains:a.example.org,b.example.edu or closed"),
        ("BOOKPLATE_SIGN_UP", "domains:", "domains:a.example.org"),
        ("BOOKPLATE_SIGN_UP", "domains:a.org,", "domains:a.example.org"),
        ("BOOKPLATE_SIGN_UP", "domains:localhost", "domains:a.example.org"),
        ("BOOKPLATE_SIGN_UP", "domains:*.a.org", "domains:a.example.org"),
        ("BOOKPLATE_SIGN_UP", "a.org,b.edu", "domains:a.example.org"),
    ]);
}

#[test]
fn an_address_of_a_domain_has_to_be_confirmed() {
    let domains = ("BOOKPLATE_SIGN_UP", "domains:a.org");
    let verified = |value| ("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", value);
    for more in [&[][..], &[verified("true")]] {
        let config = load(&public(&[&[domains, SMTP], more].concat())).unwrap();
        assert!(config.require_verified_email && config.retention.unverified_days == Some(30));
    }
    let error = refused(&public(&[domains, SMTP, verified("false")]));
    assert_eq!(
        error,
        "BOOKPLATE_REQUIRE_VERIFIED_EMAIL: an address of a domain of BOOKPLATE_SIGN_UP proves nothing until it is \
         confirmed. Leave this out or switch it on."
    );
    let error = refused(&public(&[domains]));
    assert!(error.starts_with("BOOKPLATE_SIGN_UP: no mail can be sent here"), "{error}");
    assert!(error.contains("Set BOOKPLATE_MAIL_URL") && error.contains("give another mode"), "{error}");
    assert!(!load(&public(&[("BOOKPLATE_SIGN_UP", "invite")])).unwrap().require_verified_email);
}

#[test]
fn sign_ups_are_limited_like_sign_ins_unless_they_have_a_limit_of_their_own() {
    let limits = |variables: &[(&str, &str)]| {
        let limits = load(variables).unwrap().limits;
        (limits.sign_in.map(|quota| quota.count), limits.sign_up.map(|quota| quota.count))
    };
    assert_eq!(limits(&[]), (Some(3), Some(3)));
    assert_eq!(limits(&[("BOOKPLATE_LIMIT_SIGN_IN", "9/60")]), (Some(9), Some(9)));
    assert_eq!(limits(&[("BOOKPLATE_LIMIT_NEW_ACCOUNTS", "300/120")]), (Some(3), Some(300)));
    assert_eq!(limits(&[("BOOKPLATE_LIMIT_SIGN_IN", "off")]), (None, None));
}
