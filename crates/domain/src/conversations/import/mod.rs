//! Taking conversations in from a file: one of ours, or the `conversations.json` of a copy from ChatGPT.
//! `docs/EXPORT.md` says what becomes of what.
//!
//! Files come from anywhere. Whatever is in them, a conversation is taken in whole or refused with a reason, and the next
//! one is looked at.

mod bookplate_format;
mod chatgpt;
mod content;
mod file;
mod lone_surrogates;
mod reading;
#[cfg(test)]
mod tests;
mod tree;

use std::{collections::HashSet, time::Duration};

use contract::{
    Problem, Problems, Reason, Timestamp,
    conversations::{Imported, ImportedConversation, ItemId, NewMessage, RejectedConversation},
};
use sha2::{Digest, Sha256};
use storage::conversations::{
    AppendOutcome, ConversationImport, Draft, ForeignConversation, ImportOutcome, PostImportPatch,
};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Builder;

use self::{
    file::Entry,
    reading::{ParsedConversation, Read},
};
use super::{ConversationError, Conversations, Outcome};

/// A conversation as it was read, judged by nobody yet but for its own members.
struct Found {
    conversation: ForeignConversation,
    messages: Vec<FoundMessage>,
    /// Messages that were too large to keep the form they had.
    without_raw: i64,
}

/// A message as it was read.
struct FoundMessage {
    /// Has a name, and says what it follows.
    new: NewMessage,
    created_at: Timestamp,
    later: PostImportPatch,
}

/// Why a conversation is not taken in, in words.
type Why = String;

/// The names of the conversations of a reader who has as many as one may have; `None` while that is not known.
type Full = Option<HashSet<String>>;

/// So many of a reader's conversations are asked for at once.
const NAMES: i64 = 100;
/// How long an answer waits until PostgreSQL has counted what came in.
const COUNTING: Duration = Duration::from_secs(1);

impl Conversations {
    /// Takes the conversations of a file in: those of ours under their own names, others too when their names may stand
    /// here. Taking the same file in once more adds nothing. Also whether that was all of the file: what is not taken in
    /// at the time `until` waits for the file to be sent again.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no such file (`BAD_REQUEST`, `PAYLOAD_TOO_LARGE` or `VALIDATION_ERROR`),
    /// [`ConversationError::NoReader`], or [`ConversationError::InternalError`], after which some are taken in and the file can
    /// be sent again. What is wrong with single conversations stands in the answer.
    pub async fn import(&self, user_id: &str, bytes: Vec<u8>, until: Instant) -> Outcome<(Imported, bool)> {
        if bytes.len() > self.limits.import_bytes {
            return Err(Problems::from(Problem::body_too_large(self.limits.import_bytes)).into());
        }
        let mut imported = Imported::default();
        let ended = timeout_at(until, self.import_all(user_id, bytes, &mut imported)).await;
        self.notice_growth(&imported).await;
        match ended {
            Ok(ended) => ended.map(|()| (imported, true)),
            Err(_) => Ok((imported, false)),
        }
    }

    /// It makes reading faster, so nothing fails without it, and nobody waits long.
    async fn notice_growth(&self, imported: &Imported) {
        let added = imported.conversations.iter().map(|it| it.added).sum();
        let database = self.database.clone();
        // In a task of its own, which comes to its end when nobody waits for it any longer.
        let counting = tokio::spawn(async move { database.notice_growth(added).await });
        let _ = timeout(COUNTING, counting).await;
    }

    async fn import_all(&self, user_id: &str, bytes: Vec<u8>, imported: &mut Imported) -> Outcome<()> {
        let mut reader = self.reader(user_id, bytes).await?;
        let (mut full, mut position) = (None, 0);
        while let Some(Read { entry: Entry { id, title }, foreign }) = reader.next().await? {
            position += 1;
            let taken = match foreign {
                Ok(foreign) => self.import_one(user_id, foreign, &mut full).await?,
                Err(why) => Err(why),
            };
            match taken {
                Ok(conversation) => imported.conversations.push(conversation),
                Err(reason) => imported.refused.push(RejectedConversation { id, title, position, reason }),
            }
        }
        Ok(())
    }

