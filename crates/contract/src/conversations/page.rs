//! Lists, a page at a time.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

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
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Order {
    /// The oldest message first.
    #[default]
    Asc,
    /// The newest message first.
    Desc,
}

impl Order {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.into()
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
