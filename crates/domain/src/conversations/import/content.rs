//! From the content of a message of ChatGPT to parts.

use contract::conversations::RawJson;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::{
    super::export::fenced,
    file::{object, text_of},
};

/// What ChatGPT writes into `content`, of all its kinds.
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

/// What a message says. Nothing of it is lost: what has no part of its own becomes one that only programs read.
pub(super) fn parts(name: &str, raw: Option<&RawValue>, attachments: &[&RawValue]) -> Vec<RawJson> {
    let mut parts = raw.filter(|raw| raw.get() != "null").map(|raw| said(name, raw)).unwrap_or_default();
    parts.extend(attachments.iter().map(|attachment| kept("data-asset", "asset", attachment)));
    parts
}

fn said(name: &str, raw: &RawValue) -> Vec<RawJson> {
    let Ok(content) = object::<Content<'_>>(raw) else {
        return vec![kept("data-chatgpt", "content", raw)];
    };
    let kind = string(content.content_type).unwrap_or_default();
    match kind.as_str() {
        "text" | "multimodal_text" | "" => pieces(&content),
        "code" => code(&content, string(content.language).unwrap_or_default().as_str()),
        "execution_output" => code(&content, "text"),
        "tether_quote" => vec![quotation(name, &content)],
        "tether_browsing_display" => texts([string(content.result), string(content.summary)]),
        "thoughts" => thoughts(&content, raw),
        "reasoning_recap" => {
            string(content.content).filter(|it| says_something(it)).iter().map(|it| reasoning(it)).collect()
        }
        "system_error" => {
            let words = [string(content.name), string(content.text)]
                .into_iter()
                .flatten()
                .filter(|it| says_something(it));
            texts([Some(words.collect::<Vec<_>>().join(": "))])
        }
        _ => {
            let words = texts([string(content.text), string(content.result)]);
            words.into_iter().chain([kept("data-chatgpt", "content", raw)]).collect()
        }
    }
}

fn string(raw: Option<&RawValue>) -> Option<String> {
    raw.and_then(|raw| text_of(raw.get()))
}

/// Whether a text says anything.
fn says_something(text: &str) -> bool {
    !text.trim().is_empty()
}

fn text(words: &str) -> RawJson {
    RawJson::of(&json!({ "type": "text", "text": words }))
}

fn reasoning(words: &str) -> RawJson {
    RawJson::of(&json!({ "type": "reasoning", "text": words }))
}

fn texts<const N: usize>(texts: [Option<String>; N]) -> Vec<RawJson> {
    texts.into_iter().flatten().filter(|it| says_something(it)).map(|words| text(&words)).collect()
}

/// `parts`: texts, and objects for everything else.
fn pieces(content: &Content<'_>) -> Vec<RawJson> {
    let list = content.parts.map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()));
    match (list, content.parts) {
        (Some(Ok(list)), _) => list.into_iter().filter_map(piece).collect(),
        // Not a list: one text perhaps.
        (Some(Err(_)), Some(raw)) => piece(raw).into_iter().collect(),
        _ => texts([string(content.text)]),
    }
}

fn piece(raw: &RawValue) -> Option<RawJson> {
    #[derive(Default, Deserialize)]
    struct Piece<'a> {
        #[serde(borrow, default)]
        content_type: Option<&'a RawValue>,
        #[serde(default)]
        text: Option<&'a RawValue>,
    }
    if raw.get() == "null" {
        return None;
    }
    if let Some(words) = text_of(raw.get()) {
        return Some(words).filter(|it| says_something(it)).as_deref().map(text);
    }
    let piece: Piece<'_> = object(raw).unwrap_or_default();
    let is_spoken = matches!(string(piece.content_type).as_deref(), Some("audio_transcription" | "text"));
    match string(piece.text).filter(|words| is_spoken && says_something(words)) {
        Some(words) => Some(text(&words)),
        None => Some(kept("data-asset", "asset", raw)),
    }
}

fn code(content: &Content<'_>, language: &str) -> Vec<RawJson> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.');
    let language = if language == "unknown" || !language.chars().all(is_plain) { "" } else { language };
    match string(content.text).filter(|it| says_something(it)) {
        Some(words) => vec![text(&fenced(&words, language))],
        None => pieces(content),
    }
}

/// Words of a page, as the source that they are.
fn quotation(name: &str, content: &Content<'_>) -> RawJson {
    let (url, title) = (
        string(content.url).filter(|it| says_something(it)),
        string(content.title).filter(|it| says_something(it)),
    );
    let kind = if url.is_some() { "url" } else { "document" };
    RawJson::of(&json!({
        "type": "source", "sourceId": name, "kind": kind, "url": url, "title": title,
        "chunk": string(content.text),
    }))
}

fn thoughts(content: &Content<'_>, raw: &RawValue) -> Vec<RawJson> {
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
        return vec![kept("data-chatgpt", "content", raw)];
    };
    let words = list.into_iter().map(|thought| {
        let words = [string(thought.summary), string(thought.content)]
            .into_iter()
            .flatten()
            .filter(|it| says_something(it));
        words.collect::<Vec<_>>().join("\n\n")
    });
    words.filter(|it| says_something(it)).map(|words| reasoning(&words)).collect()
}

/// A part around something that is kept as it came. What is too deep for JSON to be read again is kept as a text.
fn kept(kind: &str, member: &str, raw: &RawValue) -> RawJson {
    #[derive(Serialize)]
    struct Kept<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        #[serde(flatten)]
        members: std::collections::BTreeMap<&'a str, &'a RawValue>,
    }
    let part = RawJson::of(&Kept { kind, members: [(member, raw)].into() });
    // It stands in a part, that in a message, that in a conversation: all of it must be readable.
    match part.read::<serde_json::Value>() {
        Ok(_) => part,
        Err(_) => text(raw.get()),
    }
}
