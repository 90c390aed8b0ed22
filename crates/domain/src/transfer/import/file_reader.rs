//! Reading of a file while it arrives, one conversation at a time.
//!
//! A large conversation takes a core for seconds and many times its size in memory. So it is parsed off the async threads, and
//! few at once.

use std::{collections::HashSet, sync::Arc};

use ::search::TermPrefix;
use contract::{Problems, Timestamp};
use serde_json::value::RawValue;
use storage::conversations::Draft;
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    task::spawn_blocking,
};

use super::{
    bookplate, chatgpt, claude,
    file_format::{self, EntryLabel, FileFormat, MAX_CONVERSATIONS, other_file, too_many_conversations},
    file_splitter::{FileSplitter, Piece},
    lone_surrogates::replace_lone_surrogates,
    open_webui,
    parsed::{ParsedConversation, ParsedMessage, PreparedConversation},
    product::{self, Recognized},
    rejection::{self, Rejection, too_many_messages},
    text_buffer::{CompleteText, TextBuffer},
};
use crate::{ConversationError, ConversationLimits, Conversations, InternalError, Ports};

/// Conversations that are parsed at once, of all users of this process.
static PARSED_AT_ONCE: Semaphore = Semaphore::const_new(2);

/// So many bytes tell what a file is that is no JSON.
const BEGINNING: usize = 512;

/// One conversation of the file.
pub(super) struct FileEntry {
    pub(super) label: EntryLabel,
    pub(super) conversation: Result<PreparedConversation, Rejection>,
    /// What it seems to be when it is no conversation that can be imported, if that can be told.
    pub(super) other: Option<Option<&'static str>>,
    /// Held until it is imported when it is a large one.
    pub(super) large: Option<SemaphorePermit<'static>>,
}

/// A file that is being read.
pub(super) struct FileReader {
    splitter: FileSplitter,
    outline: TextBuffer,
    entry: TextBuffer,
    /// The format that the file has named so far.
    format: Option<FileFormat>,
    count: usize,
    /// The first bytes of the file, until it was looked at what they begin.
    beginning: Option<Vec<u8>>,
    ports: Ports,
    parser: Arc<Parser>,
}

impl FileReader {
    /// A file of which nothing has been read.
    pub(super) fn new(conversations: Conversations, ports: Ports, user_id: &str) -> Self {
        let (limits, now) = (*conversations.limits(), ports.clock.now());
        let parser = Parser { conversations, limits, now, prefix: TermPrefix::of(user_id) };
        Self {
            splitter: FileSplitter::default(),
            outline: TextBuffer::default(),
            entry: TextBuffer::default(),
            format: None,
            count: 0,
            beginning: Some(Vec::new()),
            ports,
            parser: Arc::new(parser),
        }
    }

