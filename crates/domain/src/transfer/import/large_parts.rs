//! Texts that are too long for one part, split over several.

use contract::conversations::{Citation, RawJson};
use serde_json::{Map, Value, json};

use super::super::code_fence::OpenFence;

/// Bytes of a part that its text leaves to a code fence that is closed and opened again.
const FENCE: usize = 256;

/// The parts, with each text of more than `max` bytes of JSON split over several. Parts of other types, and texts that cannot be
/// split, stay as they are.
pub(super) fn split(parts: Vec<RawJson>, max: usize) -> Vec<RawJson> {
    let pieces = parts.into_iter().flat_map(|part| {
        if part.as_str().len() <= max {
            return vec![part];
        }
        pieces(&part, max).unwrap_or_else(|| vec![part])
    });
    pieces.collect()
}

fn pieces(part: &RawJson, max: usize) -> Option<Vec<RawJson>> {
    let mut members: Map<String, Value> = part.read().ok()?;
    let kind = members.get("type")?.as_str()?.to_owned();
    let member = match kind.as_str() {
        "text" | "reasoning" => "text",
        "tool-call" => "input",
        "tool-result" => "output",
        _ => return None,
    };
    let text = match members.get_mut(member)?.take() {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let citations =
        members.remove("citations").and_then(|it| serde_json::from_value::<Vec<Citation>>(it).ok());
    let citations = citations.unwrap_or_default();
    let around = RawJson::of(&members).as_str().len() + citations_size(&citations);
    let room = max.checked_sub(around + FENCE).filter(|room| *room >= FENCE)?;
    let is_markdown = kind == "text";
    let (mut pieces, mut rest, mut start) = (Vec::new(), text.as_str(), 0);
    let mut fence: Option<OpenFence> = None;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at_checked(cut(rest, room))?;
        let length = piece.chars().count();
        let opening = fence.as_ref().map(OpenFence::opening).unwrap_or_default();
        if is_markdown {
            fence = OpenFence::after(fence.take(), piece).filter(|fence| fence.opening().len() < FENCE / 2);
        }
        let closing = fence.as_ref().filter(|_| !behind.is_empty());
        let closing = closing.map(|fence| fence.closing(piece)).unwrap_or_default();
        let moved = (start, start + length, opening.chars().count());
        let own = citations_within(&citations, moved);
        members.insert(member.to_owned(), Value::String(format!("{opening}{piece}{closing}")));
        if own.is_empty() {
            members.remove("citations");
        } else {
            members.insert("citations".to_owned(), Value::Array(own));
        }
        pieces.push(RawJson::of(&members));
        (rest, start) = (behind, start + length);
    }
    Some(pieces)
}

fn citations_size(citations: &[Citation]) -> usize {
    let length =
        |it: &Citation| 80 + it.source_id.len() + it.quote.as_ref().map_or(0, |quote| 2 * quote.len());
    citations.iter().map(length).sum()
}

/// The citations that end in a piece of the text, with their offsets in it.
fn citations_within(citations: &[Citation], (start, end, shift): (usize, usize, usize)) -> Vec<Value> {
    let within = citations.iter().filter(|it| (it.end > start || start == 0) && it.end <= end);
    let moved = within.map(|it| {
        let offset = |at: usize| at.saturating_sub(start) + shift;
        let mut citation = json!({
            "sourceId": it.source_id, "start": offset(it.start), "end": offset(it.end),
        });
        if let (Some(quote), Some(members)) = (&it.quote, citation.as_object_mut()) {
            members.insert("quote".to_owned(), quote.clone().into());
        }
        citation
    });
    moved.collect()
}

/// Where to cut a text so that its JSON has at most so many bytes: after a paragraph, a line or a word where one ends in the
/// second half, else anywhere between two characters.
fn cut(text: &str, room: usize) -> usize {
    let mut size = 0;
    let fits = text.char_indices().find(|(_, c)| {
        size += json_size(*c);
        size > room
    });
    let Some((end, _)) = fits else { return text.len() };
    let head = text.get(..end).unwrap_or_default();
    let last = |what: &str| head.rfind(what).map(|at| at + what.len()).filter(|at| *at > end / 2);
    last("\n\n").or_else(|| last("\n")).or_else(|| last(" ")).unwrap_or(end)
}

