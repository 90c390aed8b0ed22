//! Recognition of conversations, and of files of other products.

use serde_json::value::RawValue;

use super::{
    file_format::FileFormat,
    json::{Members, object, string},
};

/// What a file or one of its elements is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recognized {
    /// A conversation that can be imported.
    Conversation(FileFormat),
    /// Something else, with words for what it seems to be, such as `a conversation of Grok`.
    Other(Option<&'static str>),
}

/// The most members of a conversation.
const MAX_MEMBERS: usize = 10_000;

/// Members that only one product's files have together, in the order of the checks.
const SIGNATURES: &[(&[&str], &str)] = &[
    (&["header", "products", "time"], "an activity list of Google Takeout (Gemini)"),
    (&["header", "title", "time"], "an activity list of Google Takeout (Gemini)"),
    (&["chunkedPrompt"], "a prompt of Google AI Studio"),
    (&["runSettings"], "a prompt of Google AI Studio"),
    (&["histories"], "a chat of Character.AI"),
    (&["turn_key", "candidates"], "a chat of Character.AI"),
    (&["character_id", "turns"], "a chat of Character.AI"),
    (&["character_external_id"], "a chat of Character.AI"),
    (&["conversationId", "endpoint"], "a conversation of LibreChat"),
    (&["conversationId", "messages"], "a conversation of LibreChat"),
    (&["chatID", "messages"], "a chat of TypingMind"),
    (&["data", "checksum"], "an export of TypingMind"),
    (&["chats", "prompts"], "an export of TypingMind"),
    (&["chats", "folders"], "an export of TypingMind or Better ChatGPT"),
    (&["history", "folders"], "an export of Chatbot UI"),
    (&["conversation", "responses"], "a conversation of Grok"),
    (&["chatId", "contentChunks"], "a chat of Mistral's Le Chat"),
    (&["user_name", "character_name"], "a chat of SillyTavern"),
    (&["mapping", "inserted_at"], "a conversation of DeepSeek"),
    (&["conversation_id", "is_anonymous"], "ChatGPT's list of shared links (shared_conversations.json)"),
    (&["conversation_id", "rating"], "ChatGPT's list of ratings (message_feedback.json)"),
    (&["chatgpt_plus_user"], "ChatGPT's account file (user.json)"),
    (&["uuid", "full_name"], "Claude's account file (users.json)"),
    (&["uuid", "prompt_template"], "Claude's list of projects (projects.json)"),
    (&["uuid", "docs"], "Claude's list of projects (projects.json)"),
    (&["role", "content"], "a list of messages without their conversation"),
    (&["role", "parts"], "a list of messages without their conversation"),
];

/// Recognizes a conversation, or the whole of a file that has no list of them.
pub(super) fn recognize(entry: &RawValue) -> Recognized {
    let Ok(Members(members)) = object::<Members<'_, MAX_MEMBERS>>(entry) else {
        return Recognized::Other(None);
    };
    let has = |name: &&str| members.contains_key(*name);
    if let Some("bookplate-export") = string(members.get("format").copied()).as_deref() {
        return Recognized::Other(Some("Bookplate's file about an account (account.json)"));
    }
    if has(&"chat_messages") {
        return Recognized::Conversation(FileFormat::Claude);
    }
    let chat = members.get("chat").and_then(|chat| object::<Members<'_, MAX_MEMBERS>>(chat).ok());
    if chat.is_some_and(|Members(chat)| chat.contains_key("history")) {
        return Recognized::Conversation(FileFormat::OpenWebUi);
    }
    if let Some((_, words)) = SIGNATURES.iter().find(|(names, _)| names.iter().all(has)) {
        return Recognized::Other(Some(words));
    }
    if has(&"mapping") {
        return Recognized::Conversation(FileFormat::ChatGpt);
    }
    if has(&"messages") && has(&"createdAt") {
        return Recognized::Conversation(FileFormat::Bookplate);
    }
    Recognized::Other(None)
}

