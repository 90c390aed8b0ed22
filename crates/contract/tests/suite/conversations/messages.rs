//! Validation of messages.

use contract::{
    Code,
    conversations::{MessageChange, MessageLimits, NewMessage, plain_text, read_json},
};
use serde_json::{Value, json};

use super::{fields, said};

const LIMITS: MessageLimits = MessageLimits { part_bytes: 200, message_bytes: 500, parts: 3 };

fn new(body: Value) -> NewMessage {
    read_json(body.to_string().as_bytes()).unwrap()
}

fn change(body: Value) -> MessageChange {
    read_json(body.to_string().as_bytes()).unwrap()
}

fn text(length: usize) -> Value {
    json!({ "type": "text", "text": "x".repeat(length) })
}

/// A part of exactly so many bytes of JSON.
fn part(bytes: usize) -> Value {
    text(bytes - text(0).to_string().len())
}

#[test]
fn security_36_size_of_a_part_is_bounded() {
    assert_eq!(part(200).to_string().len(), 200);
    assert!(new(json!({ "role": "user", "parts": [part(200)] })).validate(&LIMITS).is_ok());
    let wrong = new(json!({ "role": "user", "parts": [part(30), part(201)] })).validate(&LIMITS).unwrap_err();
    let expected = (
        "parts[1]".to_owned(),
        Code::PartTooLarge,
        "Invalid input: expected at most 200 bytes of JSON".to_owned(),
    );
    assert_eq!(said(&wrong), [expected]);
    // As it is short for one part, it counts as one.
    let fits = 200 - text(0).to_string().len();
    assert!(new(json!({ "role": "user", "content": "x".repeat(fits) })).validate(&LIMITS).is_ok());
    let wrong =
        new(json!({ "role": "user", "content": "x".repeat(fits + 1) })).validate(&LIMITS).unwrap_err();
    assert_eq!((wrong.first().code, fields(&wrong)), (Code::PartTooLarge, vec!["content".to_owned()]));
    // Bytes, not characters.
    let wrong = new(json!({ "role": "user", "content": "€".repeat(fits) })).validate(&LIMITS).unwrap_err();
    assert_eq!(wrong.first().code, Code::PartTooLarge);
}

#[test]
fn security_36_size_of_a_message_is_bounded() {
    // Two commas and two brackets stand around three parts.
    let exactly = json!({ "role": "user", "parts": [part(200), part(200), part(96)] });
    assert!(new(exactly).validate(&LIMITS).is_ok());
    let over = json!({ "role": "user", "parts": [part(200), part(200), part(97)] });
    let wrong = new(over).validate(&LIMITS).unwrap_err();
    let expected = (
        String::new(),
        Code::MessageTooLarge,
        "Invalid input: expected at most 500 bytes of JSON".to_owned(),
    );
    assert_eq!(said(&wrong), [expected]);
    // Around the text stand 8 bytes of JSON, and an empty array of parts has 2.
    for name in ["usage", "raw", "metadata"] {
        let sent = |length: usize| json!({ "parts": [], name: { "a": "x".repeat(length) } });
        let added = |length: usize| {
            let mut body = sent(length);
            body["role"] = json!("user");
            new(body).validate(&LIMITS).map(drop).map_err(|wrong| wrong.first().code)
        };
        assert_eq!((added(490), added(491)), (Ok(()), Err(Code::MessageTooLarge)), "{name}");
        let changed = |length: usize| {
            change(sent(length)).validate(&LIMITS).map(drop).map_err(|wrong| wrong.first().code)
        };
        assert_eq!((changed(490), changed(491)), (Ok(()), Err(Code::MessageTooLarge)), "{name}");
    }
    let both =
        json!({ "role": "user", "parts": [], "raw": "x".repeat(248), "usage": { "a": "x".repeat(240) } });
    assert!(new(both).validate(&LIMITS).is_ok());
    let both =
        json!({ "role": "user", "parts": [], "raw": "x".repeat(249), "usage": { "a": "x".repeat(240) } });
    assert_eq!(new(both).validate(&LIMITS).unwrap_err().first().code, Code::MessageTooLarge, "together");
}

#[test]
fn security_36_number_of_parts_is_bounded() {
    let parts =
        |count: usize| new(json!({ "role": "user", "parts": vec![text(1); count] })).validate(&LIMITS);
    assert_eq!(parts(0).unwrap().json.as_str(), "[]");
    assert_eq!(parts(3).unwrap().parts.len(), 3);
    let wrong = parts(4).unwrap_err();
    let expected =
        ("parts".to_owned(), Code::ValidationError, "Invalid input: expected at most 3 parts".to_owned());
    assert_eq!(said(&wrong), [expected]);
}

