use domain::{Encrypted, Secret};
use testkit::SeededEntropy;

fn secret() -> Secret {
    Secret::new("a secret of at least thirty-two characters".into())
}

/// What [`secret`] became when it was changed.
fn changed() -> Secret {
    Secret::new("the secret that took the place of the other".into())
        .with_previous(Some("a secret of at least thirty-two characters".into()))
}

fn sealed(entropy: &SeededEntropy) -> Encrypted {
    secret().seal("purpose", "row-1", b"private", entropy).unwrap()
}

#[test]
fn what_was_sealed_opens_under_the_same_secret_purpose_and_binding_only() {
    let sealed = sealed(&SeededEntropy::new(1));
    assert_eq!(secret().open("purpose", "row-1", &sealed).unwrap().as_slice(), b"private");
    assert!(secret().open("other", "row-1", &sealed).is_none());
    assert!(secret().open("purpose", "row-2", &sealed).is_none());
    assert!(secret().open("purpose", "", &sealed).is_none());
    assert!(
        Secret::new("A secret of at least thirty-two characters".into())
            .open("purpose", "row-1", &sealed)
            .is_none()
    );
}

#[test]
fn what_was_sealed_and_changed_does_not_open() {
    let sealed = sealed(&SeededEntropy::new(1));
    for length in 0..sealed.0.len() {
        assert!(
            secret().open("purpose", "row-1", &Encrypted(sealed.0[..length].into())).is_none(),
            "cut to {length}"
        );
    }
    for at in 0..sealed.0.len() {
        let mut bytes = sealed.0.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = Encrypted(String::from_utf8(bytes).unwrap());
        assert!(secret().open("purpose", "row-1", &changed).is_none(), "changed at {at}");
    }
    assert!(secret().open("purpose", "row-1", &Encrypted("not base64!".into())).is_none());
}

#[test]
fn the_same_text_is_never_sealed_the_same_way_twice() {
    let entropy = SeededEntropy::new(1);
    let (one, two) = (sealed(&entropy), sealed(&entropy));
    assert_ne!(one, two);
    assert!(!one.0.contains("private"));
}

#[test]
fn emptiness_can_be_sealed() {
    let sealed = secret().seal("purpose", "row-1", b"", &SeededEntropy::new(1)).unwrap();
    assert_eq!(secret().open("purpose", "row-1", &sealed).unwrap().len(), 0);
}

#[test]
fn a_signature_confirms_one_message_under_one_secret() {
    let signature = secret().sign("message");
    assert!(secret().signed("message", &signature));
    assert!(!secret().signed("massage", &signature));
    assert!(!secret().signed("message", ""));
    assert!(!secret().signed("message", &signature.to_lowercase()));
    assert!(!Secret::new("another".into()).signed("message", &signature));
    // Published: RFC 4231 test case 2.
    assert_eq!(
        Secret::new("Jefe".into()).sign("what do ya want for nothing?"),
        "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
    );
}

#[test]
fn keys_for_two_purposes_are_unrelated() {
    assert_ne!(*secret().derive("one"), *secret().derive("two"));
    assert_eq!(*secret().derive("one"), *secret().derive("one"));
}

#[test]
fn a_secret_does_not_show_in_debug_output() {
    assert_eq!(format!("{:?} {:?}", secret(), changed()), "Secret(..) Secret(..)");
    let opened = secret().unseal("purpose", "row-1", &sealed(&SeededEntropy::new(1))).unwrap();
    assert_eq!(format!("{opened:?}"), "Opened(.., Current)");
}

#[test]
fn a_changed_secret_knows_what_the_previous_one_signed_and_says_so() {
    let (old, new) = (secret().sign("message"), changed().sign("message"));
    assert_ne!(old, new, "the present one signs");
    assert!(changed().signed("message", &old) && changed().signed("message", &new));
    assert!(changed().signed_by("message", &old).unwrap().is_previous());
    assert!(!changed().signed_by("message", &new).unwrap().is_previous());
    assert!(changed().signed_by("massage", &old).is_none());
    assert!(changed().signed_by("message", &Secret::new("a third".into()).sign("message")).is_none());
    assert!(!secret().signed("message", &new), "the previous one knows nothing of its successor");
}

#[test]
fn a_previous_secret_that_is_forgotten_signs_and_opens_nothing() {
    let forgotten = changed().with_previous(None);
    assert!(!forgotten.signed("message", &secret().sign("message")));
    assert!(forgotten.open("purpose", "row-1", &sealed(&SeededEntropy::new(1))).is_none());
    assert!(forgotten.derive_previous("one").is_none());
}

#[test]
fn a_changed_secret_opens_what_the_previous_one_sealed_so_that_it_can_be_sealed_anew() {
    let entropy = SeededEntropy::new(1);
    let old = sealed(&entropy);
    assert_eq!(changed().open("purpose", "row-1", &old).unwrap().as_slice(), b"private");
    assert!(changed().open("other", "row-1", &old).is_none());
    assert!(changed().open("purpose", "row-2", &old).is_none());
    let opened = changed().unseal("purpose", "row-1", &old).unwrap();
    assert!(opened.age.is_previous());

    let anew = changed().seal("purpose", "row-1", &opened.plain, &entropy).unwrap();
    assert!(secret().open("purpose", "row-1", &anew).is_none(), "the present one seals");
    let opened = changed().unseal("purpose", "row-1", &anew).unwrap();
    assert!(!opened.age.is_previous() && opened.plain.as_slice() == b"private");
}

#[test]
fn what_the_previous_secret_derived_can_be_derived_again() {
    assert_eq!(changed().derive_previous("one").unwrap(), secret().derive("one"));
    assert_ne!(changed().derive("one"), secret().derive("one"));
    assert!(secret().derive_previous("one").is_none());
}
