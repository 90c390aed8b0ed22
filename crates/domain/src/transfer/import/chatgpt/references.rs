//! What the marks of a ChatGPT message refer to, from its `metadata`.

use std::collections::HashMap;

use contract::conversations::RawJson;
use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{
    super::json::{list, object},
    notation::without_marks,
};

/// The most sources of a message.
const MAX_SOURCES: usize = 100;
/// The longest passage of a source, in characters.
const MAX_CHUNK: usize = 2000;
/// The longest title of a source, in characters.
const MAX_TITLE: usize = 500;

/// A message's references.
#[derive(Debug, Default)]
pub(super) struct References {
    sources: Vec<Source>,
    /// By the text of the mark.
    marks: HashMap<String, Reference>,
    /// By the code point at which the mark begins; only in older files.
    places: HashMap<usize, usize>,
}

/// What a mark refers to.
#[derive(Debug, Default, Clone)]
pub(super) struct Reference {
    /// The name of an entity, or the title of a page.
    pub(super) name: Option<String>,
    /// Indexes of sources.
    pub(super) sources: Vec<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Source {
    url: Option<String>,
    title: Option<String>,
    chunk: Option<String>,
}

#[derive(Default, Deserialize)]
struct Metadata<'a> {
    #[serde(borrow, default)]
    content_references: Option<&'a RawValue>,
    #[serde(default)]
    citations: Option<&'a RawValue>,
}

impl References {
    /// The references of a message, by its `metadata`.
    pub(super) fn of(metadata: Option<&RawValue>) -> Self {
        let metadata: Metadata<'_> = metadata.and_then(|raw| object(raw).ok()).unwrap_or_default();
        let mut references = Self::default();
        let values =
            |raw| list(raw).into_iter().filter_map(|raw| serde_json::from_str::<Value>(raw.get()).ok());
        for value in values(metadata.content_references) {
            references.add(&value);
        }
        for value in values(metadata.citations) {
            let source = value.get("metadata").and_then(|it| references.add_source(it));
            let place = value.get("start_ix").and_then(Value::as_u64).and_then(|at| usize::try_from(at).ok());
            references.places.extend(place.zip(source));
        }
        references
    }

    fn add(&mut self, value: &Value) {
        let kind = text(value, "type").unwrap_or_default();
        let is_source = !["entity", "attribution", "hidden", "image", "product", "alt_text"]
            .iter()
            .any(|other| kind.starts_with(other));
        let mut sources = Vec::new();
        if is_source {
            let items = ["items", "sources", "fallback_items"]
                .into_iter()
                .filter_map(|name| value.get(name)?.as_array());
            for item in items.flatten() {
                sources.extend(self.add_source(item));
                let more = item.get("supporting_websites").and_then(Value::as_array);
                for item in more.into_iter().flatten() {
                    sources.extend(self.add_source(item));
                }
            }
            if sources.is_empty() {
                sources.extend(self.add_source(value));
            }
        }
        sources.dedup();
        let name = ["name", "title", "alt"].into_iter().find_map(|name| text(value, name));
        let mark = value.get("matched_text").and_then(Value::as_str).unwrap_or_default();
        if mark.starts_with(['\u{e200}', '【']) {
            self.marks.entry(mark.to_owned()).or_insert(Reference { name, sources });
        }
    }

    /// Adds what has an address or a name, unless it is there already.
    fn add_source(&mut self, value: &Value) -> Option<usize> {
        let safe = || value.get("safe_urls")?.get(0)?.as_str().map(str::to_owned);
        let url = text(value, "url").or_else(safe);
        let title = ["title", "name", "attribution"].into_iter().find_map(|name| text(value, name));
        let chunk = ["snippet", "text"].into_iter().find_map(|name| text(value, name));
        let cut = |text: String, length: usize| text.chars().take(length).collect::<String>();
        self.push(Source {
            url,
            title: title.map(|title| cut(title, MAX_TITLE)),
            chunk: chunk.map(|chunk| cut(chunk, MAX_CHUNK)),
        })
    }

    /// Adds an address that only the mark names.
    pub(super) fn add_address(&mut self, url: &str, title: Option<&str>) -> Option<usize> {
        self.push(Source { url: Some(url.to_owned()), title: title.map(without_marks), chunk: None })
    }

    fn push(&mut self, source: Source) -> Option<usize> {
        if source.url.is_none() && source.title.is_none() {
            return None;
        }
        let same = |it: &Source| it.url == source.url && (it.url.is_some() || it.title == source.title);
        if let Some(at) = self.sources.iter().position(same) {
            return Some(at);
        }
        (self.sources.len() < MAX_SOURCES).then(|| {
            self.sources.push(source);
            self.sources.len() - 1
        })
    }

    /// What a mark refers to, by its text or by the code point at which it begins.
    pub(super) fn of_mark(&self, mark: &str, position: usize) -> Option<Reference> {
        let place = || self.places.get(&position).map(|at| Reference { name: None, sources: vec![*at] });
        self.marks.get(mark).cloned().or_else(place)
    }

    /// The length in bytes of the longest known mark that a text begins with.
    pub(super) fn mark_before(&self, text: &str) -> Option<usize> {
        self.marks.keys().filter(|mark| text.starts_with(mark.as_str())).map(String::len).max()
    }

    /// The id of a source in its message.
    pub(super) fn source_id(index: usize) -> String {
        format!("source-{}", index + 1)
    }

    /// The sources as parts.
    pub(super) fn into_parts(self) -> Vec<RawJson> {
        let part = |(index, source): (usize, Source)| {
            let kind = if source.url.is_some() { "url" } else { "document" };
            let mut part = json!({ "type": "source", "sourceId": Self::source_id(index), "kind": kind });
            let members = [("url", source.url), ("title", source.title), ("chunk", source.chunk)];
            if let Some(part) = part.as_object_mut() {
                part.extend(
                    members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text?.into()))),
                );
            }
            RawJson::of(&part)
        };
        self.sources.into_iter().enumerate().map(part).collect()
    }
}

/// A member that is a string and not blank, without marks.
fn text(value: &Value, name: &str) -> Option<String> {
    let text = value.get(name)?.as_str()?;
    Some(without_marks(text)).filter(|text| !text.trim().is_empty())
}
