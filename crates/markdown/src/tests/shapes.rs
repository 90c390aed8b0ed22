//! What each construct looks like.

use super::{PREFIX, citation, html};
use crate::first_line;
use crate::to_html;

#[test]
fn a_rich_message_looks_like_this() {
    let text = include_str!("rich.md");
    let end = |words: &str| text[..text.find(words).unwrap() + words.len()].chars().count();
    let citations = [
        citation(end("borrow checker"), 1),
        citation(end("borrow checker"), 2),
        citation(end("`Rc`"), 1),
        citation(end("Two"), 3),
        citation(end("let x"), 2),
        citation(usize::MAX, 3),
    ];
    let html = to_html(text, PREFIX, &citations);
    super::strict::read(&html, PREFIX);
    // One block a line is easier to compare.
    insta::assert_snapshot!(html.replace("><", ">\n<"));
    assert_eq!(first_line(text, 40), "Ownership");
}

#[test]
fn headings_start_at_level_3_without_gaps() {
    let names = |text: &str| -> Vec<String> {
        let seen = super::strict::read(&to_html(text, PREFIX, &[]), PREFIX);
        seen.elements.into_iter().filter(|name| name.starts_with('h')).collect()
    };
    assert_eq!(names("# a\n## b\n### c\n#### d\n##### e\n###### f"), ["h3", "h4", "h5", "h6", "h6", "h6"]);
    assert_eq!(names("### a\n##### b\n### c\n# d\n### e"), ["h3", "h4", "h3", "h3", "h4"]);
}

#[test]
fn a_block_has_its_own_direction_and_a_quote_that_of_its_first_block() {
    assert_eq!(html("a"), "<p dir=\"auto\">a</p>");
    assert_eq!(html("> a\n>\n> b"), "<blockquote dir=\"auto\"><p>a</p><p dir=\"auto\">b</p></blockquote>");
    assert_eq!(
        html("- a\n\n  b"),
        "<ul dir=\"auto\"><li dir=\"auto\"><p>a</p><p dir=\"auto\">b</p></li></ul>"
    );
    assert_eq!(
        html("- a\n  > b"),
        "<ul dir=\"auto\"><li dir=\"auto\">a<blockquote dir=\"auto\"><p>b</p></blockquote></li></ul>"
    );
}

#[test]
fn code_block_names_its_language() {
    for (info, language) in [
        ("rust", Some("rust")),
        ("c++", Some("c++")),
        ("rust,ignore", Some("rust")),
        ("c# numbered", Some("c#")),
        ("", None),
        ("\"x", None),
        ("rüst", None),
        ("abcdefghijklmnopqrstuvwxyz12345", None),
    ] {
        let html = html(&format!("```{info}\na < b\n```"));
        let (tag, name) = language.map_or((String::new(), String::new()), |language| {
            (format!("<span class=\"code__lang\">{language}</span>"), format!(", {language}"))
        });
        assert_eq!(
            html,
            format!(
                "<div class=\"code\"><div class=\"code__head\">{tag}</div><pre class=\"code__box\" tabindex=\"0\" \
                 role=\"group\" aria-label=\"Code{name}\" dir=\"ltr\"><code>a &lt; b\n</code></pre></div>"
            )
        );
    }
}

#[test]
fn urls_in_text_are_links() {
    let link = |href: &str, text: &str| {
        format!("<a href=\"{href}\" rel=\"nofollow noopener noreferrer ugc\">{text}</a>")
    };
    let cases = [
        (
            "See https://a.example/b_c_d?e=1&f=2.",
            format!(
                "See {}.",
                link("https://a.example/b_c_d?e=1&amp;f=2", "https://a.example/b_c_d?e=1&amp;f=2")
            ),
        ),
        (
            "x&amp;https://a.example/&amp;y z",
            format!("x&amp;{} z", link("https://a.example/&amp;y", "https://a.example/&amp;y")),
        ),
        (
            "**https://a.example/**",
            format!("<strong>{}</strong>", link("https://a.example/", "https://a.example/")),
        ),
        (
            "https://a.example/ https://b.example/",
            format!(
                "{} {}",
                link("https://a.example/", "https://a.example/"),
                link("https://b.example/", "https://b.example/")
            ),
        ),
        ("`https://a.example/`", "<code dir=\"ltr\">https://a.example/</code>".to_owned()),
        ("[https://a.example/](/b)", "https://a.example/".to_owned()),
        ("<a@b.example>", link("mailto:a@b.example", "a@b.example")),
        ("[](https://a.example/)", link("https://a.example/", "https://a.example/")),
        ("[&#8203;](https://a.example/)", link("https://a.example/", "\u{200B}https://a.example/")),
        ("![a *b*](https://a.example/)", link("https://a.example/", "Image: a <em>b</em>")),
        ("![](https://a.example/)", link("https://a.example/", "Image")),
        ("![a](b.png)", "Image: a".to_owned()),
    ];
    for (text, expected) in cases {
        assert_eq!(html(text), format!("<p dir=\"auto\">{expected}</p>"), "{text}");
    }
}

#[test]
fn raw_html_is_text_on_its_own_lines() {
    assert_eq!(
        html("<div>\n<b>a</b>\n</div>\n\nx <i>y</i> <https"),
        "<p class=\"prose__raw\" dir=\"auto\">&lt;div&gt;\n&lt;b&gt;a&lt;/b&gt;\n&lt;/div&gt;</p>\
         <p dir=\"auto\">x &lt;i&gt;y&lt;/i&gt; &lt;https</p>"
    );
}

#[test]
fn a_table_without_rows_or_with_short_rows_is_well_formed() {
    let short = html("| a | |\n|--:|---|\n| b |\n| | c |\n| d | e | f |");
    assert!(short.contains("<th scope=\"col\" class=\"prose__end\">a</th><td dir=\"auto\"></td>"), "{short}");
    assert!(short.contains("<tr><td class=\"prose__end\" dir=\"auto\">b</td></tr>"), "{short}");
    assert!(!html("| a |\n|---|").contains("tbody"));
}

#[test]
fn lists_nested_too_deeply_continue_as_text() {
    let text =
        (0..60).fold(String::new(), |text, depth| format!("{text}{}- item {depth}\n", "  ".repeat(depth)));
    let seen = super::strict::read(&to_html(&text, PREFIX, &[]), PREFIX);
    assert_eq!(seen.elements.iter().filter(|name| *name == "ul").count(), 32);
    assert!((0..60).all(|depth| seen.text.contains(&format!("item {depth}"))));
}

#[test]
fn a_line_with_too_many_markers_keeps_its_text() {
    let marks = "> ".repeat(150);
    let seen = super::strict::read(&to_html(&format!("{marks}end"), PREFIX, &[]), PREFIX);
    assert_eq!(seen.text, format!("{}end", "> ".repeat(50)));
    let code = html(&format!("```\n{}\n```", ">".repeat(150)));
    assert!(
        code.contains(&"&gt;".repeat(150)) && !code.contains('x'.to_string().repeat(2).as_str()),
        "{code}"
    );
}
