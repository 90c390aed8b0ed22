//! What the parser finds, with the bytes each thing was found at.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// An event and its bytes in the Markdown.
pub(super) type Located<'a> = (Event<'a>, Range<usize>);

/// GitHub's Markdown without footnotes: sources are ours to number.
pub(super) fn parser(text: &str) -> Parser<'_> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    Parser::new_ext(text, options)
}

/// All of them, but for the cells with which the parser fills up short rows of a table. Of these there can be as many
/// as rows times columns, far more than there is text.
pub(super) fn of(text: &str) -> Vec<Located<'_>> {
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
