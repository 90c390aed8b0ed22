//! The schemas of files of conversations, which are written and read piece by piece and so have no types.

use serde_json::{Value, json};

use crate::http::openapi::schemas::reference;

/// What an export holds: `ConversationsFile`.
pub fn conversations_file() -> Value {
    let book = json!({
        "type": "object", "required": ["name", "address"],
        "properties": { "name": { "type": "string" }, "address": { "type": "string" } },
    });
    let (format, version) = (json!({ "const": "bookplate-conversations" }), json!({ "const": 1 }));
    json!({
        "type": "object", "description": "Conversations, the oldest first.",
        "required": ["format", "version", "exportedAt", "book", "conversations"],
        "properties": {
            "format": format, "version": version, "exportedAt": reference("Timestamp"), "book": book,
            "conversations": json!({ "type": "array", "items": reference("ExportedConversation") }),
        },
    })
}

/// A conversation in it: `ExportedConversation`.
pub fn exported_conversation() -> Value {
    json!({
        "description": "A conversation with its messages.",
        "allOf": [reference("Conversation"), {
            "type": "object", "required": ["deletedAt", "messages"],
            "properties": {
                "deletedAt": { "oneOf": [{ "type": "null" }, reference("Timestamp")] },
                "messages": json!({ "type": "array", "items": reference("Message") }),
            },
        }],
    })
}

/// What an import takes: `ConversationsToImport`.
pub fn conversations_to_import() -> Value {
    let (format, version) = (json!({ "const": "bookplate-conversations" }), json!({ "const": 1 }));
    let list = json!({ "type": "array" });
    let of_chatgpt = |member: &str, kind: &str| {
        json!({
            "type": "object", "required": [member], "properties": { (member): { "type": kind } },
            "not": { "required": ["format"] },
        })
    };
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
    })
}
