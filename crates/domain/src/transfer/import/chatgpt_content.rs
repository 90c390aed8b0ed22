//! The `content` of ChatGPT's messages as parts.

use contract::conversations::RawJson;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use super::{
    super::code_fence::fenced,
    json::{object, string},
};

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

/// The parts of a message. Content without a matching kind of part is kept as a `data-` part, so that nothing is lost.
pub(super) fn parts(node_id: &str, raw: Option<&RawValue>, attachments: &[&RawValue]) -> Vec<RawJson> {
    let mut parts =
        raw.filter(|raw| raw.get() != "null").map(|raw| content_parts(node_id, raw)).unwrap_or_default();
    parts.extend(attachments.iter().map(|attachment| data("data-asset", "asset", attachment)));
    parts
}

fn content_parts(node_id: &str, raw: &RawValue) -> Vec<RawJson> {
    let Ok(content) = object::<Content<'_>>(raw) else {
        return vec![data("data-chatgpt", "content", raw)];
    };
    let kind = string(content.content_type).unwrap_or_default();
    match kind.as_str() {
        "text" | "multimodal_text" | "" => list_parts(&content),
        "code" => code(&content, string(content.language).unwrap_or_default().as_str()),
        "execution_output" => code(&content, "text"),
        "tether_quote" => vec![quotation(node_id, &content)],
        "tether_browsing_display" => texts([content.result, content.summary]),
        "thoughts" => thoughts(&content, raw),
        "reasoning_recap" => non_blank(content.content).iter().map(|text| reasoning(text)).collect(),
        "system_error" => {
            let message: Vec<_> = [content.name, content.text].into_iter().filter_map(non_blank).collect();
            if message.is_empty() { Vec::new() } else { vec![text(&message.join(": "))] }
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

fn text(text: &str) -> RawJson {
    RawJson::of(&json!({ "type": "text", "text": text }))
}

fn reasoning(text: &str) -> RawJson {
    RawJson::of(&json!({ "type": "reasoning", "text": text }))
}

fn texts<const N: usize>(raw: [Option<&RawValue>; N]) -> Vec<RawJson> {
    raw.into_iter().filter_map(non_blank).map(|it| text(&it)).collect()
}

/// The member `parts`: strings, and objects for everything else.
fn list_parts(content: &Content<'_>) -> Vec<RawJson> {
    let list = content.parts.map(|raw| serde_json::from_str::<Vec<&RawValue>>(raw.get()));
    match (list, content.parts) {
        (Some(Ok(list)), _) => list.into_iter().filter_map(list_part).collect(),
        // Not a list: perhaps one string.
        (Some(Err(_)), Some(raw)) => list_part(raw).into_iter().collect(),
        _ => texts([content.text]),
    }
}

fn list_part(raw: &RawValue) -> Option<RawJson> {
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
        return non_blank(Some(raw)).as_deref().map(text);
    }
    let item: Object<'_> = object(raw).unwrap_or_default();
    let is_text = matches!(string(item.content_type).as_deref(), Some("audio_transcription" | "text"));
    match non_blank(item.text).filter(|_| is_text) {
        Some(it) => Some(text(&it)),
        None => Some(data("data-asset", "asset", raw)),
    }
}

fn code(content: &Content<'_>, language: &str) -> Vec<RawJson> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '#' | '-' | '_' | '.');
    let language = if language == "unknown" || !language.chars().all(is_plain) { "" } else { language };
    match non_blank(content.text) {
        Some(code) => vec![text(&fenced(&code, language))],
        None => list_parts(content),
    }
}

/// A quotation from a web page as a source.
fn quotation(node_id: &str, content: &Content<'_>) -> RawJson {
    let (url, title) = (non_blank(content.url), non_blank(content.title));
    let kind = if url.is_some() { "url" } else { "document" };
    RawJson::of(&json!({
        "type": "source", "sourceId": node_id, "kind": kind, "url": url, "title": title,
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
        return vec![data("data-chatgpt", "content", raw)];
    };
    let texts = list.into_iter().filter_map(|item| {
        let texts: Vec<_> = [item.summary, item.content].into_iter().filter_map(non_blank).collect();
        (!texts.is_empty()).then(|| reasoning(&texts.join("\n\n")))
    });
    texts.collect()
}

/// A `data-` part around JSON that is kept as it came, or its text when it is nested too deeply to be parsed.
fn data(kind: &str, member: &str, raw: &RawValue) -> RawJson {
    #[derive(Serialize)]
    struct Data<'a> {
        #[serde(rename = "type")]
        kind: &'a str,
        #[serde(flatten)]
        members: std::collections::BTreeMap<&'a str, &'a RawValue>,
    }
    let part = RawJson::of(&Data { kind, members: [(member, raw)].into() });
    match part.read::<serde_json::Value>() {
        Ok(_) => part,
        Err(_) => text(raw.get()),
    }
}
