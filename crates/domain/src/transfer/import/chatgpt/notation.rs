//! ChatGPT's notation inside texts: marks for citations, entities, links and cards.
//!
//! A mark is `\u{e200}`, its kind and fields, each after `\u{e202}`, and `\u{e201}`: `\u{e200}cite\u{e202}turn0search3\u{e201}`.
//! Other characters up to `\u{e20f}` enclose cited words. Older files have `【4†source】` instead.

use contract::conversations::RawJson;
use serde_json::{Value, json};

use super::references::References;

const BEGIN: char = '\u{e200}';
const END: char = '\u{e201}';
const SEPARATOR: char = '\u{e202}';
/// The longest older mark, in bytes.
const MAX_BRACKET: usize = 200;

/// A text without its marks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PlainText {
    pub(super) text: String,
    pub(super) citations: Vec<Mark>,
}

/// Where in a text a source is cited, in code points; nothing lies between when the mark named no words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mark {
    source: usize,
    start: usize,
    end: usize,
}

impl PlainText {
    /// A part of type `text`; `None` when the text is blank.
    pub(super) fn into_part(self) -> Option<RawJson> {
        if self.text.trim().is_empty() {
            return None;
        }
        let citation = |Mark { source, start, end }: Mark| json!({ "sourceId": References::source_id(source), "start": start, "end": end });
        let citations: Vec<Value> = self.citations.into_iter().map(citation).collect();
        let mut part = json!({ "type": "text", "text": self.text });
        if let Some(members) = part.as_object_mut().filter(|_| !citations.is_empty()) {
            members.insert("citations".to_owned(), citations.into());
        }
        Some(RawJson::of(&part))
    }
}

/// A text without marks, and no citations.
pub(super) fn without_marks(text: &str) -> String {
    plain(text, &mut References::default()).text
}

/// JSON without marks in its strings.
pub(super) fn json_without_marks(value: Value) -> Value {
    match value {
        Value::String(text) => without_marks(&text).into(),
        Value::Array(items) => items.into_iter().map(json_without_marks).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (without_marks(&name), json_without_marks(value)))
            .collect(),
        other => other,
    }
}

/// A text without marks: entities and links leave their names, everything else leaves nothing but a citation.
pub(super) fn plain(text: &str, references: &mut References) -> PlainText {
    let is_special = |c: char| is_notation(c) || c == '【';
    let mut reader = Reader { rest: text, position: 0, length: 0, plain: PlainText::default() };
    while let Some(at) = reader.rest.find(is_special) {
        reader.keep(at);
        if !reader.mark(references) {
            let first = reader.rest.chars().next().unwrap_or_default();
            match first {
                SEPARATOR => {
                    let field = reader.rest.get(SEPARATOR.len_utf8()..).unwrap_or_default();
                    reader.skip(SEPARATOR.len_utf8() + id_length(field));
                }
                _ if is_notation(first) => reader.skip(first.len_utf8()),
                _ => reader.keep(first.len_utf8()),
            }
        }
    }
    reader.keep(reader.rest.len());
    reader.plain
}

/// Whether a character belongs to the notation.
pub(super) const fn is_notation(c: char) -> bool {
    matches!(c, BEGIN..='\u{e20f}')
}

struct Reader<'a> {
    rest: &'a str,
    /// Code points that were read.
    position: usize,
    /// Code points that were written.
    length: usize,
    plain: PlainText,
}

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.position += taken.chars().count();
        taken
    }

    fn keep(&mut self, bytes: usize) {
        let kept = self.take(bytes);
        self.write(kept);
    }

    fn skip(&mut self, bytes: usize) {
        let _ = self.take(bytes);
    }

    fn write(&mut self, text: &str) {
        self.plain.text.push_str(text);
        self.length += text.chars().count();
    }

    /// Reads the mark at the beginning of the rest, if there is one.
    fn mark(&mut self, references: &mut References) -> bool {
        let Some(bytes) = mark_length(self.rest, references) else { return false };
        let position = self.position;
        let mark = self.take(bytes);
        let (label, sources) = meaning(mark, position, references);
        // A mark without a name is placed behind the last word before it.
        let trailing = self.plain.text.chars().rev().take_while(|c| c.is_whitespace()).count();
        let start = if label.is_empty() { self.length - trailing } else { self.length };
        self.write(&label);
        let end = start + label.chars().count();
        self.plain.citations.extend(sources.into_iter().map(|source| Mark { source, start, end }));
        true
    }
}

/// The length in bytes of the mark at the beginning of a text.
fn mark_length(text: &str, references: &References) -> Option<usize> {
    match text.chars().next()? {
        BEGIN => {
            let inside = text.get(BEGIN.len_utf8()..)?;
            let end = inside
                .find([BEGIN, END])
                .filter(|at| inside.get(*at..).is_some_and(|it| it.starts_with(END)));
            match end {
                Some(at) => Some(BEGIN.len_utf8() + at + END.len_utf8()),
                // It was cut off: what the references know of it, or its kind and the ids after it.
                None => references.mark_before(text).or_else(|| Some(cut_off(text))),
            }
        }
        '【' => {
            let end = text.find('】').filter(|at| *at <= MAX_BRACKET)? + '】'.len_utf8();
            let mark = text.get(..end)?;
            (mark.contains('†') && !mark.contains('\n')).then_some(end)
        }
        _ => None,
    }
}

