//! The request scenarios.

use std::{fmt, sync::Arc};

use clap::ValueEnum;
use serde_json::json;

use crate::{
    data::Planned,
    http_connection::request,
    load::Prepared,
    readers::Reader,
    vocabulary::{Rng, Vocabulary},
};

/// A request scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Appends a message of 60 words to one of a reader's conversations.
    Append,
    /// Lists a reader's last 20 conversations.
    List,
    /// Lists the first 20 messages of a conversation.
    Read,
    /// Lists 20 messages of a conversation of 5,000, from its beginning or its end.
    ReadLong,
    /// Searches one or two words of all frequencies, among a reader's 400 messages.
    Search,
    /// Searches the same among the 15,000 messages of one reader.
    SearchHeavy,
}

impl Scenario {
    pub(crate) const ALL: [Self; 6] =
        [Self::Append, Self::List, Self::Read, Self::ReadLong, Self::Search, Self::SearchHeavy];

    /// Whether the peer supports it.
    pub(crate) const fn peer_knows(self) -> bool {
        !matches!(self, Self::Search | Self::SearchHeavy)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

/// Ranks of the search words: from one in ten words to one in 300,000, and combinations.
const QUERIES: [&[usize]; 12] =
    [&[0], &[3], &[10], &[50], &[200], &[500], &[1000], &[3000], &[0, 10], &[3, 50], &[10, 500], &[1, 2]];

/// The readers, and the API's prefix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    /// The path prefix of `/conversations`.
    pub(crate) prefix: &'a str,
    pub(crate) host: &'a str,
    /// The active readers.
    pub(crate) readers: &'a [Reader],
    pub(crate) heavy: &'a Reader,
}

impl Scenario {
    /// All requests of this scenario; connections choose among them at random.
    pub(crate) fn prepare(self, place: Place<'_>, vocabulary: &Vocabulary) -> Arc<Vec<Prepared>> {
        let usual = place.readers.iter();
        let requests: Vec<Prepared> = match self {
            Self::Append => usual
                .flat_map(|reader| reader.conversations.iter().map(move |it| (reader, it)))
                .map(|(reader, conversation)| append(place, reader, conversation, vocabulary))
                .collect(),
            Self::List => usual
                .map(|reader| get(place, reader, "/conversations?limit=20", "\"items\":[{\"id\":"))
                .collect(),
            Self::Read => usual
                .flat_map(|reader| reader.conversations.iter().map(move |it| (reader, it)))
                .map(|(reader, conversation)| read(place, reader, conversation, ""))
                .collect(),
            Self::ReadLong => {
                let longest = place.heavy.conversations.iter().max_by_key(|it| it.messages);
                let ends = [Some(""), Some("&order=desc").filter(|_| !place.prefix.is_empty())];
                longest
                    .into_iter()
                    .flat_map(|long| ends.into_iter().flatten().map(move |order| (long, order)))
                    .map(|(long, order)| read(place, place.heavy, long, order))
                    .collect()
            }
            Self::Search => usual.flat_map(|reader| searches(place, reader, vocabulary)).collect(),
            Self::SearchHeavy => searches(place, place.heavy, vocabulary).collect(),
        };
        Arc::new(requests)
    }
}

fn get(place: Place<'_>, reader: &Reader, path: &str, holds: &'static str) -> Prepared {
    let path = format!("{}{path}", place.prefix);
    Prepared {
        bytes: request("GET", &path, place.host, &[&reader.authorization()], None),
        status: 200,
        holds,
    }
}

fn read(place: Place<'_>, reader: &Reader, conversation: &Planned, order: &str) -> Prepared {
    let path = format!("/conversations/{}/messages?limit=20{order}", conversation.id());
    get(place, reader, &path, "\"items\":[{\"id\":")
}

fn append(place: Place<'_>, reader: &Reader, conversation: &Planned, vocabulary: &Vocabulary) -> Prepared {
    let path = format!("{}/conversations/{}/messages", place.prefix, conversation.id());
    let text = vocabulary.text(&mut Rng::at("append", conversation.no, 0), 60);
    let body = json!({ "role": "user", "content": text }).to_string();
    let bytes = request("POST", &path, place.host, &[&reader.authorization()], Some(&body));
    Prepared { bytes, status: 201, holds: "\"role\":\"user\"" }
}

fn searches<'a>(
    place: Place<'a>,
    reader: &'a Reader,
    vocabulary: &'a Vocabulary,
) -> impl Iterator<Item = Prepared> + 'a {
    QUERIES.iter().map(move |ranks| {
        let words: Vec<String> = ranks.iter().map(|rank| encoded(vocabulary.word(*rank))).collect();
        get(place, reader, &format!("/search?limit=20&q={}", words.join("%20")), "\"items\":[")
    })
}

/// Percent-encodes a query parameter.
fn encoded(word: &str) -> String {
    let byte = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    word.bytes().map(byte).collect()
}
