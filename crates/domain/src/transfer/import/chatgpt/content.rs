//! The `content` of ChatGPT's messages.

use contract::conversations::RawJson;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::super::json::{object, string};

/// One piece of a message's content.
#[derive(Debug)]
pub(super) enum Piece {
    /// Markdown.
    Text(String),
    /// Program code, or what a program printed.
    Code { text: String, language: String },
    /// The chatbot's reasoning.
    Reasoning(String),
    /// The message of an error.
    Error(String),
    /// A part as it is.
    Part(RawJson),
}

/// The members of every known `content_type`.
#[derive(Default, Deserialize)]
struct Content<'a> {
    #[serde(borrow, default)]
    content_type: Option<&'a RawValue>,
    #[serde(default)]
    parts: Option<&'a RawValue>,
    #[serde(default)]
    text: Option<&'a RawValue>,
    #[serde(default)]
    language: Option<&'a RawValue>,
    #[serde(default)]
    result: Option<&'a RawValue>,
    #[serde(default)]
    summary: Option<&'a RawValue>,
    #[serde(default)]
    url: Option<&'a RawValue>,
    #[serde(default)]
    title: Option<&'a RawValue>,
    #[serde(default)]
    thoughts: Option<&'a RawValue>,
    #[serde(default)]
    content: Option<&'a RawValue>,
    #[serde(default)]
    name: Option<&'a RawValue>,
}

/// The content of a message. What matches no kind of piece is kept as a `data-` part, so that nothing is lost.
pub(super) fn pieces(node_id: &str, raw: Option<&RawValue>, attachments: &[&RawValue]) -> Vec<Piece> {
    let mut pieces =
        raw.filter(|raw| raw.get() != "null").map(|raw| content_pieces(node_id, raw)).unwrap_or_default();
    pieces.extend(attachments.iter().map(|attachment| data("data-asset", "asset", attachment)));
    pieces
}

fn content_pieces(node_id: &str, raw: &RawValue) -> Vec<Piece> {
    let Ok(content) = object::<Content<'_>>(raw) else {
        return vec![data("data-chatgpt", "content", raw)];
    };
    let kind = string(content.content_type).unwrap_or_default();
    match kind.as_str() {
        "text" | "multimodal_text" | "" => list_pieces(&content),
        "code" => code(&content, string(content.language).unwrap_or_default().as_str()),
        "execution_output" => code(&content, "text"),
        "tether_quote" => vec![quotation(node_id, &content)],
        "tether_browsing_display" => texts([content.result, content.summary]),
        "thoughts" => thoughts(&content, raw),
        "reasoning_recap" => non_blank(content.content).map(Piece::Reasoning).into_iter().collect(),
        "system_error" => {
            let message: Vec<_> = [content.name, content.text].into_iter().filter_map(non_blank).collect();
            if message.is_empty() { Vec::new() } else { vec![Piece::Error(message.join(": "))] }
        }
        _ => {
            let texts = texts([content.text, content.result]);
            texts.into_iter().chain([data("data-chatgpt", "content", raw)]).collect()
        }
    }
}

/// A string that is not blank.
fn non_blank(raw: Option<&RawValue>) -> Option<String> {
    string(raw).filter(|text| !text.trim().is_empty())
}

fn texts<const N: usize>(raw: [Option<&RawValue>; N]) -> Vec<Piece> {
    raw.into_iter().filter_map(non_blank).map(Piece::Text).collect()
}

/// The member `parts`: strings, and objects for everything else.
fn list_pieces(content: &Content<'_>) -> Vec<Piece> {
    let list = content.parts.map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()));
    match (list, content.parts) {
        (Some(Ok(list)), _) => list.into_iter().filter_map(list_piece).collect(),
        // Not a list: perhaps one string.
        (Some(Err(_)), Some(raw)) => list_piece(raw).into_iter().collect(),
        _ => texts([content.text]),
    }
}

fn list_piece(raw: &RawValue) -> Option<Piece> {
    #[derive(Default, Deserialize)]
    struct Object<'a> {
        #[serde(borrow, default)]
        content_type: Option<&'a RawValue>,
        #[serde(default)]
        text: Option<&'a RawValue>,
    }
    if raw.get() == "null" {
        return None;
    }
    if string(Some(raw)).is_some() {
        return non_blank(Some(raw)).map(Piece::Text);
    }
    let item: Object<'_> = object(raw).unwrap_or_default();
    let is_text = matches!(string(item.content_type).as_deref(), Some("audio_transcription" | "text"));
    match non_blank(item.text).filter(|_| is_text) {
        Some(text) => Some(Piece::Text(text)),
        None => Some(data("data-asset", "asset", raw)),
    }
}

fn code(content: &Content<'_>, language: &str) -> Vec<Piece> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.');
    let language = if language == "unknown" || !language.chars().all(is_plain) { "" } else { language };
    match non_blank(content.text) {
        Some(text) => vec![Piece::Code { text, language: language.to_owned() }],
        None => list_pieces(content),
    }
}

/// A quotation from a web page as a source.
fn quotation(node_id: &str, content: &Content<'_>) -> Piece {
    let (url, title) = (non_blank(content.url), non_blank(content.title));
    let kind = if url.is_some() { "url" } else { "document" };
    Piece::Part(RawJson::of(&json!({
        "type": "source", "sourceId": node_id, "kind": kind, "url": url, "title": title,
        "chunk": string(content.text),
    })))
}

fn thoughts(content: &Content<'_>, raw: &RawValue) -> Vec<Piece> {
    #[derive(Deserialize)]
    struct ReasoningItem<'a> {
        #[serde(borrow, default)]
        summary: Option<&'a RawValue>,
        #[serde(default)]
        content: Option<&'a RawValue>,
    }
    let Some(list) = content.thoughts else { return Vec::new() };
    let list = serde_json::from_str::<Vec<&RawValue>>(list.get());
    let list = list.ok().and_then(|list| list.into_iter().map(|raw| object(raw).ok()).collect::<Option<_>>());
    let Some(list): Option<Vec<ReasoningItem<'_>>> = list else {
        return vec![data("data-chatgpt", "content", raw)];
    };
    let texts = list.into_iter().filter_map(|item| {
        let texts: Vec<_> = [item.summary, item.content].into_iter().filter_map(non_blank).collect();
        (!texts.is_empty()).then(|| Piece::Reasoning(texts.join("\n\n")))
    });
    texts.collect()
}

/// A `data-` part around JSON that is kept as it came, or its text when it is nested too deeply to be parsed.
fn data(kind: &str, member: &str, raw: &RawValue) -> Piece {
    #[derive(Serialize)]
    struct Data<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        #[serde(flatten)]
        members: std::collections::BTreeMap<&'a str, &'a RawValue>,
    }
    let part = RawJson::of(&Data { kind, members: [(member, raw)].into() });
    match part.read::<serde_json::Value>() {
        Ok(_) => Piece::Part(part),
        Err(_) => Piece::Text(raw.get().to_owned()),
    }
}
