//! Rendering of texts from the OpenAPI document.

use leptos::{either::Either, prelude::*};
use serde_json::Value;

/// A string member, or an empty string.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The anchor of a heading.
pub(super) fn slug(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

/// Text with `code` spans.
pub(super) fn inline(words: &str) -> AnyView {
    let pieces = words.split('`').enumerate().map(|(at, piece)| match (at % 2, piece.to_owned()) {
        (0, words) => Either::Left(words),
        (_, code) => Either::Right(view! { <code>{code}</code> }),
    });
    pieces.collect_view().into_any()
}

/// Paragraphs, separated by blank lines.
pub(super) fn paragraphs(words: &str) -> AnyView {
    let each = words.split("\n\n").filter(|words| !words.is_empty());
    each.map(|words| view! { <p>{inline(words)}</p> }).collect_view().into_any()
}

/// Indented JSON.
pub(super) fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

/// Resolves a `$ref`; anything else is returned unchanged.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(value)
}