    /// Takes bytes of the file away from their beginning, up to the next conversation that is complete; `None` when all of
    /// them are taken.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no file of conversations, or when there is no room for it.
    pub(super) async fn next(&mut self, bytes: &mut &[u8]) -> Result<Option<FileEntry>, ConversationError> {
        if let Some(beginning) = &mut self.beginning {
            beginning.extend(bytes.iter().take(BEGINNING));
            if beginning.len() >= BEGINNING {
                self.check_beginning()?;
            }
        }
        while !bytes.is_empty() {
            let (count, piece) = self.splitter.next(bytes);
            let (taken, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
            *bytes = rest;
            match piece {
                Piece::Space => {}
                Piece::Outline => self.outline.push(taken, &self.ports).await?,
                Piece::EntryBegins => self.begin_entry().await?,
                Piece::Entry => self.entry.push(taken, &self.ports).await?,
                Piece::EntryEnd => {
                    self.entry.push(taken, &self.ports).await?;
                    let text = std::mem::take(&mut self.entry).finish(&self.ports).await?;
                    return self.parse(text).await.map(Some);
                }
            }
        }
        Ok(None)
    }

    /// The conversation of a file that is one, when all of the file is here.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no file of conversations, or breaks off.
    pub(super) async fn finish(mut self) -> Result<Option<FileEntry>, ConversationError> {
        self.check_beginning()?;
        let (parser, has_list) = (self.parser, self.splitter.has_list());
        let text = self.outline.finish(&self.ports).await?;
        on_thread(move || {
            let CompleteText { text, large } = text;
            let outline = replace_lone_surrogates(&text);
            let entry = file_format::of_outline(&outline, has_list)?;
            Ok(entry.map(|(format, entry)| FileEntry {
                label: EntryLabel::of(entry),
                conversation: parser.prepare(format, entry),
                other: None,
                large,
            }))
        })
        .await
    }

    /// Refuses a file that is no JSON, such as a ZIP file, with words for what it is.
    fn check_beginning(&mut self) -> Result<(), ConversationError> {
        let beginning = self.beginning.take().unwrap_or_default();
        match product::of_bytes(&beginning) {
            Some(words) => Err(file_format::sentence(None, words.to_owned()).into()),
            None => Ok(()),
        }
    }

    async fn begin_entry(&mut self) -> Result<(), ConversationError> {
        if self.count == 0 {
            // What names the format is short, and mostly stands before the list.
            let beginning = self.outline.in_memory().and_then(|it| std::str::from_utf8(it).ok());
            self.format = file_format::of_beginning(beginning.ok_or_else(|| other_file(None))?)?;
        }
        self.count += 1;
        if self.count > MAX_CONVERSATIONS {
            return Err(too_many_conversations().into());
        }
        self.outline.push(b"0", &self.ports).await
    }

    async fn parse(&self, text: CompleteText) -> Result<FileEntry, ConversationError> {
        let (parser, format) = (Arc::clone(&self.parser), self.format);
        on_thread(move || {
            let CompleteText { text, large } = text;
            let repaired = replace_lone_surrogates(&text);
            let entry = file_format::raw(&repaired)?;
            let recognized = format.map_or_else(|| product::recognize(entry), Recognized::Conversation);
            let (conversation, other) = match recognized {
                Recognized::Conversation(format) => (parser.prepare(format, entry), None),
                Recognized::Other(words) => (Err(rejection::no_conversation(words)), Some(words)),
            };
            Ok(FileEntry { label: EntryLabel::of(entry), conversation, other, large })
        })
        .await
    }
}

/// Runs on a thread for blocking work, when it is its turn.
async fn on_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problems> + Send + 'static,
) -> Result<T, ConversationError> {
    let permit = PARSED_AT_ONCE.acquire().await.map_err(|error| fault(&error))?;
    let done = spawn_blocking(move || {
        // Held until the thread ends, however early nobody waits for it any more.
        let _permit = permit;
        work()
    });
    Ok(done.await.map_err(|error| fault(&error))??)
}

pub(super) fn fault(error: &impl ToString) -> ConversationError {
    ConversationError::Failure(InternalError::Fault(error.to_string()))
}

struct Parser {
    conversations: Conversations,
    limits: ConversationLimits,
    now: Timestamp,
    prefix: TermPrefix,
}

impl Parser {
    fn prepare(&self, format: FileFormat, entry: &RawValue) -> Result<PreparedConversation, Rejection> {
        let ParsedConversation { conversation, messages, without_raw } = match format {
            FileFormat::Bookplate => bookplate::parse(entry, &self.limits, self.now)?,
            FileFormat::ChatGpt => chatgpt::parse(entry, &self.limits, self.now)?,
            FileFormat::Claude => claude::parse(entry, &self.limits, self.now)?,
            FileFormat::OpenWebUi => open_webui::parse(entry, &self.limits, self.now)?,
        };
        if messages.len() > self.limits.messages as usize {
            return Err(too_many_messages(self.limits.messages));
        }
        let (mut drafts, mut patches, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
        for ParsedMessage { new, created_at, patch } in messages {
            let id = new.id.as_ref().map(ToString::to_string).unwrap_or_default();
            let draft = self.conversations.draft(&self.prefix, new);
            let draft = draft.map_err(|problems| rejection::of_message(&id, problems.first()))?;
            if !ids.insert(id) {
                return Err(format!("two messages are called {}", draft.id));
            }
            drafts.push(Draft { created_at: Some(created_at), ..draft });
            patches.push(patch);
        }
        Ok(PreparedConversation { conversation, drafts, patches, without_raw })
    }
}
