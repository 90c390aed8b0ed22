//! Recognition of the file's format, and its conversations, unparsed.

use std::fmt;

use contract::{Code, Problem, Problems, Reason};
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    super::bookplate_format::{FORMAT, VERSION},
    json::{object, string},
};

/// The format of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum FileFormat {
    /// Bookplate's own JSON.
    Bookplate,
    /// ChatGPT's `conversations.json`: each conversation is a tree of nodes.
    ChatGpt,
}

/// The most conversations of a file.
const MAX_CONVERSATIONS: usize = 100_000;

/// A list of at most [`MAX_CONVERSATIONS`] elements.
struct Entries<'a>(Vec<&'a RawValue>);

#[derive(Deserialize)]
struct ImportFile<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    format: Option<&'a RawValue>,
    #[serde(default)]
    version: Option<&'a RawValue>,
    #[serde(default)]
    conversations: Option<Entries<'a>>,
    #[serde(default)]
    mapping: Option<&'a RawValue>,
}

/// Tells a member that is `null` from one that is absent.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The conversations of a file.
///
/// # Errors
/// `BAD_REQUEST` when it is no JSON, `VALIDATION_ERROR` when it is no such file.
pub(super) fn entries(text: &str) -> Result<(FileFormat, Vec<&RawValue>), Problems> {
    let not_json = |_| Problems::from(Problem::new(Code::BadRequest));
    let wanted = |field: &str, words: &str| {
        let problem = Problem::invalid(field, Reason::Wanted(words.to_owned()));
        Problems::from(Problem { field: problem.field.filter(|field| !field.is_empty()), ..problem })
    };
    let whole: &RawValue = serde_json::from_str(text).map_err(not_json)?;
    if whole.get().starts_with('[') {
        let entries: Entries<'_> =
            serde_json::from_str(text).map_err(|_| wanted("", "expected fewer conversations"))?;
        return Ok((FileFormat::ChatGpt, entries.0));
    }
    let no_file = || wanted("", "expected a file of conversations of Bookplate or ChatGPT");
    let ImportFile { format, version, conversations, mapping } = object(whole).map_err(|_| no_file())?;
    let file_format = match format {
        Some(_) if string(format).as_deref() == Some(FORMAT) => FileFormat::Bookplate,
        Some(_) => return Err(wanted("format", &format!("expected {FORMAT}"))),
        None => FileFormat::ChatGpt,
    };
    if matches!(file_format, FileFormat::Bookplate)
        && version.map(RawValue::get) != Some(VERSION.to_string().as_str())
    {
        return Err(wanted("version", &format!("expected {VERSION}")));
    }
    match (conversations, mapping) {
        (Some(entries), _) => Ok((file_format, entries.0)),
        // One conversation without the list around it.
        (None, Some(nodes)) if matches!(file_format, FileFormat::ChatGpt) => {
            match nodes.get().starts_with('{') {
                true => Ok((file_format, vec![whole])),
                false => Err(wanted("mapping", "expected an object of nodes")),
            }
        }
        (None, _) => Err(no_file()),
    }
}

/// What identifies a conversation in the report when it is rejected; both are cut to 200 characters.
pub(super) struct EntryLabel {
    pub(super) id: Option<String>,
    pub(super) title: Option<String>,
}

impl EntryLabel {
    pub(super) fn of(entry: &RawValue) -> Self {
        #[derive(Default, Deserialize)]
        struct Label<'a> {
            #[serde(borrow, default)]
            conversation_id: Option<&'a RawValue>,
            #[serde(default)]
            id: Option<&'a RawValue>,
            #[serde(default)]
            title: Option<&'a RawValue>,
        }
        let label: Label<'_> = object(entry).unwrap_or_default();
        let short = |raw| string(raw).map(|text| text.chars().take(200).collect());
        Self { id: short(label.conversation_id).or_else(|| short(label.id)), title: short(label.title) }
    }
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
                    if entries.len() == MAX_CONVERSATIONS {
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
