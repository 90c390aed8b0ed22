//! Validation of messages from clients, and their conversion to rows.

use std::collections::HashSet;

use ::search::{TermPrefix, index};
use contract::{
    Problem, Problems, Reason,
    conversations::{MessageChange, MessageLimits, NewMessage, RawJson, Role, plain_text},
    is_unfit_for_lines,
};
use storage::conversations::{Content, ContentUpdate, Draft, Terms};

use super::{Conversations, Outcome};

/// The most messages appended by one request.
const MAX_APPENDED: usize = 100;
/// The longest opening of a conversation, in characters.
pub(crate) const MAX_OPENING: usize = 160;

impl Conversations {
    /// Validates the messages of one request. Problems name each message's position when there are several.
    pub(super) fn drafts(&self, user_id: &str, messages: Vec<NewMessage>) -> Outcome<Vec<Draft>> {
        let wanted = |words: String| Problem::invalid("messages", Reason::Wanted(words));
        if messages.is_empty() {
            return Err(Problems::from(wanted("expected at least one message".into())).into());
        }
        if messages.len() > MAX_APPENDED {
            return Err(Problems::from(wanted(format!("expected at most {MAX_APPENDED} messages"))).into());
        }
        let prefix = TermPrefix::of(user_id);
        let single = messages.len() == 1;
        let (mut drafts, mut problems, mut ids) = (Vec::new(), Vec::new(), HashSet::new());
        for (at, message) in messages.into_iter().enumerate() {
            let path =
                |field: &str| if single { field.to_owned() } else { format!("messages[{at}].{field}") };
            if let Some(id) = &message.id
                && !ids.insert(id.clone())
            {
                let wanted = "expected a name that no other message of the request has".into();
                problems.push(Problem::invalid(&path("id"), Reason::Wanted(wanted)));
            }
            match self.draft(&prefix, message) {
                Ok(draft) => drafts.push(draft),
                Err(found) => problems.extend(found.iter().cloned().map(|problem| {
                    let field = problem.field.as_deref().map(&path);
                    Problem {
                        field: field.or_else(|| (!single).then(|| format!("messages[{at}]"))),
                        ..problem
                    }
                })),
            }
        }
        Problems::of(problems).map_or(Ok(drafts), |problems| Err(problems.into()))
    }

    /// Validates one message, and makes an id for one that has none.
    pub(crate) fn draft(&self, prefix: &TermPrefix, message: NewMessage) -> Result<Draft, Problems> {
        let validated = message.validate(&self.message_limits())?;
        let NewMessage { id, parent_id, role, status, model, usage, format, raw, metadata, .. } = message;
        let plain_text = plain_text(&validated.parts);
        Ok(Draft {
            chosen: id.is_some(),
            id: id.map_or_else(|| self.ports.random_uuid().to_string(), String::from),
            parent: parent_id.map(|parent| parent.map(String::from)),
            role: role.name().to_owned(),
            content: Content {
                parts: validated.json.as_str().to_owned(),
                status: status.name().to_owned(),
                model,
                usage: usage.map(text),
                format,
                raw: raw.map(text),
                // Empty metadata is stored as null.
                metadata: metadata.map(text).filter(|metadata| metadata != "{}"),
            },
            terms: self.terms(prefix, &plain_text),
            opening: if role == Role::User { opening(&plain_text) } else { None },
            created_at: None,
        })
    }

    /// Validates a change of a message.
    pub(super) fn content_update(&self, user_id: &str, change: MessageChange) -> Outcome<ContentUpdate> {
        let validated = change.validate(&self.message_limits())?;
        let MessageChange { status, model, usage, format, raw, metadata, .. } = change;
        let parts = validated.map(|validated| {
            let terms = self.terms(&TermPrefix::of(user_id), &plain_text(&validated.parts));
            (validated.json.as_str().to_owned(), terms)
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

    /// A text's terms as the database indexes them.
    fn terms(&self, prefix: &TermPrefix, text: &str) -> Terms {
        let indexed = index(prefix, text);
        self.database.terms(|| indexed.fts5().to_owned(), || indexed.tsvector())
    }

    pub(super) fn message_limits(&self) -> MessageLimits {
        let super::ConversationLimits { part_bytes, message_bytes, parts, .. } = self.limits;
        MessageLimits { part_bytes, message_bytes, parts }
    }
}

/// The beginning of a text on one line; `None` without a visible character.
fn opening(text: &str) -> Option<String> {
    let mut line = String::new();
    for (at, c) in
        text.split_whitespace().flat_map(|word| [" ", word]).flat_map(str::chars).skip(1).enumerate()
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
