//! JSON that is kept byte for byte.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

/// JSON text with its order of members, spelling of numbers and white space.
///
/// It is valid, at most 127 levels deep and without lone surrogates, which many parsers refuse.
#[derive(Clone)]
pub struct RawJson(Box<RawValue>);

impl RawJson {
    /// JSON that was validated before it was stored; invalid text becomes `null`.
    pub fn stored(text: String) -> Self {
        Self(RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// Serializes a value.
    pub fn of(value: &impl Serialize) -> Self {
        let raw = serde_json::value::to_raw_value(value);
        Self(raw.unwrap_or_else(|_| RawValue::NULL.to_owned()))
    }

    /// An empty object.
    pub fn empty_object() -> Self {
        Self::stored("{}".into())
    }

    /// An array of these items.
    pub fn array<'a>(items: impl IntoIterator<Item = &'a Self>) -> Self {
        let mut text = String::from("[");
        for (at, item) in items.into_iter().enumerate() {
            if at > 0 {
                text.push(',');
            }
            text.push_str(item.as_str());
        }
        text.push(']');
        Self::stored(text)
    }

    /// The elements of an array; none for any other type.
    pub fn elements(&self) -> Vec<Self> {
        self.read().unwrap_or_default()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// Whether it is an object.
    pub fn is_object(&self) -> bool {
        self.as_str().trim_start().starts_with('{')
    }

    /// Parses it into a type.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        serde_json::from_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        // serde_json only skips over a raw value. Parsing it checks escapes, the range of numbers and the depth.
        let is_plain_text = raw.get().starts_with('"') && !raw.get().contains('\\');
        if !is_plain_text && let Err(error) = serde_json::from_str::<Value>(raw.get()) {
            return Err(serde::de::Error::custom(error));
        }
        Ok(Self(raw))
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl PartialEq for RawJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for RawJson {}

impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
