//! What pages load, and islands load more of: the same functions, called on the server while a page is rendered and over
//! HTTP while it is open.
//!
//! What they answer is markup made on the server, so that a browser needs neither Markdown nor a second copy of a row.

#[cfg(not(feature = "ssr"))]
mod fetch;

#[cfg(not(feature = "ssr"))]
pub use self::fetch::{load_conversations, load_turns};

use contract::Code;
use serde::{Deserialize, Serialize};

/// Why nothing came of a form or of what an island asked. A code and never a text: what a page says comes from the
/// catalogue alone.
#[derive(Debug, Clone, Copy)]
#[cfg_attr(feature = "ssr", derive(Serialize, Deserialize))]
pub struct FormError(pub Code);

/// Which conversations are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    /// What is looked for; empty for all.
    pub q: String,
    /// Whether those that are put away.
    pub archived: bool,
    /// Where the page begins; empty for the beginning of the list.
    pub from: String,
    /// How many the page shows.
    pub shown: u32,
    /// Where an island goes on: then only the rows from there are answered.
    pub more: Option<String>,
}

/// A list, or more rows of it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ListFragment {
    /// The list with what is around it, or the rows alone.
    pub html: String,
    /// The way to more rows; empty at the end.
    pub more: String,
    /// What has come, for who does not see it.
    pub note: String,
}

/// Which messages of a conversation are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MessagesQuery {
    /// The conversation.
    pub id: String,
    /// A message of the branch; empty for the one that is shown.
    pub branch: String,
    /// What is next to `message`.
    pub place: AnchorKind,
    /// A message; empty for [`PageAnchor::End`].
    pub message: String,
}

/// Which messages, seen from one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnchorKind {
    /// The last ones.
    #[default]
    End,
    /// Those before it.
    Before,
    /// Those after it.
    After,
    /// Those around it.
    Around,
    /// It alone.
    Only,
}

/// Some messages of a conversation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MessagesFragment {
    /// The messages.
    pub html: String,
    /// The way to earlier ones; empty at the beginning.
    pub earlier: String,
    /// The way to later ones; empty at the end.
    pub later: String,
    /// The places of the first and the last of them in the conversation, for the page alone.
    #[serde(skip)]
    pub places: Option<(i64, i64)>,
}

#[cfg(feature = "ssr")]
pub use self::functions::{load_conversations, load_turns};

/// The functions themselves. A browser has none of their code: it asks for their answers (`asking`).
#[cfg(feature = "ssr")]
mod functions {
    use contract::Code;
    use leptos::{
        prelude::*,
        server_fn::{
            codec::{Json, JsonEncoding},
            error::{FromServerFnError, ServerFnErrorErr},
        },
    };

    use super::{FormError, ListFragment, ListQuery, MessagesFragment, MessagesQuery};

    impl FromServerFnError for FormError {
        type Encoder = JsonEncoding;

        fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
            Self(match error {
                ServerFnErrorErr::Deserialization(_)
                | ServerFnErrorErr::Args(_)
                | ServerFnErrorErr::MissingArg(_) => Code::MalformedRequest,
                _ => Code::Internal,
            })
        }
    }

    /// The reader's conversations, or the messages in which something was found.
    #[server(prefix = "", endpoint = "/conversations/-/list", input = Json)]
    pub async fn load_conversations(asked: ListQuery) -> Result<ListFragment, FormError> {
        crate::server::list(asked).await
    }

    /// Messages of a conversation of the reader.
    #[server(prefix = "", endpoint = "/conversations/-/turns", input = Json)]
    pub async fn load_turns(asked: MessagesQuery) -> Result<MessagesFragment, FormError> {
        crate::server::turns(asked).await
    }
}
