//! Ids, and JSON that is kept byte for byte.

use contract::{
    Code,
    conversations::{MessageId, RawJson},
};
use proptest::prelude::*;

#[test]
fn an_id_has_characters_that_need_no_encoding_in_a_path() {
    let longest = "x".repeat(128);
    for name in [
        "a",
        "0",
        "-",
        "..a",
        "a.",
        "user@example.com",
        "msg_1~2:3",
        "018f4f0e-7d5c-7a6b-8c3d-000000000000",
        &longest,
    ] {
        assert_eq!(MessageId::parse("id", name).unwrap().as_str(), name, "{name:?}");
        let json = serde_json::to_string(name).unwrap();
        let read: MessageId = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json, "{name:?}");
    }
    let too_long = "x".repeat(129);
    for name in
        ["", ".", "..", "...", " ", "a b", "a/b", "a?b", "a#b", "%41", "ä", "a\0", "a\n", "a+b", &too_long]
    {
        let problem = MessageId::parse("headId", name).unwrap_err();
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            (Code::ValidationError, Some("headId")),
            "{name:?}"
        );
        assert!(problem.reason.unwrap().to_string().contains("1 to 128 letters, digits"), "{name:?}");
        assert!(serde_json::from_value::<MessageId>(name.into()).is_err(), "{name:?}");
    }
}

#[test]
fn json_is_kept_byte_for_byte() {
    for text in [
        r#"{"b":1,"a":2,"b":3}"#,
        r#"{ "spaced" : [ 1 , 2 ] }"#,
        "{\n\t\"lines\": true\r\n}",
        r"[1.0,1e2,1E+2,-0,0.10,123456789012345678901234567890]",
        r#""\u0041\/\ud83d\ude00\u0000""#,
        r#"{"é":"😀"}"#,
        "null",
        "true",
        "0",
        "\"\"",
    ] {
        let kept: RawJson = serde_json::from_str(text).unwrap();
        assert_eq!(kept.as_str(), text);
        assert_eq!(serde_json::to_string(&kept).unwrap(), text);
        assert_eq!(RawJson::stored(text.to_owned()), kept);
        let among: Vec<RawJson> = serde_json::from_str(&format!("[{text}, {text}]")).unwrap();
        assert_eq!(RawJson::array(&among).elements(), among);
    }
    let padded: RawJson = serde_json::from_str(" \n [1] ").unwrap();
    assert_eq!(padded.as_str(), "[1]", "blanks around it are not part of it");
}

#[test]
fn json_that_many_parsers_refuse_is_refused() {
    for text in [
        r#""\ud800""#,
        r#""\udc00x""#,
        r#"{"a":["\ud83d"]}"#,
        r#"{"\ud83d":1}"#,
        r#""\x""#,
        "[NaN]",
        "NaN",
        "Infinity",
        "[-Infinity]",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "[1] 2",
        "[\"a\nb\"]",
        "[01]",
        "[+1]",
        "{'a':1}",
        "[1]//",
        "",
    ] {
        assert!(serde_json::from_str::<RawJson>(text).is_err(), "{text}");
    }
}

#[test]
fn depth_of_json_is_bounded() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(serde_json::from_str::<RawJson>(&nested(127)).is_ok());
    assert!(serde_json::from_str::<RawJson>(&nested(128)).is_err());
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(serde_json::from_str::<RawJson>(&objects(127)).is_ok());
    assert!(serde_json::from_str::<RawJson>(&objects(128)).is_err());
    // Much deeper, it is refused and no stack is exhausted.
    assert!(serde_json::from_str::<RawJson>(&nested(1_000_000)).is_err());
}

#[test]
fn invalid_stored_json_becomes_null_and_other_types_have_no_elements() {
    assert_eq!(RawJson::stored("{".into()).as_str(), "null");
    assert_eq!(RawJson::of(&[1, 2]).as_str(), "[1,2]");
    assert_eq!(RawJson::array([]).as_str(), "[]");
    assert!(RawJson::empty_object().is_object());
    for other in ["[]", "null", "\"{\"", "1"] {
        assert!(!RawJson::stored(other.into()).is_object(), "{other}");
    }
    for other in ["{}", "null", "1", "\"[]\""] {
        assert_eq!(RawJson::stored(other.into()).elements(), [], "{other}");
    }
}

/// JSON with blanks and escapes of all kinds.
fn json() -> impl Strategy<Value = String> {
    let blank = "[ \n\t\r]{0,2}";
    let text = prop_oneof![
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
        Just(r#""\u00e9\ud83d\ude00\/""#.to_owned()),
    ];
    let leaf = prop_oneof![
        text.clone(),
        "-?(0|[1-9][0-9]{0,24})(\\.[0-9]{1,9})?",
        Just("null".to_owned()),
        Just("true".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let item = (blank, inner.clone(), blank).prop_map(|(a, b, c)| a + &b + &c);
        let member =
            (text.clone(), blank, inner).prop_map(|(name, blank, value)| format!("{name}:{blank}{value}"));
        prop_oneof![
            prop::collection::vec(item, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..4).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_json_is_kept_and_parsed_unchanged(text in json()) {
        let kept: RawJson = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(kept.as_str(), &text);
        let around = format!("{{\"it\":{text}}}");
        let within: std::collections::BTreeMap<String, RawJson> = serde_json::from_str(&around).unwrap();
        prop_assert_eq!(serde_json::to_string(&within).unwrap(), around);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(kept.read::<serde_json::Value>().unwrap(), value);
    }

    #[test]
    fn any_bytes_are_kept_or_refused_as_a_whole(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(kept) = serde_json::from_slice::<RawJson>(&bytes) {
            prop_assert!(serde_json::from_str::<serde_json::Value>(kept.as_str()).is_ok());
            prop_assert!(std::str::from_utf8(&bytes).unwrap().contains(kept.as_str()));
        }
    }

    #[test]
    fn an_id_is_validated_alike_in_json_and_in_a_path(text in "[-._~:@A-Za-z0-9/ ]{0,5}|.{0,5}") {
        let from_json = serde_json::from_value::<MessageId>(text.clone().into()).ok();
        prop_assert_eq!(MessageId::parse("id", &text).ok(), from_json);
    }
}
