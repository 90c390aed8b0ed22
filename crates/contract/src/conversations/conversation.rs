//! Conversations.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

use super::{ConversationId, MessageId, RawJson, body::given};
use crate::{Problem, Problems, Reason, Timestamp, text::check_line};

/// Whether a conversation stands in the reader's list.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, EnumString, IntoStaticStr,
)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum ConversationStatus {
    /// It does.
    #[default]
    Active,
    /// It is put away.
    Archived,
}

impl ConversationStatus {
    /// The name on the wire.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A conversation of a reader.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Conversation {
    /// Its name among the reader's; a UUID unless the client chose another.
    pub id: ConversationId,
    /// What it is called; `null` until somebody names it.
    pub title: Option<String>,
    /// The beginning of its first message by the reader, on one line; `null` while there is none.
    pub opening: Option<String>,
    /// Whether it stands in the list or is put away.
    pub status: ConversationStatus,
    /// The last message of the branch that is shown; `null` while it is empty.
    pub head_id: Option<MessageId>,
    /// What the client keeps with it: an object, kept as it came.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: RawJson,
    /// How many messages it has, on all branches.
    pub message_count: i64,
    /// How often it has changed: where a stream of its events goes on from.
    pub revision: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When anything of it last changed.
    pub updated_at: Timestamp,
    /// When its last message was added; `null` while it is empty.
    pub last_message_at: Option<Timestamp>,
    /// The book whose token created it, by its `client_id`; `null` for a page of Bookplate's own, or a token without a client.
    #[serde(default)]
    pub client_id: Option<String>,
}

/// A conversation that is to be made. Everything may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewConversation {
    /// A name of the client's own choice. One that the reader already has leads to the conversation that is there.
    #[serde(default)]
    pub id: Option<ConversationId>,
    /// What it is called, at most 200 characters on one line.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(max_length = 200))]
    pub title: Option<String>,
    /// What the client keeps with it: an object.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<RawJson>,
}

/// What is to change about a conversation; what is left out stays.
#[derive(Debug, Clone, Default, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConversationChange {
    /// What it is called, at most 200 characters on one line; `null` takes the name away.
    #[serde(default, deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, max_length = 200))]
    pub title: Option<Option<String>>,
    /// Whether it stands in the list or is put away.
    #[serde(default)]
    pub status: Option<ConversationStatus>,
    /// The last message of the branch that is to be shown.
    #[serde(default)]
    pub head_id: Option<MessageId>,
    /// What the client keeps with it: an object, which takes the place of the one before.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub metadata: Option<RawJson>,
}

/// Ids that are other endpoints in the path of a conversation.
const RESERVED: [&str; 2] = ["export", "import"];
/// The longest title, in characters.
const MAX_TITLE: usize = 200;

impl NewConversation {
    /// Validates and normalizes the body; `max_metadata` is in bytes of JSON.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on each invalid field.
    pub fn check(mut self, max_metadata: usize) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        if self.id.as_ref().is_some_and(|id| RESERVED.contains(&id.as_str())) {
            let wanted = format!("expected another name than {}", RESERVED.join(" and "));
            problems.push(Problem::invalid("id", Reason::Wanted(wanted)));
        }
        self.title = self.title.and_then(|title| normalize_title(&title, &mut problems));
        check_metadata(self.metadata.as_ref(), max_metadata, &mut problems);
        Problems::of(problems).map_or(Ok(self), Err)
    }
}

impl ConversationChange {
    /// Validates and normalizes the body; `max_metadata` is in bytes of JSON.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on each invalid field, or without a field when it changes nothing.
    pub fn check(mut self, max_metadata: usize) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        self.title = self.title.map(|title| title.and_then(|title| normalize_title(&title, &mut problems)));
        check_metadata(self.metadata.as_ref(), max_metadata, &mut problems);
        let is_empty = self.title.is_none()
            && self.status.is_none()
            && self.head_id.is_none()
            && self.metadata.is_none();
        if is_empty {
            let wanted = "expected at least one of title, status, headId, metadata";
            problems.push(Problem { field: None, ..Problem::invalid("", Reason::Wanted(wanted.into())) });
        }
        Problems::of(problems).map_or(Ok(self), Err)
    }
}

/// A title without surrounding spaces; `None` when empty.
fn normalize_title(title: &str, problems: &mut Vec<Problem>) -> Option<String> {
    let title = title.trim();
    if let Err(problem) = check_line("title", title, MAX_TITLE) {
        problems.push(problem);
    }
    Some(title.to_owned()).filter(|title| !title.is_empty())
}

/// Checks that metadata is an object of at most `max` bytes.
pub(super) fn check_metadata(metadata: Option<&RawJson>, max: usize, problems: &mut Vec<Problem>) {
    let Some(metadata) = metadata else { return };
    if !metadata.is_object() {
        problems.push(Problem::invalid("metadata", Reason::Wanted("expected an object".into())));
    } else if metadata.as_str().len() > max {
        problems.push(Problem::invalid(
            "metadata",
            Reason::Wanted(format!("expected at most {max} bytes of JSON")),
        ));
    }
}
