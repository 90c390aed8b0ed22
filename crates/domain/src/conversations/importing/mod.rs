//! Taking conversations in from a file: one of ours, or the `conversations.json` of a copy from ChatGPT.
//! `docs/EXPORT.md` says what becomes of what.
//!
//! Files come from anywhere. Whatever is in them, a conversation is taken in whole or refused with a reason, and the next
//! one is looked at.

mod chatgpt;
mod content;
mod file;
mod mending;
mod own;
#[cfg(test)]
mod tests;
mod tree;

use std::collections::HashSet;

use contract::{
    Code, Problem, Problems, Reason, Timestamp,
    conversations::{Imported, ImportedConversation, ItemId, NewMessage, Refused},
};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use storage::conversations::{AppendOutcome, Draft, ForeignConversation, ImportOutcome, Importing, Later};
use uuid::Builder;

use self::file::{Entry, Shape};
use super::{ConversationError, Conversations, Outcome};
use crate::search::Owner;

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
    later: Later,
}

/// Why a conversation is not taken in, in words.
type Why = String;

/// So many messages are prepared before others have their turn.
const TURN: usize = 50;

impl Conversations {
    /// Takes the conversations of a file in: those of ours under their own names, others too when their names may stand
    /// here. Taking the same file in once more adds nothing.
    ///
    /// # Errors
    /// [`ConversationError::Invalid`] when it is no such file (`BAD_REQUEST`, `PAYLOAD_TOO_LARGE` or `VALIDATION_ERROR`),
    /// [`ConversationError::NoReader`], or [`ConversationError::Failure`], after which some are taken in and the file can
    /// be sent again. What is wrong with single conversations stands in the answer.
    pub async fn import(&self, user_id: &str, bytes: &[u8]) -> Outcome<Imported> {
        if bytes.len() > self.limits.import_bytes {
            return Err(Problems::from(Problem::new(Code::PayloadTooLarge)).into());
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Problems::from(Problem::new(Code::BadRequest)))?;
        let text = mending::mend(text.trim_start_matches('\u{feff}'));
        let (shape, entries) = file::entries(&text)?;
        let mut imported = Imported::default();
        for (position, entry) in (1..).zip(entries) {
            match self.import_one(user_id, shape, entry).await? {
                Ok(conversation) => imported.conversations.push(conversation),
                Err(reason) => {
                    let Entry { id, title } = Entry::of(entry);
                    imported.refused.push(Refused { id, title, position, reason });
                }
            }
            tokio::task::yield_now().await;
        }
        Ok(imported)
    }

    async fn import_one(
        &self,
        user_id: &str,
        shape: Shape,
        entry: &RawValue,
    ) -> Outcome<Result<ImportedConversation, Why>> {
        let now = self.ports.clock.now();
        let read = match shape {
            Shape::Own => own::read(entry, &self.limits, now),
            Shape::ChatGpt => chatgpt::read(entry, &self.limits, now),
        };
        let Found { conversation, messages, without_raw } = match read {
            Ok(found) => found,
            Err(why) => return Ok(Err(why)),
        };
        let (drafts, later) = match self.foreign_drafts(user_id, messages).await {
            Ok(prepared) => prepared,
            Err(why) => return Ok(Err(why)),
        };
        let importing = Importing {
            user_id,
            now,
            conversation: &conversation,
            drafts: &drafts,
            later: &later,
            most_conversations: i64::from(self.limits.conversations),
            most_messages: i64::from(self.limits.messages),
        };
        match self.database.import_conversation(&importing).await? {
            ImportOutcome::Done { no, is_new, added, revision } => {
                if let Some(revision) = revision.filter(|_| !is_new) {
                    self.hub.announce(no, revision);
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
                Ok(Err(format!("a reader has at most {} conversations", self.limits.conversations)))
            }
            ImportOutcome::Message(outcome) => Ok(Err(self.why(&outcome, &drafts))),
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

    /// What is to be stored for the messages of a conversation, and what came to them later.
    async fn foreign_drafts(
        &self,
        user_id: &str,
        messages: Vec<FoundMessage>,
    ) -> Result<(Vec<Draft>, Vec<Later>), Why> {
        if messages.len() > self.limits.messages as usize {
            return Err(too_long(self.limits.messages));
        }
        let owner = Owner::of(user_id);
        let (mut drafts, mut later, mut names) = (Vec::new(), Vec::new(), HashSet::new());
        for (at, message) in messages.into_iter().enumerate() {
            let name = message.new.id.as_ref().map(ToString::to_string).unwrap_or_default();
            let draft = self.draft(&owner, message.new);
            let draft =
                draft.map_err(|problems| format!("message {name}: {}", in_words(problems.first())))?;
            if !names.insert(name) {
                return Err(format!("two messages are called {}", draft.id));
            }
            drafts.push(Draft { created_at: Some(message.created_at), ..draft });
            later.push(message.later);
            if at % TURN == TURN - 1 {
                tokio::task::yield_now().await;
            }
        }
        Ok((drafts, later))
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
