//! Lists, a page at a time.

use serde::{Deserialize, Serialize};

use super::Message;

/// A page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What asks for the next page; `null` on the last one. Opaque, and of use to its reader and this list alone.
    pub next_cursor: Option<String>,
}

/// Which end of a conversation comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The oldest message first.
    #[default]
    Asc,
    /// The newest message first.
    Desc,
}

impl Order {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asc => "asc",
            Self::Desc => "desc",
        }
    }

    /// Reads what [`Order::name`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Asc, Self::Desc].into_iter().find(|order| order.name() == text)
    }
}

/// What came of adding messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Appended {
    /// The messages as they are stored, in the order they were sent in.
    pub messages: Vec<Message>,
}
