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
fn ciphertext_opens_only_with_its_secret_purpose_and_binding() {
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
fn altered_ciphertext_does_not_open() {
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
fn every_ciphertext_of_a_text_is_different() {
    let entropy = SeededEntropy::new(1);
    let (one, two) = (sealed(&entropy), sealed(&entropy));
    assert_ne!(one, two);
    assert!(!one.0.contains("private"));
}

#[test]
fn empty_text_can_be_encrypted() {
    let sealed = secret().seal("purpose", "row-1", b"", &SeededEntropy::new(1)).unwrap();
    assert_eq!(secret().open("purpose", "row-1", &sealed).unwrap().len(), 0);
}

#[test]
fn signature_is_valid_for_one_message_and_secret() {
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
fn debug_output_does_not_reveal_the_secret() {
    assert_eq!(format!("{:?} {:?}", secret(), changed()), "Secret(..) Secret(..)");
    let opened = secret().unseal("purpose", "row-1", &sealed(&SeededEntropy::new(1))).unwrap();
    assert_eq!(format!("{opened:?}"), "Decrypted(.., Current)");
}

#[test]
fn signature_of_the_previous_secret_is_valid_and_marked() {
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
fn removed_previous_secret_is_not_accepted() {
    let forgotten = changed().with_previous(None);
    assert!(!forgotten.signed("message", &secret().sign("message")));
    assert!(forgotten.open("purpose", "row-1", &sealed(&SeededEntropy::new(1))).is_none());
    assert!(forgotten.derive_previous("one").is_none());
}

#[test]
fn ciphertext_of_the_previous_secret_opens_and_is_marked() {
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
fn keys_of_the_previous_secret_can_be_derived() {
    assert_eq!(changed().derive_previous("one").unwrap(), secret().derive("one"));
    assert_ne!(changed().derive("one"), secret().derive("one"));
    assert!(secret().derive_previous("one").is_none());
}
