//! Reading JSON into types, with an error that names the place.

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, IgnoredAny},
};

use crate::{Code, Problem, Reason};

/// Reads a body that is an object. The type's own names of members are the wire's.
///
/// # Errors
/// `BAD_REQUEST` when it is no JSON, `VALIDATION_ERROR` on the member that is not what it should be.
pub fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // A derived type would take an array for its members in their order, which no client means.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let is_json = serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
        let reason = is_json.then(|| Reason::Wanted("expected an object".into()));
        let code = if is_json { Code::ValidationError } else { Code::BadRequest };
        return Err(Problem { reason, ..Problem::new(code) });
    }
    // The quick way first: to know the place costs time, and is of use only when something is wrong.
    if let Ok(read) = serde_json::from_slice(bytes) {
        return Ok(read);
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
    let reason = Some(Reason::Wanted(words(&error)));
    let field = Some(path).filter(|path| path != ".");
    Err(Problem { field, reason, ..Problem::new(Code::ValidationError) })
}

/// What serde says, without where in the bytes and without words of Rust, on one line and not too long: it repeats what
/// the client has sent.
fn words(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    let said = match said.split_once("expected struct ") {
        Some((before, _)) => format!("{before}expected an object"),
        None => said.replace(" i64", " a whole number").replace(" usize", " a whole number from 0 on"),
    };
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
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
    fn an_array_is_no_object_whatever_stands_in_it() {
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
