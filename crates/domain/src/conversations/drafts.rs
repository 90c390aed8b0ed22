//! From what a client sends to what is stored.

use std::collections::HashSet;

use contract::{
    Problem, Problems, Reason,
    conversations::{MessageChange, MessageLimits, NewMessage, RawJson, Role, plain_text},
    is_unfit_for_lines,
};
use storage::conversations::{Content, ContentUpdate, Draft, Terms};

use super::{ConversationError, Conversations, MAX_AT_ONCE};
use search::{TermPrefix, index};

/// The longest beginning of a conversation that its list shows, in characters.
pub(super) const MAX_OPENING: usize = 160;

impl Conversations {
    /// What is to be stored for some messages.
    pub(super) fn drafts(
        &self,
        user_id: &str,
        messages: Vec<NewMessage>,
    ) -> Result<Vec<Draft>, ConversationError> {
        let wanted = |words: String| Problem::invalid("messages", Reason::Wanted(words));
        if messages.is_empty() {
            return Err(Problems::from(wanted("expected at least one message".into())).into());
        }
        if messages.len() > MAX_AT_ONCE {
            return Err(Problems::from(wanted(format!("expected at most {MAX_AT_ONCE} messages"))).into());
        }
        let owner = TermPrefix::of(user_id);
        let single = messages.len() == 1;
        let (mut drafts, mut wrong, mut names) = (Vec::new(), Vec::new(), HashSet::new());
        for (at, message) in messages.into_iter().enumerate() {
            let outer =
                |field: &str| if single { field.to_owned() } else { format!("messages[{at}].{field}") };
            if let Some(id) = &message.id
                && !names.insert(id.clone())
            {
                let words = "expected a name that no other message of the request has".into();
                wrong.push(Problem::invalid(&outer("id"), Reason::Wanted(words)));
            }
            match self.draft(&owner, message) {
                Ok(draft) => drafts.push(draft),
                Err(problems) => wrong.extend(problems.iter().cloned().map(|problem| {
                    let field = problem.field.as_deref().map(&outer);
                    Problem {
                        field: field.or_else(|| (!single).then(|| format!("messages[{at}]"))),
                        ..problem
                    }
                })),
            }
        }
        Problems::of(wrong).map_or(Ok(drafts), |wrong| Err(wrong.into()))
    }

    pub(super) fn draft(&self, owner: &TermPrefix, message: NewMessage) -> Result<Draft, Problems> {
        let said = message.validate(&self.message_limits())?;
        let NewMessage { id, parent_id, role, status, model, usage, format, raw, metadata, .. } = message;
        let words = plain_text(&said.parts);
        Ok(Draft {
            chosen: id.is_some(),
            id: id.map_or_else(|| self.ports.random_uuid().to_string(), String::from),
            parent: parent_id.map(|parent| parent.map(String::from)),
            role: role.name().to_owned(),
            content: Content {
                parts: said.json.as_str().to_owned(),
                status: status.name().to_owned(),
                model,
                usage: usage.map(text),
                format,
                raw: raw.map(text),
                // An empty one is not stored.
                metadata: metadata.map(text).filter(|metadata| metadata != "{}"),
            },
            terms: self.terms(owner, &words),
            opening: if role == Role::User { opening(&words) } else { None },
            created_at: None,
        })
    }

    /// What a change means for what is stored.
    pub(super) fn content_update(
        &self,
        user_id: &str,
        change: MessageChange,
    ) -> Result<ContentUpdate, ConversationError> {
        let said = change.said(&self.message_limits())?;
        let MessageChange { status, model, usage, format, raw, metadata, .. } = change;
        let parts = said.map(|said| {
            let terms = self.terms(&TermPrefix::of(user_id), &plain_text(&said.parts));
            (said.json.as_str().to_owned(), terms)
        });
        Ok(ContentUpdate {
            most_bytes: Some(self.limits.message_bytes),
            parts,
            status: status.map(|status| status.name().to_owned()),
            model,
            usage: usage.map(text),
            format,
            raw: raw.map(text),
            metadata: metadata.map(text),
        })
    }

    /// What a text can be found by.
    fn terms(&self, owner: &TermPrefix, words: &str) -> Terms {
        let indexed = index(owner, words);
        self.database.terms(|| indexed.fts5().to_owned(), || indexed.tsvector())
    }

    pub(super) fn message_limits(&self) -> MessageLimits {
        let super::ConversationLimits { part_bytes, message_bytes, parts, .. } = self.limits;
        MessageLimits { part_bytes, message_bytes, parts }
    }
}

/// The beginning of a text on one line.
fn opening(words: &str) -> Option<String> {
    let mut line = String::new();
    for (at, c) in
        words.split_whitespace().flat_map(|word| [" ", word]).flat_map(str::chars).skip(1).enumerate()
    {
        if at == MAX_OPENING {
            line.push('…');
            break;
        }
        if !is_unfit_for_lines(c) {
            line.push(c);
        }
    }
    Some(line).filter(|line| !line.is_empty())
}

fn text(json: RawJson) -> String {
    json.as_str().to_owned()
}
