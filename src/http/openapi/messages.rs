//! Messages and what the reader thinks of them.

use contract::Code;
use serde_json::{Value, json};

use super::{
    conversations::{OF_A_BODY, OF_A_LIST, reads, writes},
    examples,
    operation::{Operation, reference},
};

/// The heading of messages.
pub const MESSAGES: &str = "Messages";
const ALL: &str = "/api/conversations/{id}/messages";
const ONE: &str = "/api/conversations/{id}/messages/{messageId}";
const FEEDBACK: &str = "/api/conversations/{id}/messages/{messageId}/feedback";

/// Every operation.
pub fn operations() -> Vec<Operation> {
    vec![list(), append(), find(), update(), set_feedback(), clear_feedback()]
}

fn list() -> Operation {
    reads(("get", ALL), "listMessages", MESSAGES, "The messages of a conversation")
        .describe("A page of them in their order, on all branches: `parentId` says which follows which.")
        .query_params(&["limit", "cursor", "order"])
        .answers(200, "A page.", "MessagePage", &examples::page(&examples::message()))
        .errors(&OF_A_LIST)
        .errors(&[Code::ConversationNotFound])
}

fn append() -> Operation {
    let appended = json!({ "messages": [examples::message()] });
    writes(("post", ALL), "appendMessages", MESSAGES, "Add a message, or several")
        .describe(
            "One message, or several as `{\"messages\": [...]}`: then all of them or none. Safe to send again with an \
             `Idempotency-Key`, or with an `id` for each message: one that is there already is changed where it says \
             something else, and left alone where it does not. A chatbot stores the beginning of its answer with \
             `\"status\": \"in_progress\"` and finishes it with PATCH.",
        )
        .query_params(&["idempotencyKey"])
        .json_body("MessagesToAdd", &examples::new_message())
        .answers(200, "All of them were there already.", "Appended", &appended)
        .answers(201, "At least one is new.", "Appended", &appended)
        .errors(&OF_A_BODY)
        .errors(&[
            Code::ConversationNotFound,
            Code::MessageConflict,
            Code::PartTooLarge,
            Code::MessageTooLarge,
            Code::IdempotencyKeyReused,
            Code::ConversationFull,
        ])
}

/// What [`append`] takes.
pub fn to_add() -> Value {
    json!({
        "description": "One message, or several.",
        "oneOf": [reference("NewMessage"), reference("NewMessages")],
    })
}

fn find() -> Operation {
    reads(("get", ONE), "getMessage", MESSAGES, "One message")
        .answers(200, "The message.", "Message", &examples::message())
        .errors(&[Code::ConversationNotFound, Code::MessageNotFound])
}

fn update() -> Operation {
    writes(("patch", ONE), "updateMessage", MESSAGES, "Change a message")
        .describe(
            "What is left out stays as it is; something has to change. The token that began an answer may finish it up to \
             an hour after it has expired.",
        )
        .json_body("MessageChange", &examples::message_change())
        .answers(200, "The message as it is now.", "Message", &examples::message())
        .errors(&OF_A_BODY)
        .errors(&[
            Code::ConversationNotFound,
            Code::MessageNotFound,
            Code::PartTooLarge,
            Code::MessageTooLarge,
        ])
}

fn set_feedback() -> Operation {
    writes(("put", FEEDBACK), "setFeedback", MESSAGES, "Say what the reader thinks of a message")
        .json_body("NewFeedback", &examples::new_feedback())
        .answers(200, "What is stored.", "Feedback", &examples::feedback())
        .errors(&OF_A_BODY)
        .errors(&[Code::ConversationNotFound, Code::MessageNotFound])
}

fn clear_feedback() -> Operation {
    writes(("delete", FEEDBACK), "clearFeedback", MESSAGES, "Take it back")
        .answers_empty(204, "There is none any more.")
        .errors(&[Code::ConversationNotFound, Code::MessageNotFound])
}
