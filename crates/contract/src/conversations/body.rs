//! Parsing of JSON bodies, with errors that name the member.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeOwned, IgnoredAny, SeqAccess, Visitor},
};

use crate::{Code, Problem, Reason};

/// Parses a body, which must be an object.
///
/// # Errors
/// `BAD_REQUEST` when it is no JSON, `VALIDATION_ERROR` on the invalid member.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde would read an array as the members in their order.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        let reason = is_json.then(|| Reason::Wanted("expected an object".into()));
        let code = if is_json { Code::ValidationError } else { Code::BadRequest };
        return Err(Problem { reason, ..Problem::new(code) });
    }
    // Tracking the path costs time, so it is done only after an error.
    if let Ok(body) = serde_json::from_slice(bytes) {
        return Ok(body);
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let failed = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
        Ok(read) => return deserializer.end().map(|()| read).map_err(|_| Problem::new(Code::BadRequest)),
        Err(failed) => failed,
    };
    let path = failed.path().to_string();
    let error = failed.into_inner();
    let half = half_a_surrogate_pair(&error);
    let is_json = || serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
    if half.is_none() && (error.is_syntax() && !is_json() || error.is_eof()) {
        return Err(Problem::new(Code::BadRequest));
    }
    let reason = Some(Reason::Wanted(half.unwrap_or_else(|| message(&error))));
    let field = Some(path).filter(|path| path != ".");
    Err(Problem { field, reason, ..Problem::new(Code::ValidationError) })
}

/// What to do about an escape such as `\\ud83d` by itself, if that is what the parser has found. The grammar of JSON lets it
/// pass (RFC 8259 section 8.2), so "not JSON" would not help. The parser tells it apart by its message only.
fn half_a_surrogate_pair(error: &serde_json::Error) -> Option<String> {
    let found = error.to_string();
    let is_half =
        ["lone leading surrogate", "unexpected end of hex escape"].iter().any(|half| found.contains(half));
    let wanted = "expected whole characters, found half of a surrogate pair (such as \\ud83d). Cut text between \
                  characters, or send \\ufffd for a half";
    is_half.then(|| wanted.to_owned())
}

/// serde's message without the position and names of Rust types, on one line of at most 200 characters, because it repeats
/// what the client sent.
fn message(error: &serde_json::Error) -> String {
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    let message = match message.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => message.replace(" i64", " a whole number").replace(" usize", " a whole number from 0 on"),
    };
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// One text. A list of parts, which the APIs of language models have under the same name, is refused with a word on where it
/// goes.
pub(super) fn content<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    struct Content;
    impl<'de> Visitor<'de> for Content {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }

        fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
            Ok(Some(text))
        }

        fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
            let wanted = "expected one text; send a list as parts, each such as {\"type\": \"text\", \"text\": \"...\"} \
                          or {\"type\": \"file\", \"url\": \"...\", \"mediaType\": \"image/png\"}";
            Err(de::Error::custom(wanted))
        }
    }
    deserializer.deserialize_any(Content)
}

/// Tells a member that is `null` from one that is left out, with `#[serde(default)]` beside it.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversations::{
        ConversationChange, MessageChange, NewConversation, NewMessage, Part, RawJson,
    };

    #[test]
    fn half_a_surrogate_pair_is_named_with_its_field_and_a_remedy() {
        for (body, field) in [
            (r#"{"role":"user","content":"a \ud83d b"}"#, "content"),
            (r#"{"role":"user","content":"\ude00"}"#, "content"),
            (r#"{"role":"user","content":"\ud83d\ud83d"}"#, "content"),
            (r#"{"role":"user","parts":[{"type":"text","text":"\ud83d"}]}"#, "parts[0]"),
            (r#"{"role":"user","content":"a","raw":{"x":["\udfff"]}}"#, "raw"),
            (r#"{"role":"user","content":"a","model":"\ud83d"}"#, "model"),
        ] {
            let problem = read_json::<NewMessage>(body.as_bytes()).unwrap_err();
            assert_eq!(problem.code, Code::ValidationError, "{body}");
            assert_eq!(problem.field.as_deref(), Some(field), "{body}");
            let reason = problem.reason.unwrap().to_string();
            assert!(reason.contains("half of a surrogate pair") && reason.contains("\\ufffd"), "{reason}");
        }
        assert!(read_json::<NewMessage>(br#"{"role":"user","content":"\ud83d\ude00"}"#).is_ok());
        let broken = read_json::<NewMessage>(br#"{"role":"user","content":"\ud83d"#).unwrap_err();
        assert_eq!(broken.code, Code::BadRequest, "broken off");
    }

    #[test]
    fn a_list_as_content_is_told_where_it_goes() {
        let list = br#"{"role":"user","content":[{"type":"text","text":"Why?"}]}"#;
        let wanted = "Invalid input: expected one text; send a list as parts, each such as";
        for problem in [read_json::<NewMessage>(list).map(drop), {
            read_json::<MessageChange>(br#"{"content":[{"type":"input_text","text":"Why?"}]}"#).map(drop)
        }] {
            let problem = problem.unwrap_err();
            assert_eq!((problem.code, problem.field.as_deref()), (Code::ValidationError, Some("content")));
            let reason = problem.reason.unwrap().to_string();
            assert!(reason.starts_with(wanted) && reason.ends_with("\"image/png\"}"), "{reason}");
        }
        for (body, content) in [("null", None), ("\"Why?\"", Some("Why?")), (r#""a\nb""#, Some("a\nb"))] {
            let body = format!(r#"{{"role":"user","content":{body}}}"#);
            assert_eq!(read_json::<NewMessage>(body.as_bytes()).unwrap().content.as_deref(), content);
        }
        let number = read_json::<NewMessage>(br#"{"role":"user","content":7}"#).unwrap_err();
        assert_eq!(
            number.reason.unwrap().to_string(),
            "Invalid input: invalid type: integer `7`, expected a string"
        );
    }

    #[test]
    fn an_array_is_not_an_object() {
        for body in ["[null,null]", " [null, null, null]", "[]"] {
            assert_eq!(
                read_json::<NewConversation>(body.as_bytes()).unwrap_err().code,
                Code::ValidationError
            );
            assert_eq!(
                read_json::<ConversationChange>(body.as_bytes()).unwrap_err().code,
                Code::ValidationError
            );
        }
        assert_eq!(read_json::<NewConversation>(b"[").unwrap_err().code, Code::BadRequest);
        assert!(Part::read(&RawJson::stored(r#"["data-chart"]"#.into())).is_err());
    }
}