    async fn import_one(
        &self,
        user_id: &str,
        foreign: ParsedConversation,
        full: &mut Full,
    ) -> Outcome<Result<ImportedConversation, Why>> {
        let ParsedConversation { conversation, drafts, later, without_raw } = foreign;
        let too_many = || Err(format!("a reader has at most {} conversations", self.limits.conversations));
        if full.as_ref().is_some_and(|names| !names.contains(&conversation.id)) {
            return Ok(too_many());
        }
        let importing = ConversationImport {
            user_id,
            now: self.ports.clock.now(),
            conversation: &conversation,
            drafts: &drafts,
            patches: &later,
            most_conversations: i64::from(self.limits.conversations),
            most_messages: i64::from(self.limits.messages),
        };
        match self.database.import_conversation(&importing).await? {
            ImportOutcome::Done { no, is_new, added, revision } => {
                if let Some(revision) = revision.filter(|_| !is_new) {
                    self.hub.publish(no, revision);
                }
                Ok(Ok(ImportedConversation {
                    id: ItemId::stored(conversation.id),
                    title: conversation.title,
                    messages: count(drafts.len()),
                    added: count(added),
                    without_raw,
                }))
            }
            ImportOutcome::NoReader => Err(ConversationError::NoReader),
            ImportOutcome::TooMany => {
                *full = Some(self.names(user_id).await?);
                Ok(too_many())
            }
            ImportOutcome::Message(outcome) => Ok(Err(self.why(&outcome, &drafts))),
        }
    }

    /// The names of a reader's conversations, without those that were deleted.
    async fn names(&self, user_id: &str) -> Outcome<HashSet<String>> {
        let (mut names, mut last) = (HashSet::new(), 0);
        loop {
            let taken = self.database.export_conversations(user_id, last, NAMES).await?;
            let Some(end) = taken.last() else { return Ok(names) };
            last = end.conversation.no;
            let there = taken.into_iter().filter(|taken| taken.deleted_at.is_none());
            names.extend(there.map(|taken| taken.conversation.id));
        }
    }

    fn why(&self, outcome: &AppendOutcome, drafts: &[Draft]) -> Why {
        let name = |at: usize| drafts.get(at).map_or("", |draft| draft.id.as_str());
        match outcome {
            AppendOutcome::NoParent(at) => {
                format!("message {} follows one that does not stand before it", name(*at))
            }
            AppendOutcome::Different(at) => {
                format!("message {} is stored already with another role or another parent", name(*at))
            }
            AppendOutcome::Full => too_long(self.limits.messages),
            _ => "it was deleted while it was taken in".to_owned(),
        }
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}

fn too_long(most: u32) -> Why {
    format!("a conversation has at most {most} messages")
}

/// A problem as a reason, without the words a field of a form would need.
fn in_words(problem: &Problem) -> Why {
    let words = match &problem.reason {
        Some(Reason::Wanted(wanted)) => wanted.clone(),
        Some(reason) => reason.to_string(),
        None => problem.code.message().to_owned(),
    };
    problem.field.as_ref().map_or_else(|| words.clone(), |field| format!("{field}: {words}"))
}

/// What serde says, on one line and not too long, without where in the text.
fn error_in_words(error: &serde_json::Error) -> Why {
    let said = error.to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

/// A name that follows from words: a UUID of version 8 (RFC 9562 section 5.8) from their SHA-256.
fn derived(words: &str) -> String {
    let digest: [u8; 32] = Sha256::digest(words).into();
    let mut bytes = [0; 16];
    for (byte, digested) in bytes.iter_mut().zip(digest) {
        *byte = digested;
    }
    Builder::from_custom_bytes(bytes).into_uuid().to_string()
}

/// A name as it is, or one that follows from it where it cannot stand in an address.
fn name(words: &str, within: &str) -> ItemId {
    ItemId::parse("id", words).unwrap_or_else(|_| ItemId::stored(derived(&format!("{within}\n{words}"))))
}
