//! Lenient readers of JSON of which anything may be missing or of another type.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
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

/// The members of an object, of which there are at most so many.
pub(super) struct Members<'a, const MAX: usize>(pub(super) BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a, const MAX: usize> Deserialize<'de> for Members<'a, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded<const MAX: usize>;
        impl<'de, const MAX: usize> Visitor<'de> for Bounded<MAX> {
            type Value = BTreeMap<String, &'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of messages")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((key, member)) = map.next_entry()? {
                    if members.len() == MAX {
                        return Err(A::Error::custom("more messages than any conversation has"));
                    }
                    members.insert(key, member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Bounded::<MAX>).map(Members)
    }
}
