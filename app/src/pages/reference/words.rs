//! Words of the document as they stand on the page.

use leptos::{either::Either, prelude::*};
use serde_json::Value;

/// A member that is a text; empty when it is not there.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A heading as the name of a place on the page.
pub(super) fn slug(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

/// Text with code between backticks.
pub(super) fn inline(words: &str) -> AnyView {
    let pieces = words.split('`').enumerate().map(|(at, piece)| match (at % 2, piece.to_owned()) {
        (0, words) => Either::Left(words),
        (_, code) => Either::Right(view! { <code>{code}</code> }),
    });
    pieces.collect_view().into_any()
}

/// Paragraphs, with an empty line between them.
pub(super) fn paragraphs(words: &str) -> AnyView {
    let each = words.split("\n\n").filter(|words| !words.is_empty());
    each.map(|words| view! { <p>{inline(words)}</p> }).collect_view().into_any()
}

/// JSON on several lines.
pub(super) fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        value => serde_json::to_string_pretty(value).unwrap_or_default(),
    }
}

/// What a `$ref` points at; everything else as it is.
pub(super) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|target| document.pointer(target)).unwrap_or(value)
}
