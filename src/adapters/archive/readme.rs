//! The README of the archive.

use askama::Template;
use domain::export::Export;

/// Plain text with short lines, which every machine can show.
#[derive(Template)]
#[template(path = "archive/README.txt")]
struct Readme {
    book: String,
    address: String,
    version: u32,
    day: String,
    time: String,
}

pub(super) fn render(export: &Export) -> askama::Result<String> {
    let readme = Readme {
        book: one_line(&export.book.name),
        address: one_line(&export.book.address),
        version: export.version,
        day: export.exported_at.day(),
        time: export.exported_at.iso().get(11..16).unwrap_or_default().to_owned(),
    };
    readme.render()
}

fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}
