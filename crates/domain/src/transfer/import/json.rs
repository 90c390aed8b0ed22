//! Lenient readers of JSON of which anything may be missing or of another type.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::rejection::{self, Rejection};

/// Parses an object. serde would read an array as the members in their order, so arrays are refused.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Rejection> {
    if raw.get().starts_with('{') {
        serde_json::from_str(raw.get()).map_err(|error| rejection::from_json_error(&error))
    } else {
        Err("expected an object".to_owned())
    }
}

/// The string; `None` for any other type.
pub(super) fn string(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok()
}

/// The elements of an array; none for any other type.
pub(super) fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Whether it is `true`.
pub(super) fn is_true(raw: Option<&RawValue>) -> bool {
    raw.is_some_and(|raw| raw.get() == "true")
}
