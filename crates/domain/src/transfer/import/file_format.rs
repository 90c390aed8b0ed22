//! Recognition of the file's format.

use contract::{Code, Problem, Problems, Reason};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{
    super::bookplate_format::{FORMAT, VERSION},
    json::{object, string},
    product::{Recognized, recognize},
};

/// The format of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileFormat {
    /// Bookplate's own JSON.
    Bookplate,
    /// ChatGPT's `conversations.json`: each conversation is a tree of nodes.
    ChatGpt,
    /// The `conversations.json` of claude.ai.
    Claude,
    /// Open WebUI's export of chats.
    OpenWebUi,
}

/// The most conversations of a file.
pub(super) const MAX_CONVERSATIONS: usize = 100_000;

/// UTF-8's byte order mark, which some programs put before a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Deserialize)]
struct ImportFile<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    format: Option<&'a RawValue>,
    #[serde(default)]
    version: Option<&'a RawValue>,
}

/// Tells a member that is `null` from one that is absent.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// The format that the beginning of a file names, up to its list of conversations; `None` while it names none.
///
/// # Errors
/// As [`of_outline`].
pub(super) fn of_beginning(outline: &str) -> Result<Option<FileFormat>, Problems> {
    if outline.trim_start_matches(BYTE_ORDER_MARK).trim_start().starts_with('[') {
        return Ok(None);
    }
    let closed = format!("{outline}]}}");
    let (file, _) = import_file(&closed)?;
    match file.format {
        // The version may come behind the list.
        Some(_) if file.version.is_none() && string(file.format).as_deref() == Some(FORMAT) => {
            Ok(Some(FileFormat::Bookplate))
        }
        _ => file.format(),
    }
}

/// The only conversation of a file that has arrived, by its outline, which is the whole file when it has no list; `None` when it
/// has one.
///
/// # Errors
/// `BAD_REQUEST` when it is no JSON, `VALIDATION_ERROR` when it is no such file.
pub(super) fn of_outline(outline: &str, has_list: bool) -> Result<Option<(FileFormat, &RawValue)>, Problems> {
    let whole: &RawValue = raw(outline)?;
    if whole.get().starts_with('[') {
        return Ok(None);
    }
    let (file, whole) = import_file(outline)?;
    let is_named = file.format()?.is_some();
    match recognize(whole) {
        _ if has_list => Ok(None),
        Recognized::Conversation(FileFormat::ChatGpt) if !has_nodes(whole) => {
            Err(wanted("mapping", "expected an object of nodes"))
        }
        Recognized::Conversation(format) if !is_named => Ok(Some((format, whole))),
        Recognized::Conversation(_) => Err(other_file(None)),
        Recognized::Other(words) => Err(other_file(words)),
    }
}

fn has_nodes(conversation: &RawValue) -> bool {
    #[derive(Default, Deserialize)]
    struct Nodes<'a> {
        #[serde(borrow, default)]
        mapping: Option<&'a RawValue>,
    }
    let nodes: Nodes<'_> = object(conversation).unwrap_or_default();
    nodes.mapping.is_some_and(|nodes| nodes.get().starts_with('{'))
}

/// A JSON text.
///
/// # Errors
/// `BAD_REQUEST` when it is none.
pub(super) fn raw(text: &str) -> Result<&RawValue, Problems> {
    let text = text.trim_start_matches(BYTE_ORDER_MARK);
    serde_json::from_str(text).map_err(|_| Problem::new(Code::BadRequest).into())
}

fn import_file(outline: &str) -> Result<(ImportFile<'_>, &RawValue), Problems> {
    let whole = raw(outline)?;
    Ok((object(whole).map_err(|_| other_file(None))?, whole))
}

impl ImportFile<'_> {
    /// The format that the file names; `None` when it names none.
    fn format(&self) -> Result<Option<FileFormat>, Problems> {
        match self.format {
            None => Ok(None),
            Some(_) if string(self.format).as_deref() == Some(EXPORT_FORMAT) => {
                let words = "This is the file about an account. Send the conversations.json beside it.";
                Err(sentence(Some("format"), words.to_owned()))
            }
            Some(_) if string(self.format).as_deref() != Some(FORMAT) => {
                Err(wanted("format", &format!("expected {FORMAT}")))
            }
            Some(_) if self.version.map(RawValue::get) != Some(VERSION.to_string().as_str()) => {
                Err(wanted("version", &format!("expected {VERSION}")))
            }
            Some(_) => Ok(Some(FileFormat::Bookplate)),
        }
    }
}

/// The `format` of the file about an account.
const EXPORT_FORMAT: &str = "bookplate-export";

/// The problem of a file that holds no conversation that can be imported, with what it seems to be.
pub(super) fn other_file(words: Option<&str>) -> Problems {
    let seems = words.map(|words| format!("This seems to be {words}, which cannot be imported. "));
    let seems = seems.unwrap_or_else(|| "No conversation was found in this file. ".to_owned());
    sentence(None, format!("{seems}{READABLE}"))
}

/// What can be imported.
const READABLE: &str = "Send the conversations.json of a data export from ChatGPT or Claude, Open WebUI's export of chats, \
    or a file of conversations from Bookplate.";

/// The problem of a file that is no JSON, in words of its own.
pub(super) fn sentence(field: Option<&str>, words: String) -> Problems {
    let problem = Problem { field: field.map(str::to_owned), ..Problem::new(Code::ValidationError) };
    Problem { reason: Some(Reason::Sentence(words)), ..problem }.into()
}

fn wanted(field: &str, words: &str) -> Problems {
    let problem = Problem::invalid(field, Reason::Wanted(words.to_owned()));
    Problems::from(Problem { field: problem.field.filter(|field| !field.is_empty()), ..problem })
}

pub(super) fn too_many_conversations() -> Problems {
    wanted("", "expected fewer conversations")
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
            uuid: Option<&'a RawValue>,
            #[serde(default, alias = "name")]
            title: Option<&'a RawValue>,
        }
        let label: Label<'_> = object(entry).unwrap_or_default();
        let short = |raw| string(raw).map(|text| text.chars().take(200).collect());
        Self {
            id: short(label.conversation_id).or_else(|| short(label.id)).or_else(|| short(label.uuid)),
            title: short(label.title),
        }
    }
}
