//! Citations as footnotes, numbered through the file.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
};

use contract::conversations::{Citation, Part, SourcePart};

use super::{
    escape_inline::{label, link},
    markdown_safety::code_ranges,
};

/// A text with footnote marks.
pub(super) struct AnnotatedText {
    pub(super) annotated: String,
    /// The text with a letter in place of each mark, to check whether the marks change how it is parsed.
    pub(super) probe: String,
    /// The marks that cannot stand inside the text and follow it.
    pub(super) trailing: String,
}

/// The footnotes of the current message.
#[derive(Debug, Default)]
pub(super) struct Footnotes {
    /// Footnotes in the file so far.
    count: usize,
    sources: Vec<SourcePart>,
    /// The numbers of the message's footnotes, by source id and quotation.
    notes: BTreeMap<(String, Option<String>), usize>,
}

impl Footnotes {
    /// Begins a message.
    pub(super) fn begin(&mut self, parts: &[Part]) {
        self.notes.clear();
        let sources = parts.iter().filter_map(|part| match part {
            Part::Source(source) => Some(source.clone()),
            _ => None,
        });
        self.sources = sources.collect();
    }

    /// Puts a mark at the end of each cited range where Markdown allows it.
    pub(super) fn annotate(&mut self, text: &str, citations: &[Citation]) -> AnnotatedText {
        let offsets: Vec<usize> = text.char_indices().map(|(offset, _)| offset).collect();
        let code = code_ranges(text);
        let mut inside: BTreeMap<usize, String> = BTreeMap::new();
        let mut trailing = String::new();
        for citation in citations {
            let mark = self.mark(citation);
            // `end` counts code points.
            let offset = offsets.get(citation.end).copied().unwrap_or(text.len());
            let is_in_code = code.iter().any(|range| range.contains(&offset));
            if is_in_code || !allows_mark(text, offset) {
                add(&mut trailing, &mark);
            } else {
                add(inside.entry(offset).or_default(), &mark);
            }
        }
        let (mut annotated, mut probe, mut from) = (String::new(), String::new(), 0);
        for (offset, marks) in inside {
            let part = text.get(from..offset).unwrap_or_default();
            annotated.extend([part, &marks]);
            probe.extend([part, "x"]);
            from = offset;
        }
        let rest = text.get(from..).unwrap_or_default();
        annotated.push_str(rest);
        probe.push_str(rest);
        AnnotatedText { annotated, probe, trailing }
    }

    /// The marks of citations, one after another.
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

    /// Ends the message with its footnotes and the sources that it does not cite.
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

/// Whether a mark is parsed as one at this offset. A backslash before would escape it; a colon or bracket after would make
/// it a definition or a link.
fn allows_mark(text: &str, offset: usize) -> bool {
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
