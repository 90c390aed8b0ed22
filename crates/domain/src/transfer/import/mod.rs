//! Import of conversations from a file: Bookplate's own, or an export of ChatGPT, Claude or Open WebUI.
//!
//! Files come from anywhere. Whatever is in one, each conversation is imported whole or rejected with a reason, and the
//! next one is read.

mod bookplate;
mod chatgpt;
mod claude;
mod file_format;
mod file_reader;
mod file_splitter;
mod ids;
mod json;
mod large_parts;
mod lone_surrogates;
mod message_tree;
mod open_webui;
mod parsed;
mod product;
mod rejection;
#[cfg(test)]
mod tests;
mod text_buffer;
mod tree_conversation;
mod work_budget;

use std::{collections::HashSet, time::Duration};

use bytes::Bytes;
use contract::{
    Problem, Problems,
    conversations::{ConversationId, Imported, ImportedConversation, RejectedConversation},
};
use storage::conversations::{AppendOutcome, ConversationImport, Draft, ImportOutcome};
use tokio::time::timeout;

use self::{
    file_format::{EntryLabel, other_file},
    file_reader::{FileEntry, FileReader},
    parsed::PreparedConversation,
    rejection::{Rejection, too_many_messages},
    work_budget::{OutOfTime, WorkBudget},
};
use super::Transfer;
use crate::{ConversationError, Principal};

/// The ids of a user's conversations when there are as many as allowed; `None` while that is not known.
type ExistingIds = Option<HashSet<String>>;

/// Conversations whose ids are read at once.
const PAGE: i64 = 100;
/// How long a response waits for PostgreSQL's `analyze`.
const ANALYZE_TIMEOUT: Duration = Duration::from_secs(1);

/// Where a file comes from.
pub trait FileSource: Send {
    /// The next bytes of the file; `None` at its end.
    ///
    /// # Errors
    /// When the rest of the file does not come, with the problem to be answered.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, Problem>> + Send;
}

/// A whole file in memory.
impl FileSource for Bytes {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let all = std::mem::take(self);
        Ok(Some(all).filter(|all| !all.is_empty()))
    }
}

/// Why a file was not read to its end. What was imported until then stays.
#[derive(Debug, PartialEq, Eq)]
pub enum ImportStop {
    /// There was no time for the rest.
    OutOfTime,
    /// The rest did not come, or the file is none of conversations.
    Invalid(Problems),
}

enum Stop {
    OutOfTime,
    Failed(ConversationError),
}

impl From<ConversationError> for Stop {
    fn from(error: ConversationError) -> Self {
        Self::Failed(error)
    }
}

impl From<Problems> for Stop {
    fn from(problems: Problems) -> Self {
        Self::Failed(problems.into())
    }
}

impl From<OutOfTime> for Stop {
    fn from(OutOfTime: OutOfTime) -> Self {
        Self::OutOfTime
    }
}

/// What in a file is no conversation.
#[derive(Default)]
struct Others {
    has_conversations: bool,
    /// What the first of them seems to be.
    first: Option<Option<&'static str>>,
}

impl Others {
    fn count(&mut self, entry: &FileEntry) {
        self.has_conversations |= entry.other.is_none();
        self.first = self.first.or(entry.other);
    }

    /// Refuses a file in which there is no conversation at all, but something else.
    fn check(&self, imported: &mut Imported) -> Result<(), Problems> {
        match self.first {
            Some(words) if !self.has_conversations => {
                *imported = Imported::default();
                Err(other_file(words))
            }
            _ => Ok(()),
        }
    }
}

