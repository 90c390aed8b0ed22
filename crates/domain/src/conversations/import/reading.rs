//! Reading a file away from the threads that answer everybody.
//!
//! What a file of the largest size can hold takes a processor for seconds, and many times its size in memory. So it is read
//! on a thread that may block, a conversation at a time as they are stored, and few files at once.

use std::collections::HashSet;

use contract::{Code, Problem, Problems};
use serde_json::value::RawValue;
use storage::conversations::{Draft, ForeignConversation, PostImportPatch};
use tokio::{
    sync::{
        Semaphore,
        mpsc::{self, Receiver, Sender},
    },
    task::{JoinHandle, spawn_blocking},
};

use super::{
    super::{ConversationError, Conversations, Outcome},
    Found, FoundMessage, Why, bookplate_format, chatgpt,
    file::{self, Entry, Shape},
    in_words, lone_surrogates, too_long,
};
use crate::InternalError;
use search::TermPrefix;

/// Whose turn it is to be read: so many files at once, of all readers of this process, whose processors they share.
static TURNS: Semaphore = Semaphore::const_new(2);

/// A conversation of a file that is being read.
pub(super) struct Read {
    pub(super) entry: Entry,
    pub(super) foreign: Result<ParsedConversation, Why>,
}

/// A conversation as it is to be stored.
pub(super) struct ParsedConversation {
    pub(super) conversation: ForeignConversation,
    pub(super) drafts: Vec<Draft>,
    pub(super) later: Vec<PostImportPatch>,
    /// Messages that were too large to keep the form they had.
    pub(super) without_raw: i64,
}

/// A file that is being read.
pub(super) struct Reader {
    read: Receiver<Read>,
    ended: JoinHandle<Result<(), Problems>>,
}

impl Reader {
    /// The next conversation; `None` after the last one.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no file of conversations.
    pub(super) async fn next(&mut self) -> Outcome<Option<Read>> {
        if let Some(read) = self.read.recv().await {
            return Ok(Some(read));
        }
        let ended = (&mut self.ended).await.map_err(|error| fault(&error))?;
        Ok(ended.map(|()| None)?)
    }
}

fn fault(error: &impl ToString) -> ConversationError {
    ConversationError::Failure(InternalError::Fault(error.to_string()))
}

impl Conversations {
    /// Begins to read a file when it is its turn. It is read on as what was read is taken, and no further when the reader
    /// is dropped; its turn ends with the thread.
    pub(super) async fn reader(&self, user_id: &str, bytes: Vec<u8>) -> Outcome<Reader> {
        let turn = TURNS.acquire().await.map_err(|error| fault(&error))?;
        let (sender, read) = mpsc::channel(1);
        let (conversations, owner) = (self.clone(), TermPrefix::of(user_id));
        let ended = spawn_blocking(move || {
            let _turn = turn;
            conversations.read_file(&owner, &bytes, &sender)
        });
        Ok(Reader { read, ended })
    }

    fn read_file(&self, owner: &TermPrefix, bytes: &[u8], found: &Sender<Read>) -> Result<(), Problems> {
        let text = std::str::from_utf8(bytes).map_err(|_| Problem::new(Code::BadRequest))?;
        let text = lone_surrogates::replace_lone_surrogates(text.trim_start_matches('\u{feff}'));
        let (shape, entries) = file::entries(&text)?;
        for entry in entries {
            let read = Read { entry: Entry::of(entry), foreign: self.foreign(owner, shape, entry) };
            if found.blocking_send(read).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn foreign(&self, owner: &TermPrefix, shape: Shape, entry: &RawValue) -> Result<ParsedConversation, Why> {
        let now = self.ports.clock.now();
        let Found { conversation, messages, without_raw } = match shape {
            Shape::Own => bookplate_format::read(entry, &self.limits, now)?,
            Shape::ChatGpt => chatgpt::read(entry, &self.limits, now)?,
        };
        let (drafts, later) = self.foreign_drafts(owner, messages)?;
        Ok(ParsedConversation { conversation, drafts, later, without_raw })
    }

    /// What is to be stored for the messages of a conversation, and what came to them later.
    fn foreign_drafts(
        &self,
        owner: &TermPrefix,
        messages: Vec<FoundMessage>,
    ) -> Result<(Vec<Draft>, Vec<PostImportPatch>), Why> {
        if messages.len() > self.limits.messages as usize {
            return Err(too_long(self.limits.messages));
        }
        let (mut drafts, mut later, mut names) = (Vec::new(), Vec::new(), HashSet::new());
        for message in messages {
            let name = message.new.id.as_ref().map(ToString::to_string).unwrap_or_default();
            let draft = self.draft(owner, message.new);
            let draft =
                draft.map_err(|problems| format!("message {name}: {}", in_words(problems.first())))?;
            if !names.insert(name) {
                return Err(format!("two messages are called {}", draft.id));
            }
            drafts.push(Draft { created_at: Some(message.created_at), ..draft });
            later.push(message.later);
        }
        Ok((drafts, later))
    }
}
