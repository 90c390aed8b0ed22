//! Schemas as text.

use leptos::prelude::*;
use serde_json::Value;

use super::words::{inline, text};

/// A named schema, collapsed.
pub(super) fn named_schema(name: &str, schema: &Value) -> AnyView {
    view! {
        <details class="reference__item">
            <summary><h3><code>{name.to_owned()}</code></h3></summary>
            <div class="reference__body" id=anchor(name)>
                {paragraph(text(schema, "description"))}
                {kind_of_whole(schema)}
                {members(schema)}
            </div>
        </details>
    }
    .into_any()
}

fn anchor(name: &str) -> String {
    format!("schema-{name}")
}

fn paragraph(words: &str) -> Option<AnyView> {
    (!words.is_empty()).then(|| view! { <p>{inline(words)}</p> }.into_any())
}

fn kind_of_whole(schema: &Value) -> Option<AnyView> {
    let is_object = schema.get("properties").is_some();
    (!is_object).then(|| view! { <p class="reference__kind">{kind(schema)}</p> }.into_any())
}

/// The members of an object, or of each alternative.
fn members(schema: &Value) -> Option<AnyView> {
    let alternatives = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let inner: Vec<AnyView> = alternatives
        .filter(|one| one.get("properties").is_some() && one.get("title").is_some())
        .map(|one| {
            let title = text(one, "title").to_owned();
            view! { <h4>{title}</h4>{paragraph(text(one, "description"))}{members(one)} }.into_any()
        })
        .collect();
    if !inner.is_empty() {
        return Some(inner.into_any());
    }
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema.get("properties")?.as_object()?;
    let each = properties.iter().map(|(name, property)| {
        let star = required.contains(&name.as_str()).then_some("*");
        view! {
            <div class="reference__member">
                <dt><code>{name.clone()}</code>{star}" "<span class="reference__kind">{kind(property)}</span></dt>
                <dd>{inline(text(property, "description"))}</dd>
            </div>
        }
    });
    Some(view! { <dl class="reference__members">{each.collect_view()}</dl> }.into_any())
}

/// Types and constraints of a value as text, with links to named schemas.
pub(super) fn kind(schema: &Value) -> AnyView {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let name = target.rsplit('/').next().unwrap_or_default().to_owned();
        let href = format!("#{}", anchor(&name));
        return view! { <a href=href>{name}</a> }.into_any();
    }
    for choice in ["oneOf", "anyOf", "allOf"] {
        let options =
            schema.get(choice).and_then(Value::as_array).filter(|_| schema.get("properties").is_none());
        if let Some(options) = options {
            return several(options, if choice == "allOf" { " and " } else { " or " });
        }
    }
    if let Some(items) = schema.get("items").filter(|_| schema.get("type").is_some_and(|it| it == "array")) {
        return view! { "list of "{kind(items)} }.into_any();
    }
    plain(schema).into_any()
}

fn several(options: &[Value], between: &'static str) -> AnyView {
    let titled = |option: &Value| text(option, "title").to_owned();
    let each = options.iter().enumerate().map(|(at, option)| {
        let or = (at > 0).then_some(between);
        let words = if titled(option).is_empty() { kind(option) } else { titled(option).into_any() };
        view! { {or}{words} }
    });
    each.collect_view().into_any()
}

/// A type without nested ones.
fn plain(schema: &Value) -> String {
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
    }
    let mut words = match schema.get("type") {
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    };
    let bounds = [
        ("format", ""),
        ("minimum", "from "),
        ("maximum", "to "),
        ("minLength", "at least "),
        ("maxLength", "at most "),
        ("default", "default "),
    ];
    for (name, before) in bounds {
        if let Some(bound) = schema.get(name) {
            let bound = bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
            words.push_str(&format!(", {before}{bound}"));
        }
    }
    words
}
