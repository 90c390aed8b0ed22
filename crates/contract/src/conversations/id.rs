//! Ids that clients may choose.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Serialize};

use crate::{Problem, Reason};

/// The id of a conversation, unique among its user's.
pub type ConversationId = Id<OfConversation>;
/// The id of a message, unique in its conversation.
pub type MessageId = Id<OfMessage>;

/// What tells a [`ConversationId`] from other ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfConversation {}
/// What tells a [`MessageId`] from other ids.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OfMessage {}

/// An id chosen by a client or a UUID: 1 to 128 ASCII letters, digits and any of `-._~:@`, but not dots alone, so that it
/// can stand in a path as it is (RFC 3986 section 3.3).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound(serialize = "K: Clone", deserialize = ""))]
pub struct Id<K>(String, PhantomData<K>);

const WANTED: &str = "expected 1 to 128 letters, digits or any of -._~:@, and more than dots";
/// The longest id, in characters.
const MAX: usize = 128;

impl<K> Id<K> {
    /// Parses an id that was sent in `field`.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on `field`.
    pub fn parse(field: &str, text: &str) -> Result<Self, Problem> {
        if is_valid(text) {
            Ok(Self::stored(text.to_owned()))
        } else {
            Err(Problem::invalid(field, Reason::Wanted(WANTED.into())))
        }
    }

    /// An id that was validated before it was stored.
    pub const fn stored(text: String) -> Self {
        Self(text, PhantomData)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_valid(text: &str) -> bool {
    let fits = (1..=MAX).contains(&text.len());
    fits && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte))
        && text.bytes().any(|byte| byte != b'.')
}

impl<K> TryFrom<String> for Id<K> {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if is_valid(&text) { Ok(Self::stored(text)) } else { Err(WANTED) }
    }
}

impl<K> From<Id<K>> for String {
    fn from(id: Id<K>) -> Self {
        id.0
    }
}

impl<K> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<K> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(feature = "openapi")]
impl<K> utoipa::PartialSchema for Id<K> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let id = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(MAX));
        let described = id.description(Some("A UUID, or a name that the client chose."));
        described.pattern(Some(r"^(?!\.+$)[A-Za-z0-9._~:@-]+$")).into()
    }
}

#[cfg(feature = "openapi")]
impl<K> utoipa::ToSchema for Id<K> {
    fn name() -> std::borrow::Cow<'static, str> {
        "ItemId".into()
    }
}