#[test]
fn parts_are_kept_byte_for_byte() {
    let body = r#"{"role":"assistant","parts":[ {"type" : "text", "text":"\u0041", "z":1.0} , {"b":1,"type":"data-x","a":2}]}"#;
    let said = read_json::<NewMessage>(body.as_bytes()).unwrap().validate(&LIMITS).unwrap();
    assert_eq!(
        said.json.as_str(),
        r#"[{"type" : "text", "text":"\u0041", "z":1.0},{"b":1,"type":"data-x","a":2}]"#
    );
    assert_eq!((said.parts.len(), plain_text(&said.parts)), (2, "A".to_owned()));
    let said = new(json!({ "role": "user", "content": "a \"b\"\n😀" })).validate(&LIMITS).unwrap();
    assert_eq!(plain_text(&said.parts), "a \"b\"\n😀");
    let kept: Value = said.json.read().unwrap();
    assert_eq!(kept, json!([{ "type": "text", "text": "a \"b\"\n😀" }]));
}

#[test]
fn a_message_has_parts_or_content() {
    let wrong = new(json!({ "role": "user" })).validate(&LIMITS).unwrap_err();
    assert_eq!(fields(&wrong), ["parts"]);
    let wrong = new(json!({ "role": "user", "parts": [], "content": "" })).validate(&LIMITS).unwrap_err();
    assert_eq!(fields(&wrong), ["content"]);
    assert!(wrong.first().reason.as_ref().unwrap().to_string().contains("not both"));
    assert!(new(json!({ "role": "user", "content": "" })).validate(&LIMITS).is_ok());
}

#[test]
fn all_problems_are_reported_at_once() {
    let body = json!({
        "role": "user",
        "parts": [{ "type": "text" }, part(300), { "type": "text", "text": "x", "citations": [
            { "sourceId": "s", "start": 0, "end": 2 }
        ] }],
        "model": "m".repeat(201),
        "format": "a\nb",
        "usage": [],
        "metadata": "x",
    });
    let wrong = new(body.clone()).validate(&LIMITS).unwrap_err();
    let expected =
        ["parts[0]", "parts[1]", "parts[2].citations[0].end", "model", "format", "usage", "metadata"];
    let mut named = fields(&wrong);
    named.retain(|field| !field.is_empty());
    assert_eq!(named, expected);
    let mut body = body;
    body.as_object_mut().unwrap().remove("role");
    let mut named = fields(&change(body).validate(&LIMITS).unwrap_err());
    named.retain(|field| !field.is_empty());
    assert_eq!(named, expected);
}

#[test]
fn token_counts_are_whole_numbers() {
    let usage = |usage: Value| new(json!({ "role": "user", "parts": [], "usage": usage })).validate(&LIMITS);
    for good in [
        json!({}),
        json!({ "inputTokens": 0, "outputTokens": 12, "cost": { "usd": 0.1 } }),
        json!({ "inputTokens": null }),
        json!(null),
    ] {
        assert!(usage(good.clone()).is_ok(), "{good}");
    }
    for (wrong, field) in [
        (json!({ "inputTokens": -1 }), "usage.inputTokens"),
        (json!({ "outputTokens": 1.5 }), "usage.outputTokens"),
        (json!({ "outputTokens": "1" }), "usage.outputTokens"),
        (json!([]), "usage"),
        (json!("1"), "usage"),
    ] {
        assert_eq!(fields(&usage(wrong.clone()).unwrap_err()), [field], "{wrong}");
    }
}

#[test]
fn an_empty_change_is_refused() {
    for body in [json!({}), json!({ "status": null, "parts": null, "raw": null })] {
        let wrong = change(body.clone()).validate(&LIMITS).unwrap_err();
        assert_eq!(
            (wrong.first().code, wrong.first().field.as_deref()),
            (Code::ValidationError, None),
            "{body}"
        );
        assert!(wrong.first().reason.as_ref().unwrap().to_string().contains("parts, content, status"));
    }
    for body in [
        json!({ "status": "complete" }),
        json!({ "model": "m" }),
        json!({ "format": "f" }),
        json!({ "usage": {} }),
        json!({ "raw": 1 }),
        json!({ "metadata": {} }),
    ] {
        assert!(change(body.clone()).validate(&LIMITS).unwrap().is_none(), "{body}");
    }
    assert_eq!(change(json!({ "parts": [] })).validate(&LIMITS).unwrap().unwrap().json.as_str(), "[]");
    assert_eq!(change(json!({ "content": "x" })).validate(&LIMITS).unwrap().unwrap().parts.len(), 1);
}
