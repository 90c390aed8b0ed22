//! Parsing of JSON bodies, with errors that name the member.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
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
    if error.is_syntax() && serde_json::from_slice::<serde_json::Value>(bytes).is_err() || error.is_eof() {
        return Err(Problem::new(Code::BadRequest));
    }
    let reason = Some(Reason::Wanted(message(&error)));
    let field = Some(path).filter(|path| path != ".");
    Err(Problem { field, reason, ..Problem::new(Code::ValidationError) })
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

/// Tells a member that is `null` from one that is left out, with `#[serde(default)]` beside it.
pub(super) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conversations::{ConversationChange, NewConversation, Part, RawJson};

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
