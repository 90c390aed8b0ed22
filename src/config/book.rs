//! The book: its name, logo and accent colour.

use contract::{LocalPath, routes};
use domain::BookLink;
use serde::Deserialize;
use toml::Spanned;
use url::Url;

use super::{contact::contact_uri, loader::Loader, origin::PublicOrigin, source_file::SourceFile};

pub use app::{Book, Terms};

/// The table `[book]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declaration {
    name: Option<Spanned<String>>,
    logo: Option<Spanned<String>>,
    accent: Option<Spanned<String>>,
    url: Option<Spanned<String>>,
    terms_url: Option<Spanned<String>>,
    privacy_url: Option<Spanned<String>>,
    imprint_url: Option<Spanned<String>>,
    support: Option<Spanned<String>>,
    terms_version: Option<Spanned<String>>,
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
        let pages = [
            ("url", "The book", self.url),
            ("terms_url", TERMS, self.terms_url),
            ("privacy_url", PRIVACY, self.privacy_url),
            ("imprint_url", "Imprint", self.imprint_url),
        ];
        book.links = links(loader, file, pages, self.support);
        if let Some(version) = self.terms_version {
            book.terms = terms(loader, file, version, &book.links);
        }
        book
    }
}

/// The labels of the pages that readers accept.
const TERMS: &str = "Terms";
const PRIVACY: &str = "Privacy";
/// The longest name of a version of the terms.
const MAX_VERSION: usize = 40;

fn is_version(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=MAX_VERSION).contains(&text.len()) && text.chars().all(plain)
}

/// The terms that readers have to accept.
fn terms(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    version: Spanned<String>,
    links: &[BookLink],
) -> Option<Terms> {
    let at = version.span().start;
    let page = |label| links.iter().find(|link| link.label == label).map(|link| link.url.clone());
    let Some(url) = page(TERMS) else {
        let problem = "book.terms_version asks readers to accept terms that have no address";
        file.refuse(loader, at, problem, "Give terms_url, too");
        return None;
    };
    if !is_version(version.get_ref()) {
        let remedy = format!(
            "Give a date or a number such as 2026-11-30, at most {MAX_VERSION} letters, digits, - _ and ."
        );
        file.refuse(loader, at, "book.terms_version is no name of a version", remedy);
        return None;
    }
    Some(Terms { version: version.into_inner(), url, privacy_url: page(PRIVACY) })
}

/// Refuses terms at the address of our own page that asks to accept them: nobody could read them there.
pub(super) fn check_terms_page(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    book: &Book,
    origin: Option<&PublicOrigin>,
) {
    let is_ours = |terms: &Terms| {
        let page = Url::parse(&terms.url).ok();
        page.is_some_and(|page| {
            origin.is_some_and(|origin| page.origin().ascii_serialization() == origin.as_str())
                && page.path().trim_end_matches('/') == routes::TERMS
        })
    };
    if book.terms.as_ref().is_some_and(is_ours) {
        let problem = "book.terms_url is Bookplate's own page, which asks readers to accept the terms";
        loader.refuse(&file.name, problem, "Give the address of the page that has their text");
    }
}

/// The author's pages, in the order in which they are shown.
fn links(
    loader: &mut Loader<'_>,
    file: &SourceFile,
    pages: [(&str, &'static str, Option<Spanned<String>>); 4],
    support: Option<Spanned<String>>,
) -> Vec<BookLink> {
    let mut links = Vec::new();
    for (key, label, page) in pages {
        let Some(page) = page else { continue };
        if let Some(url) = page_address(page.get_ref()) {
            links.push(BookLink { label, url });
        } else {
            let problem = format!("book.{key} is no address of a page");
            file.refuse(loader, page.span().start, &problem, "Give the https:// address of a page");
        }
    }
    if let Some(support) = support {
        if let Some(url) = contact_uri(support.get_ref()) {
            links.push(BookLink { label: "Support", url });
        } else {
            let remedy = "Give an address such as help@example.org, or the https:// address of a page";
            file.refuse(loader, support.span().start, "book.support reaches nobody", remedy);
        }
    }
    links
}

/// An absolute address, because mails hold it, too; without TLS only on this machine, where a book is tried.
fn page_address(text: &str) -> Option<String> {
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url = Url::parse(text).ok().filter(|url| url.username().is_empty() && url.password().is_none())?;
    let is_local = url.host_str().is_some_and(|host| host == "localhost" || host == "127.0.0.1");
    let is_page = url.scheme() == "https" || (url.scheme() == "http" && is_local);
    (is_page && url.has_host()).then(|| url.to_string())
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
