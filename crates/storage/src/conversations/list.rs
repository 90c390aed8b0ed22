//! Listing conversations.

use const_format::concatcp;

use super::{StoredConversation, conversation::COLUMNS};
use crate::{Database, StorageError};

const LIST: &str = concatcp!(
    "select ",
    COLUMNS,
    " from bookplate_conversations c where c.user_id = $1 and (c.active_at, c.no) < ($2, $3)
    and c.status = $4 and c.deleted_at is null and (coalesce(c.client_id, '') = $6 or $6 is null) order by c.active_at desc, c.no desc limit $5"
);
const CLIENTS: &str =
    "select distinct client_id from bookplate_conversations where user_id = $1 and deleted_at is null";

pub(super) const STATEMENTS: &[&str] = &[LIST, CLIENTS];

/// Which conversations a list has.
#[derive(Debug, Clone, Copy)]
pub struct ListFilter<'a> {
    /// `active` or `archived`.
    pub status: &'a str,
    /// The OAuth client they belong to.
    pub client: ClientFilter<'a>,
}

/// The OAuth client that the conversations of a list belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientFilter<'a> {
    /// Any, or none.
    All,
    /// The one of this `client_id`.
    Client(&'a str),
    /// None.
    NoClient,
}

impl Database {
    /// A user's conversations that match the filter, the last active first, from after the one with `(active_at, no)` `before`.
    pub async fn list_conversations(
        &self,
        user_id: &str,
        filter: ListFilter<'_>,
        before: (i64, i64),
        limit: i64,
    ) -> Result<Vec<StoredConversation>, StorageError> {
        let mut connection = self.connection().await?;
        let list = connection.query(LIST).bind(user_id).bind(before.0).bind(before.1);
        let client = match filter.client {
            ClientFilter::All => None,
            ClientFilter::Client(id) => Some(id),
            // No client has an empty id.
            ClientFilter::NoClient => Some(""),
        };
        Ok(list.bind(filter.status).bind(limit).bind(client).fetch_all().await?)
    }

    /// The OAuth clients that a user's conversations belong to; `None` among them when some belong to none.
    pub async fn clients_of_conversations(&self, user_id: &str) -> Result<Vec<Option<String>>, StorageError> {
        let mut connection = self.connection().await?;
        let found: Vec<(Option<String>,)> = connection.query(CLIENTS).bind(user_id).fetch_all().await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }
}
