//! Where citation marks stand.

use super::{PREFIX, citation, strict};
use crate::{Citation, to_html};

/// The output with each mark as `[number]`.
fn marked(text: &str, ends: &[(usize, usize)]) -> String {
    let citations: Vec<Citation> = ends.iter().map(|(end, number)| citation(*end, *number)).collect();
    let html = to_html(text, PREFIX, &citations);
    let seen = strict::read(&html, PREFIX);
    assert_eq!(seen.ids.len(), ends.len(), "{html}");
    let mut out = String::new();
    let mut parts = html.split("<sup class=\"cite\">");
    out += parts.next().unwrap();
    for part in parts {
        let (mark, after) = part.split_once("</a></sup>").unwrap();
        out += &format!("[{}]{after}", mark.rsplit_once('>').unwrap().1);
    }
    out.replace(" dir=\"auto\"", "")
        .replace(" dir=\"ltr\"", "")
        .replace(" rel=\"nofollow noopener noreferrer ugc\"", "")
}

#[test]
fn a_mark_is_a_link_with_a_name_and_an_id() {
    assert_eq!(
        to_html("ab", PREFIX, &[citation(1, 4), citation(2, 4)]),
        "<p dir=\"auto\">a<sup class=\"cite\"><a href=\"#turn-7-source-4\" id=\"turn-7-cite-4-1\" title=\"Page 4\" \
         aria-label=\"Source 4: Page 4\">4</a></sup>b<sup class=\"cite\"><a href=\"#turn-7-source-4\" \
         id=\"turn-7-cite-4-2\" title=\"Page 4\" aria-label=\"Source 4: Page 4\">4</a></sup></p>"
    );
    let untitled = Citation { end: 0, number: 1, target: "s".to_owned(), title: String::new() };
    assert!(to_html("", PREFIX, &[untitled]).contains("aria-label=\"Source 1\">1<"));
}

#[test]
fn offsets_are_code_points() {
    assert_eq!(marked("añ日🦀b", &[(2, 1), (3, 2), (4, 3), (5, 4)]), "<p>añ[1]日[2]🦀[3]b[4]</p>");
}

#[test]
fn marks_are_sorted_by_offset_and_stable() {
    assert_eq!(marked("abc", &[(3, 5), (1, 2), (1, 1), (3, 4)]), "<p>a[2][1]bc[5][4]</p>");
}

#[test]
fn a_mark_beyond_the_end_is_at_the_end() {
    assert_eq!(marked("ab\n\n", &[(99, 1), (usize::MAX, 2)]), "<p>ab[1][2]</p>");
    assert_eq!(marked("", &[(3, 1)]), "<p class=\"prose__cites\">[1]</p>");
    assert_eq!(
        marked("a\n\n[b]: https://c.example", &[(99, 1)]),
        "<p>a</p><p class=\"prose__cites\">[1]</p>"
    );
}

#[test]
fn a_mark_follows_the_last_visible_character() {
    assert_eq!(marked("One. \n\nTwo.", &[(5, 1), (7, 2)]), "<p>One.[1][2]</p><p>Two.</p>");
    assert_eq!(marked("- a\n- b", &[(3, 1), (4, 2), (7, 3)]), "<ul><li>a[1][2]</li><li>b[3]</li></ul>");
    assert_eq!(marked("a  \nb", &[(3, 1)]), "<p>a[1]<br>\nb</p>");
}

#[test]
fn a_mark_inside_emphasis_follows_the_whole_of_it() {
    for end in [5, 6, 11, 12] {
        let expected = "<p>foo <strong>bold</strong>[1] x</p>";
        assert_eq!(marked("foo **bold** x", &[(end, 1)]), expected, "{end}");
    }
    assert_eq!(marked("foo **bold** x", &[(8, 1)]), "<p>foo <strong>bo[1]ld</strong> x</p>");
    assert_eq!(marked("***a***", &[(1, 1)]), "<p><em><strong>a</strong></em>[1]</p>");
}

#[test]
fn a_mark_is_never_in_a_link_or_code() {
    for end in 1..=24 {
        let expected = "<p><a href=\"https://x.example/\">te<em>x</em>t</a>[1] b</p>";
        assert_eq!(marked("[te*x*t](https://x.example) b", &[(end, 1)]), expected, "{end}");
    }
    for end in 3..=6 {
        assert_eq!(marked("a `bc` d", &[(end, 1)]), "<p>a <code>bc</code>[1] d</p>", "{end}");
    }
    for end in 3..=11 {
        assert_eq!(
            marked("a https://b d", &[(end, 1)]),
            "<p>a <a href=\"https://b/\">https://b</a>[1] d</p>"
        );
    }
    for end in 1..=9 {
        let html = marked("```\nx\n```\n\ny", &[(end, 1)]);
        assert!(
            html.ends_with("</code></pre></div><p class=\"prose__cites\">[1]</p><p>y</p>"),
            "{end}: {html}"
        );
    }
}

#[test]
fn a_mark_does_not_split_an_entity_or_an_escape() {
    for end in 2..=6 {
        assert_eq!(marked("a&amp;b", &[(end, 1)]), "<p>a&amp;[1]b</p>", "{end}");
    }
    assert_eq!(marked("a\\*b", &[(3, 1)]), "<p>a*[1]b</p>");
    for end in 3..=7 {
        assert_eq!(marked("a <br> b", &[(end.min(6), 1)]), "<p>a &lt;br&gt;[1] b</p>", "{end}");
    }
}

#[test]
fn a_mark_between_table_cells_is_in_the_previous_one() {
    let table = "| a | b |\n|---|---|\n| c | d |\n\nx";
    for (end, cell) in
        [(3, "a[1]"), (5, "a[1]"), (7, "b[1]"), (9, "b[1]"), (15, "b[1]"), (23, "c[1]"), (29, "d[1]")]
    {
        let html = marked(table, &[(end, 1)]);
        assert!(html.contains(&format!(">{cell}</t")), "{end}: {html}");
    }
}
