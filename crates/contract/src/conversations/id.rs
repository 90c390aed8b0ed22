//! Names that clients may choose.

use serde::{Deserialize, Serialize};

use crate::{Problem, Reason};

/// The name of a conversation among those of its reader, or of a message in its conversation: 1 to 128 letters and
/// digits of ASCII and any of `-._~:@`, but not dots alone, so that it can stand in an address as it is (RFC 3986
/// section 3.3).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ItemId(String);

const WANTED: &str = "expected 1 to 128 letters, digits or any of -._~:@, and more than dots";

impl ItemId {
    /// The longest name, in characters.
    pub const MAX: usize = 128;

    /// Accepts a name as sent in `field`.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `field`.
    pub fn parse(field: &str, text: &str) -> Result<Self, Problem> {
        if is_name(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Problem::invalid(field, Reason::Wanted(WANTED.into())))
        }
    }

    /// A name that was judged when it was stored.
    pub const fn stored(text: String) -> Self {
        Self(text)
    }

    /// The name as it is stored.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(text: &str) -> bool {
    let fits = (1..=ItemId::MAX).contains(&text.len());
    fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte))
        && text.bytes().any(|byte| byte != b'.')
}

impl TryFrom<String> for ItemId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if is_name(&text) { Ok(Self(text)) } else { Err(WANTED) }
    }
}

impl From<ItemId> for String {
    fn from(id: ItemId) -> Self {
        id.0
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for ItemId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let name =
            ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(Self::MAX));
        let described = name.description(Some("A UUID, or a name that the client chose."));
        described.pattern(Some(r"^(?!\.+$)[A-Za-z0-9._~:@-]+$")).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for ItemId {}

impl std::fmt::Display for ItemId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}
