//! The book: its name, logo and accent colour.

use contract::LocalPath;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::{loader::Loader, source_file::SourceFile};

pub use app::Book;

/// The table `[book]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declaration {
    name: Option<Spanned<String>>,
    logo: Option<Spanned<String>>,
    accent: Option<Spanned<String>>,
}

/// The longest title, in characters; it has to fit on one line above the form.
const MAX_NAME: usize = 120;

impl Declaration {
    pub(super) fn validate(self, loader: &mut Loader<'_>, file: &SourceFile) -> Book {
        let mut book = Book::default();
        if let Some(name) = self.name {
            let trimmed = name.get_ref().trim();
            let fits = (1..=MAX_NAME).contains(&trimmed.chars().count());
            if fits && !trimmed.chars().any(char::is_control) {
                book.name = trimmed.to_owned();
            } else {
                let remedy = format!("Give the book's title on one line, at most {MAX_NAME} characters");
                file.refuse(loader, name.span().start, "book.name cannot be shown", remedy);
            }
        }
        if let Some(accent) = self.accent {
            match accent.get_ref().strip_prefix('#') {
                Some(hex) if hex.len() == 6 && hex.chars().all(|c| c.is_ascii_hexdigit()) => {
                    book.accent = accent.get_ref().to_ascii_lowercase();
                }
                _ => file.refuse(
                    loader,
                    accent.span().start,
                    "book.accent is no colour",
                    "Write #rrggbb, such as #1f5c4d",
                ),
            }
        }
        if let Some(logo) = self.logo {
            if is_image_address(logo.get_ref()) {
                book.logo = Some(logo.into_inner());
            } else {
                let remedy = "Give a path that begins with one /, an https:// URL or data:image/...";
                file.refuse(loader, logo.span().start, "book.logo is no address of an image", remedy);
            }
        }
        book
    }
}

fn is_image_address(text: &str) -> bool {
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return false;
    }
    let https = || Url::parse(text).is_ok_and(|url| url.scheme() == "https" && url.username().is_empty());
    LocalPath::parse(text).is_some()
        || text.starts_with("data:image/")
        || (text.starts_with("https://") && https())
}
