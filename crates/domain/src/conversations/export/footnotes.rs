//! Where words come from, as footnotes that are numbered through the file.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use contract::conversations::{Citation, Part, SourcePart};

use super::{
    escape_inline::{label, link},
    markdown_safety::code_ranges,
};

/// A text with its marks.
pub(super) struct AnnotatedText {
    /// The text.
    pub(super) noted: String,
    /// The text with a letter in the place of each mark, for who asks whether it still is what it was.
    pub(super) probe: String,
    /// The marks that can stand only behind the text.
    pub(super) behind: String,
}

/// The footnotes of the message that is being written.
#[derive(Debug, Default)]
pub(super) struct Footnotes {
    /// Footnotes in the file so far.
    count: usize,
    sources: Vec<SourcePart>,
    /// Those of the message, by source and quotation.
    notes: BTreeMap<(String, Option<String>), usize>,
}

impl Footnotes {
    /// A message begins.
    pub(super) fn begin(&mut self, parts: &[Part]) {
        self.notes.clear();
        let sources = parts.iter().filter_map(|part| match part {
            Part::Source(source) => Some(source.clone()),
            _ => None,
        });
        self.sources = sources.collect();
    }

    /// A text with a mark at the end of the words each citation is about, as far as it can stand there.
    pub(super) fn place(&mut self, text: &str, citations: &[Citation]) -> AnnotatedText {
        let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
        let code = code_ranges(text);
        let mut at: BTreeMap<usize, String> = BTreeMap::new();
        let mut behind = String::new();
        for citation in citations {
            let mark = self.mark(citation);
            // Offsets count code points.
            let offset = offsets.get(citation.end).copied().unwrap_or(text.len());
            let is_in_code = code.iter().any(|range| range.contains(&offset));
            if is_in_code || !may_stand(text, offset) {
                add(&mut behind, &mark);
            } else {
                add(at.entry(offset).or_default(), &mark);
            }
        }
        let (mut noted, mut probe, mut from) = (String::new(), String::new(), 0);
        for (offset, marks) in at {
            let piece = text.get(from..offset).unwrap_or_default();
            noted.extend([piece, &marks]);
            probe.extend([piece, "x"]);
            from = offset;
        }
        let rest = text.get(from..).unwrap_or_default();
        noted.push_str(rest);
        probe.push_str(rest);
        AnnotatedText { noted, probe, behind }
    }

    /// The marks of some citations, one after the other.
    pub(super) fn marks(&mut self, citations: &[Citation]) -> String {
        let mut marks = String::new();
        for citation in citations {
            let mark = self.mark(citation);
            add(&mut marks, &mark);
        }
        marks
    }

    fn mark(&mut self, citation: &Citation) -> String {
        let Citation { source_id, quote, .. } = citation;
        let count = &mut self.count;
        let number = self.notes.entry((source_id.clone(), quote.clone())).or_insert_with(|| {
            *count += 1;
            *count
        });
        format!("[^{number}]")
    }

    /// The message is over: what its marks mean, and the sources no words are from.
    pub(super) fn end(&mut self, out: &mut String) -> fmt::Result {
        let uncited = self
            .sources
            .iter()
            .filter(|source| !self.notes.keys().any(|(cited, _)| *cited == source.source_id));
        let mut lines: Vec<String> = uncited.map(|source| format!("- {}", described(source))).collect();
        if !lines.is_empty() {
            lines.insert(0, "Sources:\n".to_owned());
        }
        let mut notes: Vec<_> = self.notes.iter().collect();
        notes.sort_by_key(|(_, number)| **number);
        if !notes.is_empty() && !lines.is_empty() {
            lines.push(String::new());
        }
        for ((source_id, quote), number) in notes {
            let source = self.sources.iter().find(|source| source.source_id == *source_id);
            let what = source.map_or_else(|| label(source_id), described);
            let quote = quote.as_ref().map(|quote| format!(": “{}”", label(quote))).unwrap_or_default();
            lines.push(format!("[^{number}]: {what}{quote}"));
        }
        if lines.is_empty() { Ok(()) } else { writeln!(out, "\n{}", lines.join("\n")) }
    }
}

/// Whether a mark means a mark in this place: it would escape, or begin a definition or a link.
fn may_stand(text: &str, offset: usize) -> bool {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    !before.ends_with('\\') && !after.starts_with([':', '(', '['])
}

fn add(marks: &mut String, mark: &str) {
    if !marks.contains(mark) {
        marks.push_str(mark);
    }
}

fn described(source: &SourcePart) -> String {
    let SourcePart { source_id, url, title, filename, .. } = source;
    let name = title.as_ref().or(filename.as_ref()).or(url.as_ref()).unwrap_or(source_id);
    url.as_ref().map_or_else(|| label(name), |url| link(name, url))
}
