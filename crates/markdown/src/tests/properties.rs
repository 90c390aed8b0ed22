//! What holds for every text.

use proptest::prelude::*;
use pulldown_cmark::Event;

use super::{PREFIX, strict};
use crate::events;
use crate::{Citation, first_line, to_html};

/// Pieces from which Markdown and attacks on it are made.
const PIECES: &[&str] = &[
    "*",
    "**",
    "_",
    "~~",
    "`",
    "``",
    "```",
    "~~~",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "  ",
    "    ",
    "\t",
    "> ",
    "- ",
    "1. ",
    "- [x] ",
    "# ",
    "### ",
    "|",
    "|---|---|",
    "\n|-|\n",
    "---",
    "===",
    "[",
    "]",
    "(",
    ")",
    "](",
    "![",
    "]: ",
    "<",
    ">",
    "</",
    "/>",
    "<b>",
    "<script>",
    "</script>",
    "<!--",
    "-->",
    "<?",
    "<![CDATA[",
    "\"",
    "'",
    "=",
    "&",
    ";",
    "&amp;",
    "&#x202e;",
    "&quot;",
    "\\",
    "\\\\",
    ":",
    "//",
    "https://a.example/",
    "http://",
    "https://b@c.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "mailto:",
    "<a@b.example>",
    "www.",
    "@",
    "\u{202E}",
    "\u{2066}",
    "\u{200F}",
    "\0",
    "\u{1}",
    "\u{2028}",
    "é",
    "日本",
    "שלום",
    "🦀",
    "a",
    "word",
    "x y",
    "!",
    "#",
    ".",
    "onclick=alert(1)",
    "style=",
    "[a]",
    "[a]: https://d.example \"t\"\n",
    "\n\n[a]: javascript:x\n\n",
];

fn markdown() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

fn citations() -> impl Strategy<Value = Vec<Citation>> {
    let citation = (0..150_usize, 0..4_usize, ".{0,5}", ".{0,5}");
    let citation = citation.prop_map(|(end, number, target, title)| Citation { end, number, target, title });
    proptest::collection::vec(citation, 0..6)
}

/// Letters and digits, of which no markup consists: they can neither vanish nor come from nowhere.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// All text the parser found, in its order.
fn parsed(text: &str) -> String {
    events::parser(text)
        .filter_map(|event| match event {
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => {
                Some(letters(&text))
            }
            Event::Start(pulldown_cmark::Tag::Image { .. }) => Some("Image".to_owned()),
            _ => None,
        })
        .collect()
}

fn holds(text: &str, citations: &[Citation]) -> Result<(), TestCaseError> {
    let plain = strict::read(&to_html(text, PREFIX, &[]), PREFIX);
    let expected = parsed(text);
    // Links without words and names of languages are the only text we add.
    if plain.elements.iter().all(|name| name != "pre") && !plain.text.contains("https:") {
        prop_assert_eq!(letters(&plain.text), expected);
    } else {
        let text = letters(&plain.text);
        let mut rest = text.chars();
        prop_assert!(expected.chars().all(|c| rest.any(|other| other == c)), "{} in {}", expected, text);
    }
    let marked = strict::read(&to_html(text, PREFIX, citations), PREFIX);
    prop_assert_eq!(marked.ids.len(), citations.len());
    prop_assert_eq!(marked.links, plain.links);
    let line = first_line(text, 20);
    prop_assert!(line.chars().count() <= 20 && !line.contains(char::is_control), "{:?}", line);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn security_output_of_markup_fragments_is_inert_and_complete(text in markdown(), citations in citations()) {
        holds(&text, &citations)?;
    }

    #[test]
    fn security_output_of_any_text_is_inert_and_complete(text in any::<String>(), citations in citations()) {
        holds(&text, &citations)?;
    }

    #[test]
    fn text_without_markup_stays_as_it_is(words in proptest::collection::vec("[a-zA-Zéßñ日本語שלום]{1,8}", 1..12)) {
        let text = words.join(" ");
        let html = to_html(&text, PREFIX, &[]);
        prop_assert_eq!(html, format!("<p dir=\"auto\">{}</p>", text));
    }
}
