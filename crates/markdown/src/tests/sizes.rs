//! The output grows with the text and not faster, whatever the text.

use pulldown_cmark::Event;

use super::{PREFIX, citation, strict};
use crate::{Citation, to_html};
use crate::{events, parser_limits};

/// Text that is repeated up to a length.
const REPEATED: &[&str] = &[
    "[",
    "![",
    "*",
    "*a ",
    "**a *b ",
    "_",
    "~~a ",
    ">",
    "> ",
    "- ",
    "1. ",
    "> - ",
    "`",
    "``a ",
    "```\n",
    "<a",
    "<a b='",
    "<!--",
    "<?",
    "&",
    "&#0;",
    "\u{202E}",
    "\"",
    "\\",
    "[a](",
    "[a](b",
    "](",
    "[a][",
    "[a]: b\n",
    "[^a]",
    "| ",
    "|-",
    "a|\n",
    "|-\n",
    "- [x] ",
    "#\n",
    "---\n",
    "a\n-\n",
    "\n",
    "\r",
    "<b>",
    "<div>\n\n",
    "<script>\n",
    "https://a.b ",
    "http://",
    "https://a.b/)",
    "https://a@b ",
    "://",
    "<a@b.c>",
    "<https://a.b>",
    "[](https://a.b)",
    "![](x)",
    "\t- ",
    "- a\n\n",
];

/// The most that one byte of text can become: a link of the shortest address, or a mark for a hidden character.
const PER_BYTE: usize = 60;

fn repeated(piece: &str, length: usize) -> String {
    piece.repeat(length / piece.len())
}

/// Texts that are not simple repetitions, at about this length.
fn composed(length: usize) -> Vec<(&'static str, String)> {
    let half = length / 2;
    vec![
        ("links in links", repeated("[", half) + &repeated("](https://a.b)", half)),
        ("images in images", repeated("![", half) + &repeated("](https://a.b)", half)),
        ("deep quotes that go on", repeated("> ", half) + "a\n" + &repeated("b\n", half)),
        ("deep lists that go on", repeated("- ", half) + "a\n" + &repeated("b\n", half)),
        ("deep lists and empty lines", repeated("- ", half) + "a" + &repeated("\n", half)),
        (
            "one definition, used often",
            format!("[a]: <https://a.b/{}>\n\n{}", repeated("&", half), repeated("[a]", half)),
        ),
        (
            "one definition that may be linked to, used often",
            format!("[a]: <https://a.b/{}>\n\n{}", "&".repeat(1500), repeated("[a]", length)),
        ),
        (
            "a wide table of short rows",
            repeated("|a", half / 2) + "|\n" + &repeated("|-", half / 2) + "|\n" + &repeated("|b\n", half),
        ),
        (
            "many tables of short rows",
            repeated(&format!("{}\n{}\n{}\n", "|a".repeat(60), "|-".repeat(60), "b\n".repeat(120)), length),
        ),
        (
            "lists by indentation",
            (0..)
                .scan(0, |sum, depth| {
                    *sum += 2 * depth + 4;
                    (*sum < length).then(|| format!("{}- a\n", "  ".repeat(depth)))
                })
                .collect(),
        ),
        (
            "longer and longer code",
            (1..)
                .scan(0, |sum, count| {
                    *sum += count + 1;
                    (*sum < length).then(|| "`".repeat(count) + " ")
                })
                .collect(),
        ),
    ]
}

#[test]
fn output_size_is_bounded_by_a_multiple_of_the_input() {
    let length = 10_000;
    let repetitions = REPEATED.iter().map(|piece| (*piece, repeated(piece, length)));
    for (name, text) in repetitions.chain(composed(length)) {
        let html = to_html(&text, PREFIX, &[]);
        let seen = strict::read(&html, PREFIX);
        println!("{name:?}: {} from {}, {} deep", html.len(), text.len(), seen.depth);
        assert!(html.len() <= PER_BYTE * text.len(), "{name:?}: {} from {}", html.len(), text.len());
        // Quotes and lists, items between them, emphasis, and a few of everything else.
        assert!(seen.depth <= 2 * 32 + 32 + 8, "{name:?} is {} deep", seen.depth);
    }
}

/// Half a list may still fit where a whole one does not, so it is not always exactly twice; a square would be four times.
#[test]
fn output_size_is_linear() {
    let growth = |short: &str, long: &str| {
        let [short, long] = [short, long].map(|text| to_html(text, PREFIX, &[]).len());
        f64::from(u32::try_from(long).unwrap()) / f64::from(u32::try_from(short.max(1000)).unwrap())
    };
    for piece in REPEATED {
        let factor = growth(&repeated(piece, 10_000), &repeated(piece, 20_000));
        assert!(factor < 2.5, "{piece:?} grows by {factor}");
    }
    for ((name, short), (_, long)) in composed(10_000).into_iter().zip(composed(20_000)) {
        let factor = growth(&short, &long);
        assert!(factor < 2.5, "{name} grows by {factor}");
    }
}

#[test]
fn number_of_events_is_bounded() {
    let length = 10_000;
    let repetitions = REPEATED.iter().map(|piece| (*piece, repeated(piece, length)));
    for (name, text) in repetitions.chain(composed(length)) {
        let (mut found, mut depth, mut deepest) = (0, 0_usize, 0);
        for event in events::parser(&parser_limits::limited(&text)) {
            found += 1;
            match event {
                Event::Start(_) => depth += 1,
                Event::End(_) => depth -= 1,
                _ => {}
            }
            deepest = deepest.max(depth);
        }
        // Twice for the cells that may be filled in, and what is there: the start and end of something, and text.
        assert!(found <= 2 * (length + 4096) + 4 * length, "{name:?}: {found} from {}", text.len());
        // Lists and their items, from one line or by indentation; a few images.
        assert!(name == "images in images" || deepest <= 2 * 200, "{name:?} is {deepest} deep");
    }
}

#[test]
fn many_marks_on_hostile_text_are_all_written() {
    for (name, text) in composed(10_000) {
        let citations: Vec<Citation> = (0..2000).map(|index| citation(index * 10, index % 7)).collect();
        let seen = strict::read(&to_html(&text, PREFIX, &citations), PREFIX);
        assert_eq!(seen.ids.len(), citations.len(), "{name}");
    }
}
