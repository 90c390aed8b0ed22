//! Synthetic data: readers, conversations and messages, deterministic for the same numbers.

use search::{IndexText, TermPrefix, index};
use serde_json::json;

use crate::vocabulary::{Rng, Vocabulary};

/// Messages per conversation.
pub(crate) const USUAL: u64 = 20;
/// Conversations of an active reader: one full page.
pub(crate) const CONVERSATIONS: u64 = 20;
/// Maximum number of active readers.
const ACTIVE: u64 = 2_000;
/// The heavy reader's conversations, their number of messages, and the length of one more.
const HEAVY: u64 = 100;
const HEAVY_EACH: u64 = 100;
const LONG: u64 = 5_000;
/// 1 January 2025, in Unix milliseconds.
pub(crate) const BEGINNING: i64 = 1_735_689_600_000;

/// The amounts of data, without the heavy reader.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) readers: u64,
    pub(crate) messages: u64,
}

/// A conversation before its messages are generated.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    /// Its number, from 1.
    pub(crate) no: u64,
    /// The number of its reader.
    pub(crate) reader: u64,
    /// Its number of messages.
    pub(crate) messages: u64,
}

impl Plan {
    /// The number of readers with [`CONVERSATIONS`] conversations each; they come first.
    pub(crate) fn active(&self) -> u64 {
        (self.messages / USUAL / CONVERSATIONS).clamp(1, ACTIVE.min(self.readers))
    }

    /// The heavy reader's number, after all others.
    pub(crate) const fn heavy(&self) -> u64 {
        self.readers
    }

    /// All conversations, those of one reader interleaved with others', as in production.
    pub(crate) fn conversations(self) -> impl Iterator<Item = Planned> {
        let (usual, active) = (self.messages / USUAL, self.active());
        let others = self.readers.saturating_sub(active).max(1);
        let usual = (0..usual).map(move |at| {
            let is_active = at < active * CONVERSATIONS;
            let reader = if is_active { at % active } else { (active + at % others).min(self.readers - 1) };
            (reader, USUAL)
        });
        let heavy =
            (0..HEAVY).map(|_| HEAVY_EACH).chain([LONG]).map(move |messages| (self.heavy(), messages));
        usual.chain(heavy).zip(1..).map(|((reader, messages), no)| Planned { no, reader, messages })
    }
}

/// A reader's id.
pub(crate) fn reader_id(reader: u64) -> String {
    Rng::at("reader", reader, 0).uuid()
}

/// A reader's address.
pub(crate) fn email(reader: u64) -> String {
    format!("reader{reader}@bench.test")
}

impl Planned {
    /// Its id.
    pub(crate) fn id(&self) -> String {
        Rng::at("conversation", self.no, 0).uuid()
    }

    fn begun_at(&self) -> i64 {
        BEGINNING + i64::try_from(self.no).unwrap_or_default() * 40_000
    }
}

/// A conversation with its messages.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) no: u64,
    pub(crate) id: String,
    pub(crate) user_id: String,
    pub(crate) title: String,
    pub(crate) opening: String,
    pub(crate) begun_at: i64,
    pub(crate) messages: Vec<Message>,
}

/// A message.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) role: &'static str,
    /// The text, without sources.
    pub(crate) text: String,
    pub(crate) parts: String,
    pub(crate) model: Option<&'static str>,
    pub(crate) usage: Option<String>,
    pub(crate) at: i64,
    pub(crate) terms: IndexText,
}

/// Generates the messages of a conversation.
pub(crate) fn write(vocabulary: &Vocabulary, planned: &Planned) -> Conversation {
    let user_id = reader_id(planned.reader);
    let owner = TermPrefix::of(&user_id);
    let begun_at = planned.begun_at();
    let messages: Vec<Message> =
        (1..=planned.messages).map(|seq| message(vocabulary, &owner, planned, seq)).collect();
    let opening = messages.first().map(|first| opening(&first.text)).unwrap_or_default();
    let title = vocabulary.text(&mut Rng::at("title", planned.no, 0), 5);
    Conversation { no: planned.no, id: planned.id(), user_id, title, opening, begun_at, messages }
}

fn message(vocabulary: &Vocabulary, owner: &TermPrefix, planned: &Planned, seq: u64) -> Message {
    let mut rng = Rng::at("message", planned.no, seq);
    let id = rng.uuid();
    let at = planned.begun_at() + i64::try_from(seq).unwrap_or_default() * 20_000;
    let by_reader = seq % 2 == 1;
    let words = if by_reader { rng.within(8, 60) } else { rng.within(30, 160) };
    let text = vocabulary.text(&mut rng, words);
    let terms = index(owner, &text);
    let (parts, usage) = if by_reader {
        (json!([{ "type": "text", "text": text }]).to_string(), None)
    } else {
        let usage = json!({ "inputTokens": rng.within(200, 4000), "outputTokens": words * 2 });
        (answer(vocabulary, &mut rng, &text), Some(usage.to_string()))
    };
    let (role, model) = if by_reader { ("user", None) } else { ("assistant", Some("bench-1")) };
    Message { id, role, text, parts, model, usage, at, terms }
}

/// The parts of an answer: a source, and the text that cites it.
fn answer(vocabulary: &Vocabulary, rng: &mut Rng, text: &str) -> String {
    let page = rng.below(300);
    let chunk = vocabulary.text(rng, 30);
    json!([
        { "type": "source", "sourceId": "s1", "kind": "url", "url": format!("https://book.example/chapter-{page}#part"),
          "title": vocabulary.text(rng, 4), "chunk": chunk, "score": 0.83 },
        { "type": "text", "text": text, "citations": [{ "sourceId": "s1", "start": 0, "end": 40, "quote": "…" }] },
    ])
    .to_string()
}

fn opening(text: &str) -> String {
    let cut = if text.chars().nth(160).is_some() { "…" } else { "" };
    text.chars().take(160).chain(cut.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn active_readers_have_a_full_page_and_all_messages_are_there() {
        for messages in [10_000, 1_000_000] {
            let plan = Plan { readers: 10_000, messages };
            let all: Vec<Planned> = plan.conversations().collect();
            let usual = all.iter().filter(|it| it.reader != plan.heavy());
            assert_eq!(usual.map(|it| it.messages).sum::<u64>(), messages);
            for reader in [0, plan.active() - 1] {
                assert_eq!(all.iter().filter(|it| it.reader == reader).count() as u64, CONVERSATIONS);
            }
            assert_eq!(
                all.iter().filter(|it| it.reader == plan.heavy()).map(|it| it.messages).sum::<u64>(),
                15_000
            );
            assert!(all.iter().all(|it| it.reader <= plan.heavy()));
        }
    }
}