impl Transfer {
    /// Imports the conversations of a file while it arrives, keeping their ids where these are valid here. New ones
    /// belong to the principal's client, whatever the file says. Importing a file
    /// twice adds nothing. Time is counted without the waiting for the file; when it is up, or the file breaks off, the same
    /// file can be sent again.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no such file (`BAD_REQUEST`, `PAYLOAD_TOO_LARGE` or `VALIDATION_ERROR`) and
    /// nothing was read of it, [`ConversationError::UserNotFound`], or [`ConversationError::Failure`], after which some
    /// conversations are imported and the file can be sent again. Problems of single conversations are part of the result.
    #[tracing::instrument(name = "transfer.import", level = "debug", skip_all)]
    pub async fn import(
        &self,
        principal: Principal<'_>,
        file: impl FileSource,
        time: Duration,
    ) -> Result<(Imported, Option<ImportStop>), ConversationError> {
        let mut imported = Imported::default();
        let finished = self.import_all(principal, file, WorkBudget::new(time), &mut imported).await;
        self.update_statistics(&imported).await;
        let is_empty = imported.conversations.is_empty() && imported.refused.is_empty();
        match finished {
            Ok(()) => Ok((imported, None)),
            Err(Stop::OutOfTime) => Ok((imported, Some(ImportStop::OutOfTime))),
            Err(Stop::Failed(ConversationError::Invalid(problems))) if !is_empty => {
                Ok((imported, Some(ImportStop::Invalid(problems))))
            }
            Err(Stop::Failed(error)) => Err(error),
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
        principal: Principal<'_>,
        mut file: impl FileSource,
        mut budget: WorkBudget,
        imported: &mut Imported,
    ) -> Result<(), Stop> {
        let max = self.conversations.limits().import_bytes;
        let mut reader = FileReader::new(self.conversations.clone(), self.ports.clone(), principal.user_id);
        let (mut existing, mut length) = (None, 0);
        let mut others = Others::default();
        while let Some(bytes) = file.next().await.map_err(Problems::from)? {
            length += bytes.len();
            if length > max {
                return Err(Problems::from(Problem::body_too_large(max)).into());
            }
            let mut bytes: &[u8] = &bytes;
            while let Some(entry) = budget.run(reader.next(&mut bytes)).await?? {
                others.count(&entry);
                budget.run(self.import_entry(principal, entry, &mut existing, imported)).await??;
            }
        }
        if let Some(entry) = budget.run(reader.finish()).await?? {
            others.count(&entry);
            budget.run(self.import_entry(principal, entry, &mut existing, imported)).await??;
        }
        others.check(imported).map_err(Stop::from)
    }

    async fn import_entry(
        &self,
        principal: Principal<'_>,
        entry: FileEntry,
        existing: &mut ExistingIds,
        imported: &mut Imported,
    ) -> Result<(), ConversationError> {
        let FileEntry { label: EntryLabel { id, title }, conversation, large: _large, .. } = entry;
        let result = match conversation {
            Ok(conversation) => self.import_one(principal, conversation, existing).await?,
            Err(reason) => Err(reason),
        };
        match result {
            Ok(conversation) => imported.conversations.push(conversation),
            Err(reason) => {
                let position = imported.conversations.len() + imported.refused.len() + 1;
                let position = position.try_into().unwrap_or_default();
                imported.refused.push(RejectedConversation { id, title, position, reason });
            }
        }
        Ok(())
    }

    async fn import_one(
        &self,
        principal: Principal<'_>,
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
            user_id: principal.user_id,
            scope: principal.scope,
            client_id: principal.client_id,
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
                *existing = Some(self.existing_ids(principal).await?);
                Ok(too_many())
            }
            ImportOutcome::StorageFull => {
                let most = limits.reader_bytes.div_ceil(1 << 20);
                Ok(Err(format!("a reader's conversations take up at most {most} MB together")))
            }
            ImportOutcome::IdTaken => Ok(Err("its id is that of another conversation of the reader".into())),
            ImportOutcome::Message(outcome) => Ok(Err(self.rejection(&outcome, &drafts))),
        }
    }

    /// The ids of the conversations that a principal sees, soft-deleted ones excepted.
    async fn existing_ids(&self, principal: Principal<'_>) -> Result<HashSet<String>, ConversationError> {
        let (mut ids, mut last) = (HashSet::new(), 0);
        loop {
            let page = self.database.export_conversations(principal.owner(), last, PAGE).await?;
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
