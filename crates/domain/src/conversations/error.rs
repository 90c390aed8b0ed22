//! Why nothing came of what was asked.

use contract::{Code, Problem, Problems, Reason};

use crate::InternalError;

/// Seconds after which one of a reader's streams may have ended.
const LOOK_AGAIN: u32 = 15;

/// Why nothing came of what was asked about conversations.
#[derive(Debug)]
pub enum ConversationError {
    /// The reader has no such conversation.
    NoConversation,
    /// The conversation has no such message.
    NoMessage,
    /// The reader was erased meanwhile.
    NoReader,
    /// The token has expired, and this is not something that it has begun and not finished.
    Expired,
    /// What was sent is not what it should be.
    Invalid(Problems),
    /// The message is there with another role or parent; its field.
    Different(String),
    /// The cursor belongs to another list.
    Cursor,
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The conversation has as many messages as it may have.
    Full,
    /// The reader has as many conversations as one may have.
    TooManyConversations,
    /// The reader looks at conversations as often at once as one may.
    TooManyLooks,
    /// Nothing was wrong with the request.
    Failure(InternalError),
}

impl ConversationError {
    /// A field names a message that the conversation does not have.
    pub(super) fn unknown(field: &str) -> Self {
        let wanted = Reason::Wanted("expected the id of a message of this conversation".into());
        Self::Invalid(Problem::invalid(field, wanted).into())
    }
}

impl From<ConversationError> for Problems {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::NoConversation => Problem::new(Code::ConversationNotFound).into(),
            ConversationError::NoMessage => Problem::new(Code::MessageNotFound).into(),
            ConversationError::NoReader => Problem::new(Code::Unauthorized).into(),
            ConversationError::Expired => Problem::new(Code::InvalidToken).into(),
            ConversationError::Invalid(problems) => problems,
            ConversationError::Different(field) => Problem::on(Code::MessageConflict, &field).into(),
            ConversationError::Cursor => Problem::on(Code::InvalidCursor, "cursor").into(),
            ConversationError::KeyReused => Problem::on(Code::IdempotencyKeyReused, "Idempotency-Key").into(),
            ConversationError::Full => Problem::new(Code::ConversationFull).into(),
            ConversationError::TooManyConversations => Problem::new(Code::TooManyConversations).into(),
            ConversationError::TooManyLooks => Problem::retry_in(Code::TooManyRequests, LOOK_AGAIN).into(),
            ConversationError::Failure(failure) => failure.into(),
        }
    }
}
