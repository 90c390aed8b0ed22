//! Conversations, search and the reader.

use contract::{Code, Questions, routes};

use super::{
    examples,
    operation::{
        Caller::{self, Reader},
        Operation,
    },
};

/// The heading of conversations.
pub const CONVERSATIONS: &str = "Conversations";
const SEARCH: &str = "Search";

/// An operation of a reader that only reads.
pub fn reads(route: (&'static str, &str), id: &str, tag: &str, summary: &str) -> Operation {
    let codes = [Code::Unauthorized, Code::InvalidToken, Code::TooManyRequests, Code::Unavailable];
    Operation::new(route, id, tag, summary, Reader).errors(&codes)
}

/// An operation of a reader that changes something: with a cookie it has to come from a trusted origin.
pub fn writes(route: (&'static str, &str), id: &str, tag: &str, summary: &str) -> Operation {
    reads(route, id, tag, summary).errors(&[Code::MissingOrNullOrigin, Code::InvalidOrigin])
}

/// What a body of JSON may be refused for.
pub const OF_A_BODY: [Code; 5] = [
    Code::BadRequest,
    Code::RequestTimeout,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationError,
];

/// What a page of a list may be refused for.
pub const OF_A_LIST: [Code; 2] = [Code::ValidationError, Code::InvalidCursor];

/// Every operation.
pub fn operations(questions: &Questions) -> Vec<Operation> {
    let mut all = vec![list(), create(), find(), update(), delete(), restore()];
    all.extend(super::files::operations());
    all.extend(super::messages::operations());
    all.extend([events(), search(), me(questions)]);
    all
}

fn list() -> Operation {
    reads(
        ("get", routes::API_CONVERSATIONS),
        "listConversations",
        CONVERSATIONS,
        "The reader's conversations",
    )
    .describe("A page of them, the last active first.")
    .query_params(&["limit", "cursor", "status"])
    .answers(200, "A page.", "ConversationPage", &examples::page(&examples::conversation()))
    .errors(&OF_A_LIST)
}

fn create() -> Operation {
    let (new, conversation) = (examples::new_conversation(), examples::conversation());
    writes(("post", routes::API_CONVERSATIONS), "createConversation", CONVERSATIONS, "Begin a conversation")
        .describe(
            "With an `id` of your own it is safe to send again: a conversation that the reader already has is answered as \
             it is, with 200. `export` and `import` are no ids.",
        )
        .json_body("NewConversation", &new)
        .answers(200, "The reader had one of this id already.", "Conversation", &conversation)
        .answers(201, "It is new.", "Conversation", &conversation)
        .with_header("Location")
        .errors(&OF_A_BODY)
        .errors(&[Code::TooManyConversations])
}

fn find() -> Operation {
    reads(("get", "/api/conversations/{id}"), "getConversation", CONVERSATIONS, "One conversation")
        .answers(200, "The conversation.", "Conversation", &examples::conversation())
        .errors(&[Code::ConversationNotFound])
}

fn update() -> Operation {
    let route = ("patch", "/api/conversations/{id}");
    writes(
        route,
        "updateConversation",
        CONVERSATIONS,
        "Rename a conversation, put it away, show another branch",
    )
    .describe("What is left out stays as it is; something has to change.")
    .json_body("ConversationChange", &examples::conversation_change())
    .answers(200, "The conversation as it is now.", "Conversation", &examples::conversation())
    .errors(&OF_A_BODY)
    .errors(&[Code::ConversationNotFound])
}

fn delete() -> Operation {
    writes(
        ("delete", "/api/conversations/{id}"),
        "deleteConversation",
        CONVERSATIONS,
        "Delete a conversation",
    )
    .describe("It is hidden at once, and gone for good ten minutes later.")
    .answers_empty(204, "It is deleted.")
    .errors(&[Code::ConversationNotFound])
}

fn restore() -> Operation {
    let route = ("post", "/api/conversations/{id}/restore");
    writes(route, "restoreConversation", CONVERSATIONS, "Take back a conversation that was deleted")
        .describe("Within ten minutes of its deletion. One that was not deleted is as if it were not there.")
        .answers(200, "The conversation.", "Conversation", &examples::conversation())
        .errors(&[Code::ConversationNotFound, Code::TooManyConversations])
}

fn events() -> Operation {
    let text = serde_json::json!({ "type": "string" });
    reads(("get", "/api/conversations/{id}/events"), "streamEvents", CONVERSATIONS, "What happens to a conversation")
        .describe(
            "Server-sent events. First `ready` with `{\"revision\": n}`; then `message` with a `Message` for each that was \
             added or has changed, `conversation` with the `Conversation`, and `deleted`, after which the stream ends. \
             The `id` of an event is the revision: sent again as `Last-Event-ID`, or as `after`, the stream goes on from \
             there. Of a message that changed several times only the last state is sent. The stream ends after some minutes, \
             and with the token or the session; come back with the last id.",
        )
        .query_params(&["after", "lastEventId"])
        .answers_as(200, "Events, as they happen.", "text/event-stream", &text, &examples::events())
        .errors(&[Code::ConversationNotFound, Code::ValidationError])
}

fn search() -> Operation {
    reads(("get", routes::API_SEARCH), "searchMessages", SEARCH, "Find messages by their words")
        .describe(
            "Among the messages of all the reader's conversations, from the conversation begun last to the first, in each \
             the newest first. All words have to be there, in any order; those in quotes side by side. The last word may \
             be a beginning.",
        )
        .query_params(&["q", "limit", "cursor"])
        .answers(200, "A page of what was found.", "HitPage", &examples::page(&examples::hit()))
        .errors(&OF_A_LIST)
}

fn me(questions: &Questions) -> Operation {
    let route = ("get", routes::API_ME);
    let codes = [Code::Unauthorized, Code::InvalidToken, Code::TooManyRequests, Code::Unavailable];
    Operation::new(route, "getReader", super::accounts::ACCOUNT, "The reader behind a token", Caller::Reader)
        .answers(200, "The reader.", "User", &examples::user(questions))
        .errors(&codes)
}