/// The length in bytes of a mark without an end: its kind, and fields that are ids or JSON.
fn cut_off(text: &str) -> usize {
    let is_kind = |c: char| c.is_ascii_lowercase() || c == '_';
    let kind = text.chars().skip(1).take_while(|c| is_kind(*c)).count();
    let mut length = BEGIN.len_utf8() + kind;
    while let Some(field) = text.get(length..).and_then(|rest| rest.strip_prefix(SEPARATOR)) {
        let field = match field.starts_with(['[', '{']) {
            true => field.find(['\n', BEGIN, SEPARATOR]).unwrap_or(field.len()),
            false => id_length(field),
        };
        if field == 0 {
            break;
        }
        length += SEPARATOR.len_utf8() + field;
    }
    length
}

/// The length of the id that a text begins with; 0 when it begins with none.
fn id_length(text: &str) -> usize {
    let length = text.chars().take_while(char::is_ascii_alphanumeric).count();
    if is_id(text.get(..length).unwrap_or_default()) { length } else { 0 }
}

/// Whether a field is an id such as `turn0search3`.
fn is_id(field: &str) -> bool {
    field.strip_prefix("turn").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// The words that a mark stands for, and the sources that it cites.
fn meaning(mark: &str, position: usize, references: &mut References) -> (String, Vec<usize>) {
    let known = references.of_mark(mark, position);
    let name = known.as_ref().and_then(|it| it.name.clone());
    let mut sources = known.map(|it| it.sources).unwrap_or_default();
    let inside = mark.trim_matches([BEGIN, END]);
    let mut fields = inside.split(|c| is_notation(c) && c != BEGIN && c != END);
    let kind = fields.next().unwrap_or_default();
    let fields: Vec<&str> = fields.filter(|field| !field.trim().is_empty()).collect();
    let words = fields.first().filter(|field| !is_id(field)).map(|field| (*field).to_owned());
    let label = match kind {
        "entity" => words.and_then(|words| entity_name(&words)).or(name),
        "url" | "link" | "link_title" | "video" => {
            let address =
                fields.iter().find(|field| field.starts_with("http://") || field.starts_with("https://"));
            if let Some(address) = address.filter(|_| sources.is_empty()) {
                sources.extend(references.add_address(address, words.as_deref()));
            }
            words.or(name)
        }
        _ => None,
    };
    (label.map(|label| label.replace(is_notation, "")).unwrap_or_default(), sources)
}

/// The name in an entity's field, such as `["people","Ada Lovelace","mathematician"]`.
fn entity_name(field: &str) -> Option<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match serde_json::from_str(field) {
        Ok(Value::Array(items)) => items.get(1).or(items.first()).and_then(text),
        Ok(Value::Object(members)) => members.get("name").and_then(text),
        Ok(Value::String(name)) => Some(name),
        Ok(_) => None,
        // Perhaps JSON that was cut off.
        Err(_) => (!field.starts_with(['[', '{'])).then(|| field.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str, references: &Value) -> (String, Vec<(usize, usize, usize)>, Vec<Value>) {
        let metadata = serde_json::value::to_raw_value(&json!({ "content_references": references })).unwrap();
        let mut references = References::of(Some(&metadata));
        let PlainText { text, citations } = plain(text, &mut references);
        let citations = citations.iter().map(|it| (it.source, it.start, it.end)).collect();
        (text, citations, references.into_parts().iter().map(|part| part.read().unwrap()).collect())
    }

    fn page(url: &str, title: &str) -> Value {
        json!({ "type": "source", "sourceId": "source-1", "kind": "url", "url": url, "title": title })
    }

    #[test]
    fn a_citation_becomes_a_source_behind_the_word_before_it() {
        let mark = "\u{e200}cite\u{e202}turn0search3\u{e201}";
        let references = json!([{
            "type": "grouped_webpages", "matched_text": mark, "start_idx": 2, "end_idx": 21,
            "items": [{ "title": "Bread", "url": "https://bread.example/" }],
        }]);
        let (text, citations, sources) = read(&format!("A {mark}"), &references);
        assert_eq!(text, "A ");
        assert_eq!(citations, [(0, 1, 1)]);
        assert_eq!(sources, [page("https://bread.example/", "Bread")]);
        // Once more, and in the middle: one source, two citations.
        let (text, citations, sources) = read(&format!("É{mark} b{mark}."), &references);
        assert_eq!((text.as_str(), citations, sources.len()), ("É b.", vec![(0, 1, 1), (0, 3, 3)], 1));
    }

    #[test]
    fn marks_show_their_names_or_nothing() {
        for (text, shown) in [
            ("A \u{e200}cite\u{e202}turn0search3\u{e202}turn1view0\u{e201}.", "A ."),
            (
                "\u{e200}entity\u{e202}[\"people\",\"Ada Lovelace\",\"mathematician\"]\u{e201} wrote",
                "Ada Lovelace wrote",
            ),
            ("\u{e200}entity\u{e202}plain\u{e201}", "plain"),
            ("\u{e200}entity\u{e202}[\"people\",\"Ada", ""),
            ("See \u{e200}url\u{e202}the manual\u{e202}turn0search1\u{e201}!", "See the manual!"),
            ("\u{e200}link_title\u{e202}Open Site\u{e202}turn0search1\u{e201}", "Open Site"),
            ("\u{e200}video\u{e202}Kneading\u{e202}turn0video2\u{e201}", "Kneading"),
            ("\u{e200}image_group\u{e202}{\"query\":[\"rye\"]}\u{e201}", ""),
            ("\u{e200}filecite\u{e202}turn0file0\u{e202}L1-L5\u{e201}", ""),
            ("\u{e200}navlist\u{e202}More\u{e202}turn0news1\u{e201}x", "x"),
            (
                "\u{e203}cited words\u{e204}\u{e200}cite\u{e202}turn0search0\u{e201} after\u{e206}",
                "cited words after",
            ),
            ("cut off \u{e200}cite\u{e202}turn0search", "cut off "),
            ("cut off \u{e200}cite\u{e202}turn0search0 and on", "cut off  and on"),
            ("two \u{e200}cite\u{e202}turn0search0\u{e200}cite\u{e202}turn0search1\u{e201}", "two "),
            ("old【4†source】 and【12†L1-L3】", "old and"),
            ("【a note】 stays, 【and this", "【a note】 stays, 【and this"),
            ("\u{e300} of another font stays", "\u{e300} of another font stays"),
        ] {
            assert_eq!(read(text, &json!([])).0, shown, "{text:?}");
            assert_eq!(without_marks(text), shown);
        }
    }

    #[test]
    fn links_and_files_are_sources_too() {
        let url = "\u{e200}url\u{e202}Tesla\u{e202}";
        let file = "\u{e200}filecite\u{e202}turn0file0\u{e201}";
        let entity = "\u{e200}entity\u{e202}turn0product1\u{e201}";
        let references = json!([
            { "type": "webpage", "title": "Tesla", "matched_text": url, "safe_urls": ["https://tesla.example/"] },
            { "type": "file", "name": "notes.pdf", "id": "file-1", "matched_text": file },
            { "type": "entity", "name": "Model Y", "matched_text": entity, "safe_urls": ["https://x.example/"] },
            { "type": "sources_footnote", "matched_text": " ", "sources": [{ "title": "End", "url": "https://end.example/" }] },
            { "type": "attribution", "matched_text": "the words", "safe_urls": [] },
            null, 5, { "items": "none" },
        ]);
        let (text, citations, sources) = read(&format!("the words {url} {file} {entity}"), &references);
        assert_eq!(text, "the words Tesla  Model Y");
        assert_eq!(citations, [(0, 10, 15), (1, 15, 15)]);
        let titles: Vec<_> =
            sources.iter().map(|it| (it["kind"].as_str().unwrap(), it["title"].as_str().unwrap())).collect();
        assert_eq!(titles, [("url", "Tesla"), ("document", "notes.pdf"), ("url", "End")]);
    }

    #[test]
    fn older_citations_are_found_by_their_place() {
        let metadata = json!({ "citations": [{
            "start_ix": 2, "end_ix": 12, "citation_format_type": "tether_og",
            "metadata": { "type": "webpage", "title": "T", "url": "https://t.example/", "text": "read" },
        }] });
        let metadata = serde_json::value::to_raw_value(&metadata).unwrap();
        let mut references = References::of(Some(&metadata));
        let found = plain("É.【4†source】", &mut references);
        assert_eq!((found.text.as_str(), found.citations.len()), ("É.", 1));
        let source: Value = references.into_parts()[0].read().unwrap();
        assert_eq!((&source["url"], &source["chunk"]), (&json!("https://t.example/"), &json!("read")));
    }

    proptest! {
        #[test]
        fn no_mark_is_left(text in "[\u{e200}\u{e201}\u{e202}\u{e203}【】† acite\"\\[\\],é0]{0,60}") {
            let references = json!([{ "matched_text": text, "items": [{ "url": "https://a.example/" }] }]);
            let (plain, citations, _) = read(&text, &references);
            prop_assert!(!plain.contains(is_notation), "{plain:?}");
            let length = plain.chars().count();
            prop_assert!(citations.iter().all(|(_, start, end)| start <= end && *end <= length));
            let untouched = text.replace(|c| is_notation(c) || c == '†', "");
            prop_assert_eq!(without_marks(&untouched), untouched.clone());
        }
    }
}
