//! What kind of file it is, and the conversations in it.

use std::fmt;

use contract::{Code, Problem, Problems, Reason};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    super::export::{FORMAT, VERSION},
    Why, error_in_words,
};

/// Whose conversations they are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Ours.
    Own,
    /// ChatGPT's: a tree of nodes each.
    ChatGpt,
}

/// More conversations than any file has.
const MOST: usize = 100_000;

/// Some list, bounded.
struct Entries<'a>(Vec<&'a RawValue>);

#[derive(Deserialize)]
struct ImportFile<'a> {
    #[serde(borrow, default, deserialize_with = "there")]
    format: Option<&'a RawValue>,
    #[serde(default)]
    version: Option<&'a RawValue>,
    #[serde(default)]
    conversations: Option<Entries<'a>>,
    #[serde(default)]
    mapping: Option<&'a RawValue>,
}

/// A member that is there, `null` too.
fn there<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The conversations of a file.
///
/// # Errors
/// `BAD_REQUEST` when it is no JSON, `VALIDATION_ERROR` when it is no such file.
pub(super) fn entries(text: &str) -> Result<(Shape, Vec<&RawValue>), Problems> {
    let not_json = |_| Problems::from(Problem::new(Code::BadRequest));
    let wanted = |field: &str, words: &str| {
        let problem = Problem::invalid(field, Reason::Wanted(words.to_owned()));
        Problems::from(Problem { field: problem.field.filter(|field| !field.is_empty()), ..problem })
    };
    let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    if whole.get().starts_with('[') {
        let entries: Entries<'_> =
            serde_json::from_str(text).map_err(|_| wanted("", "expected fewer conversations"))?;
        return Ok((Shape::ChatGpt, entries.0));
    }
    let no_file = || wanted("", "expected a file of conversations of Bookplate or ChatGPT");
    let ImportFile { format, version, conversations, mapping } = object(whole).map_err(|_| no_file())?;
    let shape = match format.map(RawValue::get) {
        Some(format) if text_of(format).as_deref() == Some(FORMAT) => Shape::Own,
        Some(_) => return Err(wanted("format", &format!("expected {FORMAT}"))),
        None => Shape::ChatGpt,
    };
    if matches!(shape, Shape::Own) && version.map(RawValue::get) != Some(VERSION.to_string().as_str()) {
        return Err(wanted("version", &format!("expected {VERSION}")));
    }
    match (conversations, mapping) {
        (Some(entries), _) => Ok((shape, entries.0)),
        // A single conversation, as it stands in the list of a whole file.
        (None, Some(nodes)) if matches!(shape, Shape::ChatGpt) => match nodes.get().starts_with('{') {
            true => Ok((shape, vec![whole])),
            false => Err(wanted("mapping", "expected an object of nodes")),
        },
        (None, _) => Err(no_file()),
    }
}

/// What a conversation calls itself, for who is told that it was refused.
pub(super) struct Entry {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
}

impl Entry {
    pub(super) fn of(entry: &RawValue) -> Self {
        #[derive(Default, Deserialize)]
        struct Named<'a> {
            #[serde(borrow, default)]
            conversation_id: Option<&'a RawValue>,
            #[serde(default)]
            id: Option<&'a RawValue>,
            #[serde(default)]
            title: Option<&'a RawValue>,
        }
        let named: Named<'_> = object(entry).unwrap_or_default();
        let short = |raw: Option<&RawValue>| {
            raw.and_then(|raw| text_of(raw.get())).map(|text| text.chars().take(200).collect())
        };
        Self { id: short(named.conversation_id).or_else(|| short(named.id)), title: short(named.title) }
    }
}

/// What an object says. A list is none, though serde would take its elements for members.
///
/// # Errors
/// In words.
pub(super) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Why> {
    if raw.get().starts_with('{') {
        serde_json::from_str(raw.get()).map_err(|error| error_in_words(&error))
    } else {
        Err("expected an object".to_owned())
    }
}

/// The text that a JSON text is, if it is one.
pub(super) fn text_of(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Vec<&'de RawValue>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = list.next_element()? {
                    if entries.len() == MOST {
                        return Err(A::Error::custom("too many"));
                    }
                    entries.push(entry);
                }
                Ok(entries)
            }
        }
        deserializer.deserialize_seq(Bounded).map(Entries)
    }
}
