//! Conversations as files.

use contract::routes;
use serde_json::{Value, json};

use super::{
    conversations::{CONVERSATIONS, OF_A_BODY, reads, writes},
    examples,
    operation::{Operation, reference},
};

/// Every operation.
pub fn operations() -> Vec<Operation> {
    vec![export(), export_all(), import()]
}

fn export() -> Operation {
    let route = ("get", "/api/conversations/{id}/export");
    let text = json!({ "type": "string" });
    let markdown = json!("# Walking robots\n\n## 1 · You · 2026-11-21 02:04 UTC\n\nHow do robots walk?\n");
    reads(route, "exportConversation", CONVERSATIONS, "One conversation as a file")
        .query_params(&["format"])
        .answers(200, "The file.", "ConversationsFile", &examples::file())
        .answers_as(200, "The file.", "text/markdown", &text, &markdown)
        .with_header("Content-Disposition")
        .errors(&[contract::Code::ConversationNotFound, contract::Code::ValidationError])
}

fn export_all() -> Operation {
    let path = format!("{}/export", routes::API_CONVERSATIONS);
    reads(("get", &path), "exportConversations", CONVERSATIONS, "All conversations as a file")
        .describe("Without those that were deleted. It is written while it is read: whole files end in `]}`.")
        .answers(200, "The file.", "ConversationsFile", &examples::file())
        .with_header("Content-Disposition")
}

fn import() -> Operation {
    let path = format!("{}/import", routes::API_CONVERSATIONS);
    writes(("post", &path), "importConversations", CONVERSATIONS, "Take conversations in from a file")
        .describe(
            "A file of Bookplate's, or the `conversations.json` of a copy from ChatGPT. Each conversation comes in whole or \
             is refused with the reason, and the answer says which. The same file once more adds nothing.",
        )
        .json_body("ConversationsToImport", &examples::file())
        .answers(200, "What came of each conversation.", "Imported", &examples::imported())
        .errors(&OF_A_BODY)
}

/// What the files look like, by name.
pub fn schemas() -> [(&'static str, Value); 3] {
    let format = json!({ "const": "bookplate-conversations" });
    let (version, list) = (json!({ "const": 1 }), json!({ "type": "array" }));
    let book = json!({
        "type": "object", "required": ["name", "address"],
        "properties": { "name": { "type": "string" }, "address": { "type": "string" } },
    });
    let of_chatgpt = |member: &str, kind: &str| {
        json!({
            "type": "object", "required": [member], "properties": { (member): { "type": kind } },
            "not": { "required": ["format"] },
        })
    };
    [
        (
            "ConversationsFile",
            json!({
                "type": "object", "description": "Conversations, the oldest first.",
                "required": ["format", "version", "exportedAt", "book", "conversations"],
                "properties": {
                    "format": format, "version": version, "exportedAt": reference("Timestamp"), "book": book,
                    "conversations": reference("[ExportedConversation]"),
                },
            }),
        ),
        (
            "ExportedConversation",
            json!({
                "description": "A conversation with its messages.",
                "allOf": [reference("Conversation"), {
                    "type": "object", "required": ["deletedAt", "messages"],
                    "properties": {
                        "deletedAt": { "oneOf": [{ "type": "null" }, reference("Timestamp")] },
                        "messages": reference("[Message]"),
                    },
                }],
            }),
        ),
        (
            "ConversationsToImport",
            json!({
                "description": "A file of Bookplate's; or of ChatGPT's: a list of conversations, an object with such a list, or \
                    one conversation.",
                "anyOf": [
                    {
                        "type": "object", "title": "A file of Bookplate's", "required": ["format", "version", "conversations"],
                        "properties": { "format": format, "version": version, "conversations": list },
                    },
                    { "type": "array", "title": "a list of ChatGPT's" },
                    of_chatgpt("conversations", "array"),
                    of_chatgpt("mapping", "object"),
                ],
            }),
        ),
    ]
}
