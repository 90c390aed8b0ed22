//! How many messages a conversation has, and which of them are shown.

use leptos::{prelude::*, web_sys::Element};

use super::dom::inside;

/// How many messages there are, in words.
pub(crate) fn counted(count: i64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

/// Which of them are shown, in words.
pub(crate) fn placed(first: &str, last: &str, count: i64) -> String {
    if first == last {
        format!("Message {first} of {count}")
    } else {
        format!("Messages {first} to {last} of {count}")
    }
}

/// Says how many messages there are, now that there is one with this number.
#[expect(clippy::cast_possible_truncation, reason = "a number of JavaScript; it counts messages")]
pub(super) fn say_count(seq: Option<f64>) {
    let Some(count) = seq.map(|seq| seq as i64).filter(|seq| *seq > count()) else { return };
    if let Some(counting) = counting() {
        let _ = counting.set_attribute("data-count", &count.to_string());
        counting.set_text_content(Some(&counted(count)));
    }
}

/// Says which messages are shown, where they are not all of them.
pub(super) fn say_place(root: &Element) {
    let (Some(place), Some(messages)) = (inside(root, "[data-position]"), inside(root, "[data-messages]"))
    else {
        return;
    };
    let of = |turn: Option<Element>| turn.and_then(|turn| turn.get_attribute("data-seq")).unwrap_or_default();
    let (first, last) = (of(messages.first_element_child()), of(messages.last_element_child()));
    place.set_text_content(Some(&placed(&first, &last, count())));
}

fn counting() -> Option<Element> {
    document().query_selector("[data-count]").ok().flatten()
}

fn count() -> i64 {
    let count = counting().and_then(|counting| counting.get_attribute("data-count"));
    count.and_then(|count| count.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_messages_are_words() {
        assert_eq!([counted(0), counted(1), counted(300)], ["0 messages", "1 message", "300 messages"]);
        assert_eq!(placed("271", "300", 300), "Messages 271 to 300 of 300");
        assert_eq!(placed("1", "1", 31), "Message 1 of 31");
    }
}