/// What a file that is no JSON seems to be, by its first bytes, and what to send instead.
pub(super) fn of_bytes(beginning: &[u8]) -> Option<&'static str> {
    let text = String::from_utf8_lossy(beginning.get(..beginning.len().min(4096)).unwrap_or_default());
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let begins = |bytes: &[u8]| beginning.starts_with(bytes);
    let is_page =
        text.get(..9).is_some_and(|it| it.eq_ignore_ascii_case("<!doctype")) || text.starts_with("<html");
    let words = match () {
        () if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") => {
            "This is a ZIP file. Unpack it and send the conversations.json in it."
        }
        () if begins(b"\x1f\x8b") => "This file is compressed with gzip. Unpack it and send what is in it.",
        () if begins(b"\xff\xfe") || begins(b"\xfe\xff") => {
            "This file is in UTF-16. Save it as UTF-8 and send it again."
        }
        () if begins(b"%PDF") => "This is a PDF. Send the JSON file with the conversations.",
        () if is_page => {
            "This is a web page, such as chat.html of ChatGPT's export. Send the conversations.json beside it."
        }
        () if text.starts_with("Conversation,Time,Author,Message") => {
            "This seems to be a CSV file of Microsoft Copilot, which cannot be read here."
        }
        () if is_line_of_json(text) && text.lines().nth(1).is_some_and(|line| line.starts_with('{')) => {
            let is_tavern = text.contains("\"character_name\"") && text.contains("\"user_name\"");
            if is_tavern {
                "This seems to be a chat of SillyTavern, which cannot be read here."
            } else {
                "This is a file with one JSON value a line (JSONL), which cannot be read here. Send one JSON file."
            }
        }
        () => return None,
    };
    Some(words)
}

/// Whether the first line is an object by itself, as in JSONL; our own export has one conversation a line within one object.
fn is_line_of_json(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    line.starts_with('{') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn recognized(value: &Value) -> Recognized {
        recognize(&serde_json::value::to_raw_value(value).unwrap())
    }

    #[test]
    fn conversations_are_recognized_by_their_members() {
        for (value, format) in [
            (json!({ "id": "a", "mapping": {} }), FileFormat::ChatGpt),
            (json!({ "uuid": "a", "chat_messages": [] }), FileFormat::Claude),
            (json!({ "id": "a", "chat": { "history": {} } }), FileFormat::OpenWebUi),
            (json!({ "id": "a", "messages": [], "createdAt": "x" }), FileFormat::Bookplate),
        ] {
            assert_eq!(recognized(&value), Recognized::Conversation(format), "{value}");
        }
    }

    #[test]
    fn files_of_other_products_are_named() {
        for (value, words) in [
            (
                json!({ "header": "Gemini Apps", "title": "Prompted x", "time": "t", "products": ["Gemini Apps"] }),
                "Gemini",
            ),
            (json!({ "runSettings": {}, "chunkedPrompt": {} }), "AI Studio"),
            (json!({ "histories": { "histories": [] } }), "Character.AI"),
            (json!({ "conversationId": "a", "endpoint": "openAI", "messages": [] }), "LibreChat"),
            (json!({ "data": { "chats": [] }, "checksum": "x" }), "TypingMind"),
            (json!({ "chatID": "a", "messages": [] }), "TypingMind"),
            (json!({ "conversation": {}, "responses": [] }), "Grok"),
            (json!({ "chatId": "a", "contentChunks": null, "role": "user", "content": "x" }), "Le Chat"),
            (json!({ "id": "a", "mapping": {}, "inserted_at": "t" }), "DeepSeek"),
            (json!({ "id": "a", "conversation_id": "b", "is_anonymous": true, "title": "t" }), "shared"),
            (json!({ "uuid": "a", "full_name": "Ada" }), "users.json"),
            (json!({ "format": "bookplate-export", "version": 1 }), "account.json"),
            (json!({ "role": "user", "content": "x" }), "messages"),
        ] {
            let Recognized::Other(Some(found)) = recognized(&value) else { panic!("{value}") };
            assert!(found.contains(words), "{value}: {found}");
        }
        for value in [json!(null), json!(5), json!({}), json!({ "title": "x" }), json!([{ "mapping": {} }])] {
            assert_eq!(recognized(&value), Recognized::Other(None), "{value}");
        }
    }

    #[test]
    fn other_kinds_of_files_are_told_by_their_first_bytes() {
        for (bytes, words) in [
            (&b"PK\x03\x04rest"[..], "ZIP"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\xff\xfe[\x00", "UTF-8"),
            (b"%PDF-1.7", "PDF"),
            (b"\xef\xbb\xbf<!DOCTYPE html>", "chat.html"),
            (b"Conversation,Time,Author,Message\r\n", "Copilot"),
            (b"{\"user_name\":\"You\",\"character_name\":\"C\"}\n{\"name\":\"C\"}", "SillyTavern"),
            (b"{\"a\":1}\n{\"b\":2}", "JSONL"),
        ] {
            assert!(of_bytes(bytes).is_some_and(|found| found.contains(words)), "{words}");
        }
        let ours = b"{\"format\":\"bookplate-conversations\",\"conversations\":[\n{\"id\":\"c\"}\n]}";
        for bytes in [&b""[..], b"[", b"{\n \"a\": 1}", b"words", ours] {
            assert_eq!(of_bytes(bytes), None);
        }
    }
}
