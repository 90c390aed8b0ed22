//! Reading of a file on a blocking thread.
//!
//! The largest file takes a core for seconds and many times its size in memory. So it is read off the async threads, one
//! conversation ahead of the database, and few files at once.

use std::collections::HashSet;

use ::search::TermPrefix;
use contract::{Code, Problem, Problems, Timestamp};
use serde_json::value::RawValue;
use storage::conversations::Draft;
use tokio::{
    sync::{
        Semaphore,
        mpsc::{self, Receiver, Sender},
    },
    task::{JoinHandle, spawn_blocking},
};

use super::{
    bookplate, chatgpt,
    file_format::{self, EntryLabel, FileFormat},
    lone_surrogates::replace_lone_surrogates,
    parsed::{ParsedConversation, ParsedMessage, PreparedConversation},
    rejection::{self, Rejection, too_many_messages},
};
use crate::{ConversationError, ConversationLimits, Conversations, InternalError};

/// Files that are read at once, of all users of this process.
static FILES_AT_ONCE: Semaphore = Semaphore::const_new(2);

/// One conversation of the file.
pub(super) struct FileEntry {
    pub(super) label: EntryLabel,
    pub(super) conversation: Result<PreparedConversation, Rejection>,
}

/// A file that is being read. Dropping it ends the reading.
pub(super) struct FileReader {
    entries: Receiver<FileEntry>,
    thread: JoinHandle<Result<(), Problems>>,
}

impl FileReader {
    /// Waits for a permit and begins to read.
    pub(super) async fn open(
        conversations: Conversations,
        limits: ConversationLimits,
        now: Timestamp,
        user_id: &str,
        bytes: Vec<u8>,
    ) -> Result<Self, ConversationError> {
        let permit = FILES_AT_ONCE.acquire().await.map_err(|error| fault(&error))?;
        let (sender, entries) = mpsc::channel(1);
        let parser = Parser { conversations, limits, now, prefix: TermPrefix::of(user_id) };
        let thread = spawn_blocking(move || {
            // Held until the thread ends, however early its reader is dropped.
            let _permit = permit;
            parser.parse(&bytes, &sender)
        });
        Ok(Self { entries, thread })
    }

    /// The next conversation; `None` after the last one.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no file of conversations.
    pub(super) async fn next(&mut self) -> Result<Option<FileEntry>, ConversationError> {
        if let Some(entry) = self.entries.recv().await {
            return Ok(Some(entry));
        }
        let result = (&mut self.thread).await.map_err(|error| fault(&error))?;
        Ok(result.map(|()| None)?)
    }
}

fn fault(error: &impl ToString) -> ConversationError {
    ConversationError::Failure(InternalError::Fault(error.to_string()))
}

struct Parser {
    conversations: Conversations,
    limits: ConversationLimits,
    now: Timestamp,
    prefix: TermPrefix,
}

impl Parser {
    fn parse(&self, bytes: &[u8], sender: &Sender<FileEntry>) -> Result<(), Problems> {
        let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(Code::BadRequest))?;
        let text = replace_lone_surrogates(text.trim_start_matches('\u{feff}'));
        let (format, entries) = file_format::entries(&text)?;
        for entry in entries {
            let conversation = self.prepare(format, entry);
            if sender.blocking_send(FileEntry { label: EntryLabel::of(entry), conversation }).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn prepare(&self, format: FileFormat, entry: &RawValue) -> Result<PreparedConversation, Rejection> {
        let ParsedConversation { conversation, messages, without_raw } = match format {
            FileFormat::Bookplate => bookplate::parse(entry, &self.limits, self.now)?,
            FileFormat::ChatGpt => chatgpt::parse(entry, &self.limits, self.now)?,
        };
        if messages.len() > self.limits.messages as usize {
            return Err(too_many_messages(self.limits.messages));
        }
        let (mut drafts, mut patches, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
        for ParsedMessage { new, created_at, patch } in messages {
            let id = new.id.as_ref().map(ToString::to_string).unwrap_or_default();
            let draft = self.conversations.draft(&self.prefix, new);
            let draft = draft
                .map_err(|problems| format!("message {id}: {}", rejection::from_problem(problems.first())))?;
            if !ids.insert(id) {
                return Err(format!("two messages are called {}", draft.id));
            }
            drafts.push(Draft { created_at: Some(created_at), ..draft });
            patches.push(patch);
        }
        Ok(PreparedConversation { conversation, drafts, patches, without_raw })
    }
}
