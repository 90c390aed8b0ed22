//! Import of conversations from a file: Bookplate's own, or ChatGPT's `conversations.json`.
//!
//! Files come from anywhere. Whatever is in one, each conversation is imported whole or rejected with a reason, and the
//! next one is read.

mod bookplate;
mod chatgpt;
mod chatgpt_content;
mod file_format;
mod file_reader;
mod ids;
mod json;
mod lone_surrogates;
mod message_tree;
mod parsed;
mod rejection;
#[cfg(test)]
mod tests;

use std::{collections::HashSet, time::Duration};

use contract::{
    Problem, Problems,
    conversations::{ConversationId, Imported, ImportedConversation, RejectedConversation},
};
use storage::conversations::{AppendOutcome, ConversationImport, Draft, ImportOutcome};
use tokio::time::{Instant, timeout, timeout_at};

use self::{
    file_format::EntryLabel,
    file_reader::{FileEntry, FileReader},
    parsed::PreparedConversation,
    rejection::{Rejection, too_many_messages},
};
use super::Transfer;
use crate::ConversationError;

/// The ids of a user's conversations when there are as many as allowed; `None` while that is not known.
type ExistingIds = Option<HashSet<String>>;

/// Conversations whose ids are read at once.
const PAGE: i64 = 100;
/// How long a response waits for PostgreSQL's `analyze`.
const ANALYZE_TIMEOUT: Duration = Duration::from_secs(1);

impl Transfer {
    /// Imports the conversations of a file, keeping their ids where these are valid here. Importing a file twice adds
    /// nothing. The flag says whether the whole file was read by `until`; if not, the same file can be sent again.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no such file (`BAD_REQUEST`, `PAYLOAD_TOO_LARGE` or `VALIDATION_ERROR`),
    /// [`ConversationError::UserNotFound`], or [`ConversationError::Failure`], after which some conversations are imported
    /// and the file can be sent again. Problems of single conversations are part of the result.
    #[tracing::instrument(name = "transfer.import", level = "debug", skip_all)]
    pub async fn import(
        &self,
        user_id: &str,
        bytes: Vec<u8>,
        until: Instant,
    ) -> Result<(Imported, bool), ConversationError> {
        let max = self.conversations.limits().import_bytes;
        if bytes.len() > max {
            return Err(Problems::from(Problem::body_too_large(max)).into());
        }
        let mut imported = Imported::default();
        let finished = timeout_at(until, self.import_all(user_id, bytes, &mut imported)).await;
        self.update_statistics(&imported).await;
        match finished {
            Ok(result) => result.map(|()| (imported, true)),
            Err(_) => Ok((imported, false)),
        }
    }

    /// Lets the database update its statistics. That only makes reading faster, so nothing fails without it.
    async fn update_statistics(&self, imported: &Imported) {
        let added = imported.conversations.iter().map(|it| it.added).sum();
        let database = self.database.clone();
        // A task of its own comes to its end even when the timeout drops this future.
        let analyze = tokio::spawn(async move { database.update_statistics(added).await });
        let _ = timeout(ANALYZE_TIMEOUT, analyze).await;
    }

    async fn import_all(
        &self,
        user_id: &str,
        bytes: Vec<u8>,
        imported: &mut Imported,
    ) -> Result<(), ConversationError> {
        let limits = *self.conversations.limits();
        let mut reader =
            FileReader::open(self.conversations.clone(), limits, self.ports.clock.now(), user_id, bytes)
                .await?;
        let (mut existing, mut position) = (None, 0);
        while let Some(FileEntry { label: EntryLabel { id, title }, conversation }) = reader.next().await? {
            position += 1;
            let result = match conversation {
                Ok(conversation) => self.import_one(user_id, conversation, &mut existing).await?,
                Err(reason) => Err(reason),
            };
            match result {
                Ok(conversation) => imported.conversations.push(conversation),
                Err(reason) => imported.refused.push(RejectedConversation { id, title, position, reason }),
            }
        }
        Ok(())
    }

    async fn import_one(
        &self,
        user_id: &str,
        prepared: PreparedConversation,
        existing: &mut ExistingIds,
    ) -> Result<Result<ImportedConversation, Rejection>, ConversationError> {
        let PreparedConversation { conversation, drafts, patches, without_raw } = prepared;
        let limits = self.conversations.limits();
        let too_many = || Err(format!("a reader has at most {} conversations", limits.conversations));
        if existing.as_ref().is_some_and(|ids| !ids.contains(&conversation.id)) {
            return Ok(too_many());
        }
        let import = ConversationImport {
            user_id,
            now: self.ports.clock.now(),
            conversation: &conversation,
            drafts: &drafts,
            patches: &patches,
            most_conversations: i64::from(limits.conversations),
            most_messages: i64::from(limits.messages),
            most_bytes: limits.most_bytes(),
        };
        match self.database.import_conversation(&import).await? {
            ImportOutcome::Done { no, is_new, added, revision } => {
                if let Some(revision) = revision.filter(|_| !is_new) {
                    self.conversations.publish(no, revision);
                }
                let count = |length| i64::try_from(length).unwrap_or(i64::MAX);
                Ok(Ok(ImportedConversation {
                    id: ConversationId::stored(conversation.id),
                    title: conversation.title,
                    messages: count(drafts.len()),
                    added: count(added),
                    without_raw,
                }))
            }
            ImportOutcome::NoReader => Err(ConversationError::UserNotFound),
            ImportOutcome::TooMany => {
                *existing = Some(self.existing_ids(user_id).await?);
                Ok(too_many())
            }
            ImportOutcome::StorageFull => {
                let most = limits.reader_bytes.div_ceil(1 << 20);
                Ok(Err(format!("a reader's conversations take up at most {most} MB together")))
            }
            ImportOutcome::Message(outcome) => Ok(Err(self.rejection(&outcome, &drafts))),
        }
    }

    /// The ids of a user's conversations, soft-deleted ones excepted.
    async fn existing_ids(&self, user_id: &str) -> Result<HashSet<String>, ConversationError> {
        let (mut ids, mut last) = (HashSet::new(), 0);
        loop {
            let page = self.database.export_conversations(user_id, last, PAGE).await?;
            let Some(end) = page.last() else { return Ok(ids) };
            last = end.conversation.no;
            let existing = page.into_iter().filter(|it| it.deleted_at.is_none());
            ids.extend(existing.map(|it| it.conversation.id));
        }
    }

    fn rejection(&self, outcome: &AppendOutcome, drafts: &[Draft]) -> Rejection {
        let id = |at: usize| drafts.get(at).map_or("", |draft| draft.id.as_str());
        match outcome {
            AppendOutcome::NoParent(at) => {
                format!("message {} follows one that does not stand before it", id(*at))
            }
            AppendOutcome::Different(at) => {
                format!("message {} is stored already with another role or another parent", id(*at))
            }
            AppendOutcome::Full => too_many_messages(self.conversations.limits().messages),
            _ => "it was deleted while it was taken in".to_owned(),
        }
    }
}
