//! Errors of JSON bodies.

use contract::{
    Code, Problem,
    conversations::{ConversationChange, NewConversation, NewFeedback, NewMessage, read_json},
};
use proptest::prelude::*;
use serde::Deserialize;

use super::told;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Several {
    #[expect(dead_code, reason = "only what is wrong with it is looked at")]
    messages: Vec<NewMessage>,
}

#[track_caller]
fn assert_wrong<T: std::fmt::Debug + serde::de::DeserializeOwned>(body: &str, field: &str, says: &str) {
    let problem = read_json::<T>(body.as_bytes()).unwrap_err();
    let (named, code, reason) = told(&problem);
    assert_eq!((named.as_str(), code), (field, Code::ValidationError), "{body}: {reason}");
    assert!(reason.contains(says), "{body}: {reason}");
    assert!(!reason.contains(" line ") && !reason.contains("column"), "{reason}");
}

#[test]
fn invalid_json_is_a_bad_request() {
    for body in [
        "",
        " ",
        "{",
        "[",
        "{\"role\":\"user\"",
        "{\"role\":\"user\"}x",
        "{\"role\":\"user\",}",
        "role=user",
        "{'role':'user'}",
        "{\"content\":\"a\nb\",\"role\":\"user\"}",
        "\u{feff}{\"role\":\"user\"}",
        "{\"role\":\"user\",\"raw\":NaN}",
    ] {
        let problem = read_json::<NewMessage>(body.as_bytes()).unwrap_err();
        assert_eq!(problem, Problem::new(Code::BadRequest), "{body:?}");
    }
    let latin = b"{\"role\":\"user\",\"content\":\"caf\xe9\"}";
    assert_eq!(read_json::<NewMessage>(latin).unwrap_err(), Problem::new(Code::BadRequest));
}

#[test]
fn the_invalid_member_is_named() {
    assert_wrong::<NewMessage>("[]", "", "");
    assert_wrong::<NewMessage>("\"user\"", "", "invalid type: string");
    assert_wrong::<NewMessage>("null", "", "invalid type: null");
    assert_wrong::<NewMessage>("{}", "", "missing field `role`");
    assert_wrong::<NewMessage>(r#"{"role":"robot"}"#, "role", "unknown variant `robot`, expected one of");
    assert_wrong::<NewMessage>(r#"{"role":7}"#, "role", "");
    assert_wrong::<NewMessage>(r#"{"role":"user","id":"a b"}"#, "id", "1 to 128 letters");
    assert_wrong::<NewMessage>(r#"{"role":"user","parentId":4}"#, "parentId", "invalid type: integer `4`");
    assert_wrong::<NewMessage>(r#"{"role":"user","content":["x"]}"#, "content", "send a list as parts");
    assert_wrong::<NewMessage>(r#"{"role":"user","parts":"x"}"#, "parts", "invalid type: string");
    assert_wrong::<NewMessage>(
        r#"{"role":"user","text":"x"}"#,
        "text",
        "unknown field `text`, expected one of",
    );
    assert_wrong::<NewMessage>(r#"{"role":"user","role":"user"}"#, "", "duplicate field `role`");
    assert_wrong::<NewMessage>(r#"{"role":"user","status":"done"}"#, "status", "unknown variant `done`");
    assert_wrong::<NewMessage>(r#"{"role":"user","raw":{"a":["\ud800"]}}"#, "raw", "surrogate pair");
    assert_wrong::<NewMessage>(r#"{"content":"\ud800","role":"user"}"#, "content", "surrogate pair");
    assert_wrong::<NewMessage>(r#"{"role":"user","parts":[{},["\udfff"]]}"#, "parts[1]", "surrogate pair");
    assert_wrong::<NewConversation>(r#"{"title":false}"#, "title", "invalid type: boolean");
    assert_wrong::<NewConversation>(r#"{"status":"archived"}"#, "status", "unknown field");
    assert_wrong::<ConversationChange>(r#"{"status":"deleted"}"#, "status", "unknown variant `deleted`");
    assert_wrong::<ConversationChange>(r#"{"headId":"/"}"#, "headId", "letters, digits");
    assert_wrong::<NewFeedback>(r#"{"value":0}"#, "value", "expected 1 or -1");
    assert_wrong::<NewFeedback>(r#"{"value":"1"}"#, "value", "invalid type: string");
    assert_wrong::<NewFeedback>(r#"{"value":1.0}"#, "value", "invalid type: floating point");
    assert_wrong::<NewFeedback>(r#"{"value":1,"tags":["a",2]}"#, "tags[1]", "invalid type: integer `2`");
}

#[test]
fn the_invalid_message_of_several_is_named() {
    let good = r#"{"role":"user","content":"x"}"#;
    for (wrong, field) in [
        (r#"{"role":"robot"}"#, "messages[2].role"),
        (r#"{"role":"user","metadata":"\ud800"}"#, "messages[2].metadata"),
        (r#"{"role":"user","parts":[1,{"a":"\ud800"}]}"#, "messages[2].parts[1]"),
        (r#"{"role":"user","more":1}"#, "messages[2].more"),
        ("7", "messages[2]"),
    ] {
        if field.ends_with("metadata") || field.contains("parts") {
            // Where no JSON is left once the escapes are looked at, the place is known all the same.
            assert!(serde_json::from_str::<serde_json::Value>(wrong).is_err(), "{wrong:?} {field:?}");
        }
        assert_wrong::<Several>(&format!("{{\"messages\":[{good},{good},{wrong},{good}]}}"), field, "");
    }
    assert_wrong::<Several>(&format!("{{\"messages\":[{good}],\"id\":\"x\"}}"), "id", "unknown field");
    assert_wrong::<Several>("{\"messages\":{}}", "messages", "invalid type: map");
}

#[test]
fn input_is_repeated_briefly_and_on_one_line() {
    let long = "x\\n\\u0007".repeat(3000);
    let body = format!("{{\"role\":\"{long}\"}}");
    let (_, _, reason) = told(&read_json::<NewMessage>(body.as_bytes()).unwrap_err());
    assert!(reason.chars().count() < 240 && !reason.chars().any(char::is_control), "{reason:?}");
}

#[test]
fn null_differs_from_an_absent_member() {
    let read = |body: &str| read_json::<NewMessage>(body.as_bytes()).unwrap().parent_id;
    assert_eq!(read(r#"{"role":"user"}"#), None);
    assert_eq!(read(r#"{"role":"user","parentId":null}"#), Some(None));
    let named = read(r#"{"role":"user","parentId":"m1"}"#).unwrap().unwrap();
    assert_eq!(named.as_str(), "m1");
    let title = |body: &str| read_json::<ConversationChange>(body.as_bytes()).unwrap().title;
    assert_eq!(title(r"{}"), None);
    assert_eq!(title(r#"{"title":null}"#), Some(None));
    assert_eq!(title(r#"{"title":"x"}"#), Some(Some("x".into())));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_body_is_parsed_or_refused_with_one_of_two_codes(body in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Err(problem) = read_json::<NewMessage>(&body) {
            prop_assert!(matches!(problem.code, Code::BadRequest | Code::ValidationError), "{:?}", problem);
            let is_json = serde_json::from_slice::<serde_json::Value>(&body).is_ok();
            prop_assert!(!is_json || problem.code == Code::ValidationError, "{:?}", problem);
        }
    }
}
