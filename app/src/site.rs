//! The book the pages belong to.

use std::fmt::Write;

use contract::Questions;
use domain::BookLink;

/// How the author's book is called and looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Book {
    /// Above every page.
    pub name: String,
    /// Address of a picture beside the name.
    pub logo: Option<String>,
    /// The one colour, `#rrggbb`; its shades for text, buttons and dark pages are derived in `style/tokens.css`.
    pub accent: String,
    /// Pages of the author's that stand under every page: the book itself, its terms, whom to ask.
    pub links: Vec<BookLink>,
    /// The terms that readers have to accept, where the author asks for it.
    pub terms: Option<Terms>,
}

/// Terms that readers have to accept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// As the author calls it; another one is asked for anew.
    pub version: String,
    /// Their page.
    pub url: String,
    /// The page of the privacy notice.
    pub privacy_url: Option<String>,
}

impl Default for Book {
    /// Bookcloth green, and the program's own name.
    fn default() -> Self {
        Self {
            name: "Bookplate".to_owned(),
            logo: None,
            accent: "#1f5c4d".to_owned(),
            links: Vec::new(),
            terms: None,
        }
    }
}

/// Where the built site's files are.
#[derive(Debug, Clone, Copy)]
pub struct Assets {
    /// Name under which JavaScript and WASM are found in `/pkg`.
    pub output_name: &'static str,
    /// Address of the stylesheet; `None` in a build without a site.
    pub stylesheet: Option<&'static str>,
}

/// The few rules that depend on configuration: the accent, and which answer makes the form ask which question. A browser
/// without `:has()` shows such a question always.
pub(crate) fn configured_style(book: &Book, questions: &Questions) -> String {
    let mut css = format!(":root{{--accent-author:{}}}", book.accent);
    for question in questions {
        let Some(when) = &question.ask_when else { continue };
        let (other, is, name) = (quoted(&when.question), quoted(&when.is), quoted(&question.name));
        // Writing to a string does not fail.
        let _ = write!(
            css,
            "form:not(:has([name={other}] [value={is}]:checked)) .field:has([name={name}]){{display:none}}"
        );
    }
    css
}

/// A CSS string in which nothing but letters and digits stands for itself.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else {
            let _ = write!(out, "\\{:x} ", u32::from(c));
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_of_the_author_cannot_end_the_style_element() {
        assert_eq!(quoted("a\"]</style>"), "\"a\\22 \\5d \\3c \\2f style\\3e \"");
    }
}