/// The bytes of a character in a JSON string.
const fn json_size(c: char) -> usize {
    match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\u{0}'..='\u{1f}' => 6,
        _ => c.len_utf8(),
    }
}

#[cfg(test)]
mod tests {
    use contract::conversations::{Part, plain_text};
    use proptest::prelude::*;

    use super::*;

    fn text_part(text: &str) -> RawJson {
        RawJson::of(&json!({ "type": "text", "text": text }))
    }

    fn texts(parts: &[RawJson]) -> Vec<String> {
        parts.iter().map(|part| plain_text(&[Part::read(part).unwrap()])).collect()
    }

    #[test]
    fn a_long_text_is_cut_between_paragraphs() {
        let paragraph = format!("{}\n\n", "word ".repeat(100));
        let parts = split(vec![text_part(&paragraph.repeat(10))], 2000);
        let texts = texts(&parts);
        assert_eq!(texts.concat(), paragraph.repeat(10));
        assert!(texts.len() > 3 && texts.iter().all(|text| text.ends_with("\n\n")), "{texts:?}");
    }

    #[test]
    fn a_code_block_that_is_cut_is_closed_and_opened_again() {
        let code = format!("See:\n\n````rust\n{}````\nDone.", "let a = `b`;\n```\n".repeat(200));
        let parts = split(vec![text_part(&code)], 1500);
        let texts = texts(&parts);
        assert!(texts.len() > 2);
        assert!(texts[0].ends_with("\n````"), "{}", texts[0]);
        for text in &texts[1..] {
            assert!(text.starts_with("````rust\n"), "{text}");
        }
        assert!(texts.last().unwrap().ends_with("````\nDone."));
    }

    #[test]
    fn citations_stay_at_their_words() {
        let text = "é".repeat(1000);
        let cited =
            |start: usize, end: usize| json!({ "sourceId": "s", "start": start, "end": end, "quote": "q" });
        let part = RawJson::of(
            &json!({ "type": "text", "text": text, "citations": [cited(0, 5), cited(700, 990), cited(1000, 1000)] }),
        );
        let parts = split(vec![part], 1200);
        let mut found = Vec::new();
        let mut start = 0;
        for part in &parts {
            let Part::Text { text, citations } = Part::read(part).unwrap() else { panic!() };
            found.extend(citations.iter().map(|it| start + it.end));
            start += text.chars().count();
        }
        assert_eq!((start, found), (1000, vec![5, 990, 1000]));
    }

    #[test]
    fn what_goes_into_tools_and_comes_out_is_split_too() {
        for (kind, member) in [("tool-call", "input"), ("tool-result", "output"), ("reasoning", "text")] {
            let part = json!({ "type": kind, "toolCallId": "c", "toolName": "t", member: "x".repeat(3000) });
            let parts = split(vec![RawJson::of(&part)], 2000);
            assert_eq!(parts.len(), 2, "{kind}");
            assert!(
                parts.iter().all(|part| part.as_str().len() <= 2000 && Part::read(part).is_ok()),
                "{kind}"
            );
        }
        let other = RawJson::of(&json!({ "type": "data-x", "text": "x".repeat(3000) }));
        assert_eq!(split(vec![other.clone()], 2000), [other]);
    }

    proptest! {
        #[test]
        fn pieces_fit_and_add_up(text in "[a-z\\n\"\\\\é\u{1} \u{1f600}]{0,3000}", max in 700..1500_usize) {
            let parts = split(vec![text_part(&text)], max);
            prop_assert!(parts.iter().all(|part| part.as_str().len() <= max));
            prop_assert_eq!(texts(&parts).concat(), text);
        }
    }
}
