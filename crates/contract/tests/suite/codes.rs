use std::{collections::HashSet, fmt::Write};

use contract::{Code, Problem, Reason, sentence};

/// All codes. A change of this snapshot changes the wire or what readers see.
#[test]
fn every_code_has_its_wire_name_its_message_and_its_sentence() {
    let mut table = String::new();
    for code in Code::ALL {
        writeln!(table, "{code:?}").unwrap();
        writeln!(table, "  code      {}", code.wire().unwrap_or("(none)")).unwrap();
        writeln!(table, "  message   {}", code.message()).unwrap();
        writeln!(table, "  sentence  {}", sentence(&Problem::new(*code))).unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn every_reason_has_its_message_and_its_sentence() {
    let options = vec!["beginner".to_owned(), "advanced".to_owned()];
    let reasons = [
        ("name", Reason::Type { expected: "string", received: "number" }),
        ("password", Reason::Type { expected: "string", received: "undefined" }),
        ("email", Reason::NotAnAddress),
        ("name", Reason::Empty),
        ("password", Reason::Empty),
        ("name", Reason::TooLong { max: 200 }),
        ("name", Reason::ForbiddenCharacter),
        ("image", Reason::NotAUrl),
        ("experienceLevel", Reason::NotAnOption { options }),
        ("body", Reason::ContentType { received: Some("text/plain".into()), allowed: "application/json" }),
        ("body", Reason::ContentType { received: None, allowed: "application/json" }),
        ("body", Reason::ContentEncoding),
    ];
    let mut table = String::new();
    for (field, reason) in reasons {
        writeln!(table, "{field}: {reason}").unwrap();
        writeln!(table, "  {}", sentence(&Problem::invalid(field, reason))).unwrap();
    }
    insta::assert_snapshot!(table);
}

/// But `INVALID_TOKEN`, which the wire answers with another status for each kind of token.
#[test]
fn no_two_codes_but_those_of_tokens_share_a_wire_name() {
    let names = Code::ALL.iter().filter_map(|code| code.wire());
    let names: Vec<&str> = names.filter(|name| *name != "INVALID_TOKEN").collect();
    assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
    assert_eq!(Code::ALL.iter().filter(|code| code.wire() == Some("INVALID_TOKEN")).count(), 4);
}

/// Security 1: the form must not tell more than the wire.
#[test]
fn security_01_the_sentence_for_a_failed_sign_in_names_neither_part_as_the_wrong_one() {
    let said = sentence(&Problem::new(Code::InvalidEmailOrPassword));
    assert_eq!(said, sentence(&Problem::on(Code::InvalidEmailOrPassword, "email")));
    assert_eq!(said, sentence(&Problem::on(Code::InvalidEmailOrPassword, "password")));
    assert!(said.contains("address or password"), "{said}");
}
