//! Recognition of the file's format.

use contract::{Code, Problem, Problems, Reason};
use serde::{Deserialize, Deserializer};
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
pub(super) const MAX_CONVERSATIONS: usize = 100_000;

/// UTF-8's byte order mark, which some programs put before a file.
const BYTE_ORDER_MARK: char = '\u{feff}';

#[derive(Deserialize)]
struct ImportFile<'a> {
    #[serde(borrow, default, deserialize_with = "present")]
    format: Option<&'a RawValue>,
    #[serde(default)]
    version: Option<&'a RawValue>,
    #[serde(default)]
    mapping: Option<&'a RawValue>,
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
        return Ok(Some(FileFormat::ChatGpt));
    }
    let closed = format!("{outline}]}}");
    let (file, _) = import_file(&closed)?;
    match file.format {
        None => Ok(None),
        // The version may come behind the list.
        Some(_) if file.version.is_none() && string(file.format).as_deref() == Some(FORMAT) => {
            Ok(Some(FileFormat::Bookplate))
        }
        Some(_) => file.format().map(Some),
    }
}

/// The format of a file that has arrived, by its outline, which is the whole file when it has no list. The only conversation
/// of a file without a list comes with it.
///
/// # Errors
/// `BAD_REQUEST` when it is no JSON, `VALIDATION_ERROR` when it is no such file.
pub(super) fn of_outline(outline: &str, has_list: bool) -> Result<(FileFormat, Option<&RawValue>), Problems> {
    let whole: &RawValue = raw(outline)?;
    if whole.get().starts_with('[') {
        return Ok((FileFormat::ChatGpt, None));
    }
    let (file, whole) = import_file(outline)?;
    let file_format = file.format()?;
    match file.mapping {
        _ if has_list => Ok((file_format, None)),
        // One conversation without the list around it.
        Some(nodes) if matches!(file_format, FileFormat::ChatGpt) => match nodes.get().starts_with('{') {
            true => Ok((file_format, Some(whole))),
            false => Err(wanted("mapping", "expected an object of nodes")),
        },
        _ => Err(no_file()),
    }
}

/// The format of one conversation, when its file has not named one yet.
pub(super) fn of_entry(entry: &RawValue) -> FileFormat {
    #[derive(Default, Deserialize)]
    struct Members<'a> {
        #[serde(borrow, default)]
        mapping: Option<&'a RawValue>,
        #[serde(default)]
        messages: Option<&'a RawValue>,
    }
    let members: Members<'_> = object(entry).unwrap_or_default();
    match (members.mapping, members.messages) {
        (None, Some(_)) => FileFormat::Bookplate,
        _ => FileFormat::ChatGpt,
    }
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
    Ok((object(whole).map_err(|_| no_file())?, whole))
}

impl ImportFile<'_> {
    fn format(&self) -> Result<FileFormat, Problems> {
        match self.format {
            None => Ok(FileFormat::ChatGpt),
            Some(_) if string(self.format).as_deref() != Some(FORMAT) => {
                Err(wanted("format", &format!("expected {FORMAT}")))
            }
            Some(_) if self.version.map(RawValue::get) != Some(VERSION.to_string().as_str()) => {
                Err(wanted("version", &format!("expected {VERSION}")))
            }
            Some(_) => Ok(FileFormat::Bookplate),
        }
    }
}

fn wanted(field: &str, words: &str) -> Problems {
    let problem = Problem::invalid(field, Reason::Wanted(words.to_owned()));
    Problems::from(Problem { field: problem.field.filter(|field| !field.is_empty()), ..problem })
}

pub(super) fn no_file() -> Problems {
    wanted("", "expected a file of conversations of Bookplate or ChatGPT")
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
            title: Option<&'a RawValue>,
        }
        let label: Label<'_> = object(entry).unwrap_or_default();
        let short = |raw| string(raw).map(|text| text.chars().take(200).collect());
        Self { id: short(label.conversation_id).or_else(|| short(label.id)), title: short(label.title) }
    }
}
