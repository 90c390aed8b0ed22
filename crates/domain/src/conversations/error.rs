//! Failures of operations on conversations.

use contract::{Code, Problem, Problems, Reason};

use crate::InternalError;

/// Seconds after which one of the user's event streams may have ended.
const SUBSCRIBE_AGAIN: u32 = 15;

/// Why an operation on conversations failed.
#[derive(Debug)]
pub enum ConversationError {
    /// The user has no such conversation.
    ConversationNotFound,
    /// The conversation has no such message.
    MessageNotFound,
    /// The user was deleted meanwhile.
    UserNotFound,
    /// The token has expired, and this is not a message that it began and has not finished.
    TokenExpired,
    /// The request is invalid.
    Invalid(Problems),
    /// A message of that id exists with another role or parent. Names the field.
    MessageConflict(String),
    /// The user has a conversation of that id that belongs to another client.
    ConversationConflict,
    /// The cursor belongs to another list.
    InvalidCursor,
    /// The idempotency key belongs to another request.
    IdempotencyKeyReused,
    /// The conversation has as many messages as allowed.
    ConversationFull,
    /// The user has as many conversations as allowed.
    TooManyConversations,
    /// The user's conversations would take up more bytes than allowed.
    StorageFull,
    /// The user has written more bytes within a while than allowed.
    WrittenTooMuch {
        /// Seconds until there is room for the request, rounded up.
        retry_after: u32,
    },
    /// The user has as many subscriptions at once as allowed.
    TooManySubscriptions,
    /// The server failed.
    Failure(InternalError),
}

impl ConversationError {
    /// A field names a message that the conversation does not have.
    pub(super) fn unknown_message(field: &str) -> Self {
        let wanted = Reason::Wanted("expected the id of a message of this conversation".into());
        Self::Invalid(Problem::invalid(field, wanted).into())
    }
}

impl From<Problems> for ConversationError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl<E: Into<InternalError>> From<E> for ConversationError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl From<ConversationError> for Problems {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::ConversationNotFound => Problem::new(Code::ConversationNotFound),
            ConversationError::MessageNotFound => Problem::new(Code::MessageNotFound),
            ConversationError::UserNotFound => Problem::new(Code::Unauthorized),
            ConversationError::TokenExpired => Problem::new(Code::InvalidToken),
            ConversationError::Invalid(problems) => return problems,
            ConversationError::MessageConflict(field) => Problem::on(Code::MessageConflict, &field),
            ConversationError::ConversationConflict => Problem::on(Code::ConversationConflict, "id"),
            ConversationError::InvalidCursor => Problem::on(Code::InvalidCursor, "cursor"),
            ConversationError::IdempotencyKeyReused => {
                Problem::on(Code::IdempotencyKeyReused, "Idempotency-Key")
            }
            ConversationError::ConversationFull => Problem::new(Code::ConversationFull),
            ConversationError::TooManyConversations => Problem::new(Code::TooManyConversations),
            ConversationError::StorageFull => Problem::new(Code::StorageFull),
            ConversationError::WrittenTooMuch { retry_after } => {
                Problem::retry_in(Code::TooManyRequests, retry_after)
            }
            ConversationError::TooManySubscriptions => {
                Problem::retry_in(Code::TooManyRequests, SUBSCRIBE_AGAIN)
            }
            ConversationError::Failure(failure) => return Problem::from(failure).into(),
        }
        .into()
    }
}
