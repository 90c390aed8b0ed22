//! Parts of messages.

use contract::{
    Code,
    conversations::{Part, RawJson, SourceKind, parts_of, plain_text},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::told;

fn read(part: Value) -> Part {
    let text = part.to_string();
    Part::read(&RawJson::stored(part.to_string())).unwrap_or_else(|problem| panic!("{text}: {problem:?}"))
}

#[track_caller]
fn assert_wrong(part: Value, field: &str, says: &str) {
    let problem = Part::read(&RawJson::stored(part.to_string())).unwrap_err();
    let (named, code, reason) = told(&problem);
    assert_eq!((named.as_str(), code), (field, Code::ValidationError), "{part}: {reason}");
    assert!(reason.contains(says), "{part}: {reason}");
}

#[test]
fn every_type_is_parsed() {
    let text = read(json!({ "type": "text", "text": "Hello", "mine": [1] }));
    assert_eq!(text, Part::Text { text: "Hello".into(), citations: Vec::new() });
    let reasoning = read(json!({ "type": "reasoning", "text": "Hm", "signature": "x" }));
    assert_eq!(reasoning, Part::Reasoning { text: "Hm".into() });
    let Part::Source(source) = read(json!({
        "type": "source", "sourceId": "s1", "kind": "url", "url": "https://book.example/ch1#h", "title": "One",
        "mediaType": "text/html", "filename": "ch1.html", "chunk": "words", "score": 0.75,
    })) else {
        panic!("no source")
    };
    assert_eq!((source.source_id.as_str(), source.kind, source.score), ("s1", SourceKind::Url, Some(0.75)));
    assert_eq!(source.url.as_deref(), Some("https://book.example/ch1#h"));
    assert_eq!((source.media_type.as_deref(), source.chunk.as_deref()), (Some("text/html"), Some("words")));
    assert_eq!((source.title.as_deref(), source.filename.as_deref()), (Some("One"), Some("ch1.html")));
    let bare = read(json!({ "type": "source", "sourceId": "s", "kind": "document" }));
    assert!(
        matches!(bare, Part::Source(source) if source.kind == SourceKind::Document && source.url.is_none())
    );
    let file = read(json!({ "type": "file", "url": "data:,x", "mediaType": "text/plain" }));
    assert_eq!(file, Part::File { url: "data:,x".into(), media_type: "text/plain".into(), filename: None });
    let call =
        read(json!({ "type": "tool-call", "toolCallId": "c", "toolName": "search", "input": { "q": 1 } }));
    let input = RawJson::stored(r#"{"q":1}"#.into());
    let expected =
        Part::ToolCall { tool_call_id: "c".into(), tool_name: "search".into(), input, state: None };
    assert_eq!(call, expected);
    let bare =
        read(json!({ "type": "tool-call", "toolCallId": "c", "toolName": "n", "state": "input-streaming" }));
    assert!(matches!(bare, Part::ToolCall { input, state: Some(_), .. } if input.as_str() == "null"));
    let result = read(json!({ "type": "tool-result", "toolCallId": "c", "errorText": "no" }));
    let expected = Part::ToolResult { tool_call_id: "c".into(), output: None, error_text: Some("no".into()) };
    assert_eq!(result, expected);
    for kind in ["data-chart", "step-start", "my.kind:2", "_", &"x".repeat(64)] {
        assert_eq!(
            read(json!({ "type": kind, "text": 7 })),
            Part::Other { kind: kind.to_owned() },
            "{kind:?}"
        );
    }
}

#[test]
fn the_invalid_member_of_a_part_is_named() {
    assert_wrong(json!({}), "", "missing field `type`");
    assert_wrong(json!("text"), "", "invalid type: string");
    assert_wrong(json!(null), "", "");
    assert_wrong(json!({ "type": null }), "type", "invalid type: null");
    for kind in ["", "a b", "ä", "x/y", &"x".repeat(65)] {
        assert_wrong(json!({ "type": kind }), "type", "1 to 64 letters");
    }
    assert_wrong(json!({ "type": "text" }), "", "missing field `text`");
    assert_wrong(json!({ "type": "text", "text": 1 }), "text", "invalid type: integer");
    assert_wrong(json!({ "type": "text", "text": "", "citations": {} }), "citations", "invalid type: map");
    let citation = json!({ "sourceId": "s", "start": 0 });
    assert_wrong(json!({ "type": "text", "text": "", "citations": [citation] }), "citations[0]", "`end`");
    let citation = json!({ "sourceId": 1, "start": 0, "end": 0 });
    assert_wrong(json!({ "type": "text", "text": "", "citations": [citation] }), "citations[0].sourceId", "");
    let citation = json!({ "sourceId": "s", "start": -1, "end": 0 });
    assert_wrong(json!({ "type": "text", "text": "", "citations": [citation] }), "citations[0].start", "-1");
    assert_wrong(json!({ "type": "reasoning" }), "", "missing field `text`");
    assert_wrong(json!({ "type": "source", "kind": "url" }), "", "missing field `sourceId`");
    assert_wrong(json!({ "type": "source", "sourceId": "s", "kind": "book" }), "kind", "unknown variant");
    assert_wrong(json!({ "type": "source", "sourceId": "s", "kind": "url", "score": "1" }), "score", "");
    assert_wrong(json!({ "type": "file", "url": "x" }), "", "missing field `mediaType`");
    assert_wrong(json!({ "type": "tool-call", "toolName": "n" }), "", "missing field `toolCallId`");
    assert_wrong(json!({ "type": "tool-result" }), "", "missing field `toolCallId`");
    assert_wrong(json!({ "type": "tool-result", "toolCallId": 3 }), "toolCallId", "invalid type");
    let twice = Part::read(&RawJson::stored(r#"{"type":"text","type":"data","text":"x"}"#.into()));
    assert!(twice.unwrap_err().reason.unwrap().to_string().contains("duplicate field"));
}

/// The offsets of Python, Rust's chars and Swift's unicode scalars: an emoji is one, as it is not in JavaScript.
#[test]
fn citations_count_code_points() {
    let cited = |text: &str, start: usize, end: usize| {
        let citations = json!([{ "sourceId": "s", "start": start, "end": end }]);
        Part::read(&RawJson::stored(
            json!({ "type": "text", "text": text, "citations": citations }).to_string(),
        ))
    };
    for (text, length) in
        [("", 0), ("abc", 3), ("naïve", 5), ("e\u{301}", 2), ("😀", 1), ("😀𝔸中a", 4), ("👩‍👧", 3)]
    {
        assert!(cited(text, 0, length).is_ok(), "{text}");
        assert!(cited(text, length, length).is_ok(), "{text}");
        let (field, _, reason) = told(&cited(text, 0, length + 1).unwrap_err());
        assert_eq!(field, "citations[0].end", "{text}");
        assert!(reason.contains(&format!("{length} code points")), "{reason}");
    }
    let (field, _, reason) = told(&cited("abc", 2, 1).unwrap_err());
    assert_eq!(field, "citations[0].end");
    assert!(reason.contains("not before start"), "{reason}");
    assert!(cited("abc", usize::MAX, usize::MAX).is_err());
}

#[test]
fn the_invalid_citation_is_named() {
    let good = json!({ "sourceId": "s", "start": 0, "end": 3, "quote": "abc" });
    let wrong = json!({ "sourceId": "s", "start": 0, "end": 4 });
    assert_wrong(
        json!({ "type": "text", "text": "abc", "citations": [good, wrong] }),
        "citations[1].end",
        "3 code",
    );
}

#[test]
fn plain_text_has_the_text_parts_only() {
    let parts = json!([
        { "type": "reasoning", "text": "thinking" },
        { "type": "text", "text": "One." },
        { "type": "tool-call", "toolCallId": "c", "toolName": "search", "input": "secret" },
        { "type": "text", "text": 7 },
        { "type": "tool-result", "toolCallId": "c", "output": "answer" },
        { "type": "source", "sourceId": "s", "kind": "url", "chunk": "chunk" },
        { "type": "text", "text": "Two." },
    ]);
    let read = parts_of(&RawJson::stored(parts.to_string()));
    assert_eq!(read.len(), 6, "what cannot be read is left out");
    assert_eq!(plain_text(&read), "One.\n\nTwo.");
    assert_eq!(plain_text(&[]), "");
    assert_eq!(parts_of(&RawJson::stored("{}".into())), []);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_citation_fits_exactly_within_the_code_points(text: String, start in 0..30_usize, end in 0..30_usize) {
        let citations = json!([{ "sourceId": "s", "start": start, "end": end }]);
        let part = json!({ "type": "text", "text": text, "citations": citations }).to_string();
        let fits = start <= end && end <= text.chars().count();
        prop_assert_eq!(Part::read(&RawJson::stored(part)).is_ok(), fits);
    }

    #[test]
    fn any_json_is_a_part_or_refused_with_a_path(kind in "text|source|file|tool-call|.{0,4}", member: String, value: String) {
        let part = RawJson::stored(json!({ "type": kind, "text": value, member: value }).to_string());
        if let Err(problem) = Part::read(&part) {
            prop_assert_eq!(problem.code, Code::ValidationError);
            prop_assert!(problem.reason.is_some());
        }
    }
}
