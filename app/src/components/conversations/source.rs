//! The sources of a message, as footnotes.

use std::collections::HashMap;

use contract::conversations::{Citation, Part, SourcePart};
use leptos::prelude::*;
use percent_encoding::percent_decode_str;
use url::Url;

/// The sources of a message, numbered in order.
pub(super) struct Sources<'a> {
    message: &'a str,
    all: Vec<&'a SourcePart>,
    numbers: HashMap<&'a str, usize>,
}

impl<'a> Sources<'a> {
    /// Collects the sources of these parts; duplicates count once.
    pub(super) fn of(message: &'a str, parts: &'a [Part]) -> Self {
        let (mut all, mut numbers) = (Vec::new(), HashMap::new());
        for part in parts {
            let Part::Source(source) = part else { continue };
            numbers.entry(source.source_id.as_str()).or_insert_with(|| {
                all.push(source);
                all.len()
            });
        }
        Self { message, all, numbers }
    }

    /// The citation marks of a text; citations of unknown sources are dropped.
    pub(super) fn marks(&self, citations: &[Citation]) -> Vec<markdown::Citation> {
        let mark = |citation: &Citation| {
            let number = *self.numbers.get(citation.source_id.as_str())?;
            let source = self.all.get(number - 1)?;
            let title = citation.quote.clone().unwrap_or_else(|| name(source));
            Some(markdown::Citation { end: citation.end, number, target: self.target(number), title })
        };
        citations.iter().filter_map(mark).collect()
    }

    /// The list of sources below the message.
    pub(super) fn list(&self) -> Option<impl IntoView + use<>> {
        let items: Vec<_> =
            self.all.iter().zip(1..).map(|(source, number)| self.item(source, number)).collect();
        let label = format!("m-{}-sources", self.message);
        (!items.is_empty()).then(|| {
            view! {
                <h3 class="visually-hidden" id=label.clone()>"Sources"</h3>
                <ol class="sources" aria-labelledby=label>{items}</ol>
            }
        })
    }

    fn item(&self, source: &SourcePart, number: usize) -> impl IntoView + use<> {
        let address = source.url.as_deref().and_then(web_address);
        let (name, place) = names(source, address.as_ref());
        let link = match address {
            Some(address) => {
                view! { <a href=String::from(address) rel="noreferrer" dir="auto">{name}</a> }.into_any()
            }
            None => view! { <bdi>{name}</bdi> }.into_any(),
        };
        view! {
            <li id=self.target(number)>
                {link} {place.map(|place| view! { " "<span class="sources__site"><bdi>{place}</bdi></span> })}
            </li>
        }
    }

    fn target(&self, number: usize) -> String {
        format!("m-{}-source-{number}", self.message)
    }
}

/// The title of a source.
fn name(source: &SourcePart) -> String {
    let names = [&source.title, &source.filename, &source.url].map(|words| given(words.as_ref()));
    names.into_iter().flatten().next().unwrap_or_else(|| shortened(&source.source_id))
}

/// Title and location of a source in the list; the location is its address, or else its file name. Without a title the
/// location is used, once.
fn names(source: &SourcePart, address: Option<&Url>) -> (String, Option<String>) {
    let file = given(source.filename.as_ref());
    let place = address.map(place);
    match (given(source.title.as_ref()).or_else(|| file.clone()), place) {
        (None, Some(place)) => (place, None),
        (None, None) => (name(source), None),
        (Some(name), place) => {
            let place = place.or(file).filter(|place| *place != name);
            (name, place)
        }
    }
}

/// The text, unless blank.
fn given(words: Option<&String>) -> Option<String> {
    let words = words.map(|words| words.trim()).filter(|words| !words.is_empty());
    words.map(shortened)
}

fn shortened(words: &str) -> String {
    words.chars().take(200).collect()
}

/// A URL with http or https, normalized as browsers do.
pub(super) fn web_address(address: &str) -> Option<Url> {
    let url = Url::parse(&markdown::safe_address(address)?).ok()?;
    matches!(url.scheme(), "http" | "https").then_some(url)
}

/// Host, path and fragment of a URL as text: `book.example, sensors/lidar: range`.
fn place(address: &Url) -> String {
    let host = address.host_str().unwrap_or_default();
    let readable = |text: &str| {
        let text = percent_decode_str(text).decode_utf8_lossy().replace(['-', '_'], " ");
        text.chars().filter(|c| !c.is_control()).take(80).collect::<String>()
    };
    let path = readable(address.path().trim_matches('/'));
    let heading = address.fragment().map(readable).unwrap_or_default();
    let page = if path.is_empty() { host.to_owned() } else { format!("{host}, {path}") };
    if heading.is_empty() { page } else { format!("{page}: {heading}") }
}

#[cfg(test)]
mod tests {
    use contract::conversations::SourceKind;

    use super::*;

    #[test]
    fn a_place_is_the_page_and_the_heading() {
        for (address, words) in [
            (
                "https://book.example/docs/lidar-basics#the-range",
                "book.example, docs/lidar basics: the range",
            ),
            ("https://book.example/", "book.example"),
            ("https://book.example/caf%C3%A9", "book.example, café"),
        ] {
            assert_eq!(place(&web_address(address).unwrap()), words);
        }
    }

    #[test]
    fn a_source_is_named_once_and_a_file_behind_its_title() {
        let said = |title: Option<&str>, filename: Option<&str>, url: Option<&str>| {
            let owned = |it: Option<&str>| it.map(str::to_owned);
            let source = SourcePart {
                source_id: "s1".to_owned(),
                kind: SourceKind::Document,
                url: owned(url),
                title: owned(title),
                media_type: None,
                filename: owned(filename),
                chunk: None,
                score: None,
            };
            let address = source.url.as_deref().and_then(web_address);
            let (name, place) = names(&source, address.as_ref());
            [Some(name), place].into_iter().flatten().collect::<Vec<_>>().join(" | ")
        };
        let page = Some("https://book.example/docs/lidar");
        assert_eq!(said(None, None, page), "book.example, docs/lidar");
        assert_eq!(said(Some(" "), None, page), "book.example, docs/lidar");
        assert_eq!(said(Some("Lidar"), None, page), "Lidar | book.example, docs/lidar");
        assert_eq!(said(Some("Lidar"), Some("lidar.pdf"), None), "Lidar | lidar.pdf");
        assert_eq!(said(None, Some("lidar.pdf"), None), "lidar.pdf");
        assert_eq!(said(None, None, Some("javascript:alert(1)")), "javascript:alert(1)");
        assert_eq!(said(None, None, None), "s1");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        for address in ["javascript:alert(1)", "mailto:ada@example.com", "/docs", "data:text/html,x", ""] {
            assert!(web_address(address).is_none(), "{address}");
        }
    }
}
