//! Attacks: classes of filter evasion, each in several spellings. A browser test reads the same file.

use serde::Deserialize;

use super::{PREFIX, citation, html, strict};
use crate::{Citation, first_line, to_html};

const CORPUS: &str = include_str!("../../../../end2end/tests/hostile-markdown.json");

#[derive(Deserialize)]
struct Attack {
    name: String,
    markdown: String,
}

fn corpus() -> Vec<Attack> {
    serde_json::from_str(CORPUS).unwrap()
}

#[test]
fn security_hostile_markdown_becomes_text_and_plain_links() {
    let corpus = corpus();
    assert!(corpus.len() >= 60);
    for Attack { name, markdown } in corpus {
        println!("{name}");
        let seen = strict::read(&to_html(&markdown, PREFIX, &[]), PREFIX);
        assert!(
            !seen.text.trim().is_empty() || seen.elements.contains(&"input".to_owned()),
            "{name} vanished"
        );
        assert!(seen.ids.is_empty(), "{name} made ids");
    }
}

#[test]
fn security_marks_break_no_markup_at_any_offset() {
    for Attack { name, markdown } in corpus() {
        println!("{name}");
        let length = markdown.chars().count();
        let step = (length / 60).max(1);
        let citations: Vec<Citation> =
            (0..=length + 1).step_by(step).map(|end| citation(end, end + 1)).collect();
        let marked = strict::read(&to_html(&markdown, PREFIX, &citations), PREFIX);
        assert_eq!(marked.ids.len(), citations.len(), "{name}");
        let plain = strict::read(&to_html(&markdown, PREFIX, &[]), PREFIX);
        assert_eq!(marked.links, plain.links, "{name}");
    }
}

#[test]
fn security_first_line_of_an_attack_is_plain_text() {
    for Attack { name, markdown } in corpus() {
        let line = first_line(&markdown, 60);
        assert!(line.chars().count() <= 60, "{name}");
        assert!(
            !line.contains(|c: char| c.is_control() || matches!(c, '\u{202A}'..='\u{202E}')),
            "{name}: {line:?}"
        );
    }
}

#[test]
fn security_no_attack_becomes_a_link() {
    for (markdown, links) in [
        ("[a](javascript:alert(1))", [].as_slice()),
        ("[a](&#106;avascript:alert(1))", &[]),
        ("[a](java&Tab;script:alert(1))", &[]),
        ("<javascript:alert(1)>", &[]),
        ("![a](data:image/png;base64,x)", &[]),
        ("[a](//evil.example)", &[]),
        ("[a](/sign-out)", &[]),
        ("https://book@evil.example and <https://book@evil.example>", &[]),
        ("[https://bank.example](javascript:alert(1))", &[]),
        ("<a href=\"https://evil.example\">a</a>", &[]),
        ("[a](https://аpple.com)", &["https://xn--pple-43d.com/"]),
        ("[![a](https://b.example)](https://c.example)", &["https://c.example/"]),
        ("[![a](https://b.example)](javascript:alert(1))", &["https://b.example/"]),
    ] {
        assert_eq!(strict::read(&html(markdown), PREFIX).links, links, "{markdown}");
    }
}

#[test]
fn security_a_citation_cannot_break_out_of_its_attributes() {
    let hostile = "\"><script>alert(1)</script>\u{202E}\0".to_owned();
    let source = Citation { end: 1, number: 1, target: hostile.clone(), title: hostile.clone() };
    let html = to_html("a", &hostile, &[source]);
    let seen = strict::read(&html, "\"><script>");
    assert_eq!(seen.text, "a1");
    assert_eq!(seen.elements, ["p", "sup", "a"]);
}

#[test]
fn security_hidden_characters_are_shown() {
    for markdown in [
        "a\u{202E}b",
        "`a\u{202E}b`",
        "    a\u{202E}b",
        "```\na\u{202E}b\n```",
        "<b a\u{202E}b>",
        "a&#x202E;b",
    ] {
        let html = html(markdown);
        assert!(html.contains("a<span class=\"mark\" title=\"U+202E\">\u{FFFD}</span>b"), "{html}");
    }
}
