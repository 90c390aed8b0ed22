//! The functions themselves. A browser has none of their code: it asks for their answers (`fetch`).

use leptos::{prelude::*, server_fn::codec::Json};

use super::{
    error::FragmentError,
    types::{ListFragment, ListQuery, MessagesFragment, MessagesQuery},
};

/// The reader's conversations, or the messages in which something was found.
#[server(prefix = "", endpoint = "/conversations/-/list", input = Json)]
pub async fn load_conversations(asked: ListQuery) -> Result<ListFragment, FragmentError> {
    crate::server::list(asked).await
}

/// Messages of a conversation of the reader.
#[server(prefix = "", endpoint = "/conversations/-/turns", input = Json)]
pub async fn load_messages(asked: MessagesQuery) -> Result<MessagesFragment, FragmentError> {
    crate::server::messages(asked).await
}
