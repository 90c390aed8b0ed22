//! The parser's events with their byte ranges.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// An event and its byte range in the Markdown.
pub(super) type Located<'a> = (Event<'a>, Range<usize>);

/// A parser of GitHub's Markdown without footnotes, because citations are numbered here.
pub(super) fn parser(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(text, options)
}

/// All events except the empty cells that the parser adds to short table rows, of which there can be far more than text.
pub(super) fn events(text: &str) -> Vec<Located<'_>> {
    let mut row_end = None;
    parser(text)
        .into_offset_iter()
        .filter(|(event, range)| match event {
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                row_end = Some(range.end);
                true
            }
            Event::Start(Tag::TableCell) | Event::End(TagEnd::TableCell) => {
                !range.is_empty() || row_end != Some(range.end)
            }
            _ => true,
        })
        .collect()
}
