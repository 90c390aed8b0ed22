//! What a message is made of.

use serde::Deserialize;

use super::RawJson;
use crate::{Problem, Reason};

/// A part of a message, as far as Bookplate understands it. Members that it does not know are kept with the part.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Words, in Markdown.
    Text {
        /// The words.
        text: String,
        /// Where they come from.
        citations: Vec<Citation>,
    },
    /// What the chatbot thought before it spoke.
    Reasoning {
        /// The words.
        text: String,
    },
    /// Something that citations refer to.
    Source(SourcePart),
    /// A file.
    File {
        /// Where it is.
        url: String,
        /// Of what media type.
        media_type: String,
        /// What it is called.
        filename: Option<String>,
    },
    /// The chatbot uses a tool.
    ToolCall {
        /// Which call.
        tool_call_id: String,
        /// Which tool.
        tool_name: String,
        /// With what.
        input: RawJson,
        /// How far it has come.
        state: Option<String>,
    },
    /// What a tool has answered.
    ToolResult {
        /// Which call.
        tool_call_id: String,
        /// The answer.
        output: Option<RawJson>,
        /// Why there is none.
        error_text: Option<String>,
    },
    /// Of a kind of the client's own.
    Other {
        /// Its `type`.
        kind: String,
    },
}

/// Which words of a text come from which source.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Citation {
    /// The `sourceId` of a part of type `source`.
    pub source_id: String,
    /// Where the words begin, in code points of the text.
    pub start: usize,
    /// Where they end: after the last one.
    pub end: usize,
    /// What the source says there.
    #[serde(default)]
    pub quote: Option<String>,
}

/// Something that citations refer to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourcePart {
    /// What citations call it.
    pub source_id: String,
    /// What it is.
    pub kind: SourceKind,
    /// Where it is: for a book a page's address, with the heading's anchor behind `#`.
    #[serde(default)]
    pub url: Option<String>,
    /// What it is called.
    #[serde(default)]
    pub title: Option<String>,
    /// Of what media type.
    #[serde(default)]
    pub media_type: Option<String>,
    /// What the file is called.
    #[serde(default)]
    pub filename: Option<String>,
    /// The words the chatbot has read.
    #[serde(default)]
    pub chunk: Option<String>,
    /// How well it fits.
    #[serde(default)]
    pub score: Option<f64>,
}

/// What a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A page.
    Url,
    /// A document.
    Document,
}

/// The longest `type`, in bytes.
const MAX_KIND: usize = 64;

impl Part {
    /// Reads a part. Kinds that are not known, `data-...` among them, need nothing but their `type`.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on the member that is not what it should be, as a path below the part (`type`,
    /// `citations[0].end`).
    pub fn read(part: &RawJson) -> Result<Self, Problem> {
        let Kind { kind } = read(part)?;
        Ok(match kind.as_str() {
            "text" => text(read(part)?)?,
            "reasoning" => Self::Reasoning { text: read::<Reasoning>(part)?.text },
            "source" => Self::Source(read(part)?),
            "file" => {
                let File { url, media_type, filename } = read(part)?;
                Self::File { url, media_type, filename }
            }
            "tool-call" => {
                let ToolCall { tool_call_id, tool_name, input, state } = read(part)?;
                let input = input.unwrap_or_else(|| RawJson::stored("null".into()));
                Self::ToolCall { tool_call_id, tool_name, input, state }
            }
            "tool-result" => {
                let ToolResult { tool_call_id, output, error_text } = read(part)?;
                Self::ToolResult { tool_call_id, output, error_text }
            }
            known if is_kind(known) => Self::Other { kind },
            _ => {
                let wanted = format!("expected 1 to {MAX_KIND} letters, digits or any of -._:");
                return Err(Problem::invalid("type", Reason::Wanted(wanted)));
            }
        })
    }
}

/// The parts of a stored message. One that cannot be read, which only an older program has let in, is left out.
pub fn parts_of(parts: &RawJson) -> Vec<Part> {
    parts.elements().iter().filter_map(|part| Part::read(part).ok()).collect()
}

/// What is said in words: the texts, a paragraph each. What was thought, called and answered on the way is left out.
pub fn plain_text(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

fn is_kind(kind: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    (1..=MAX_KIND).contains(&kind.len()) && kind.bytes().all(is_plain)
}

fn text(Text { text, citations: sent }: Text) -> Result<Part, Problem> {
    let mut citations: Vec<Citation> = Vec::with_capacity(sent.len());
    for (at, citation) in sent.iter().enumerate() {
        citations.push(read(citation).map_err(|problem| problem.within(&format!("citations[{at}]")))?);
    }
    // No text of so many bytes has more code points; those of the rest are counted only when it matters.
    let bound = citations.iter().map(|citation| citation.end).max().unwrap_or_default();
    let length = if bound == 0 { 0 } else { text.chars().count() };
    for (at, Citation { start, end, .. }) in citations.iter().enumerate() {
        if start > end {
            let wanted = "expected an end that is not before start".to_owned();
            return Err(Problem::invalid(&format!("citations[{at}].end"), Reason::Wanted(wanted)));
        }
        if *end > length {
            let wanted = format!("expected an offset within the text, which has {length} code points");
            return Err(Problem::invalid(&format!("citations[{at}].end"), Reason::Wanted(wanted)));
        }
    }
    Ok(Part::Text { text, citations })
}

fn read<T: serde::de::DeserializeOwned>(part: &RawJson) -> Result<T, Problem> {
    super::read_json(part.as_str().as_bytes())
}

#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    #[serde(default)]
    citations: Vec<RawJson>,
}

#[derive(Deserialize)]
struct Reasoning {
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    url: String,
    media_type: String,
    #[serde(default)]
    filename: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolCall {
    tool_call_id: String,
    tool_name: String,
    #[serde(default)]
    input: Option<RawJson>,
    #[serde(default)]
    state: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolResult {
    tool_call_id: String,
    #[serde(default)]
    output: Option<RawJson>,
    #[serde(default)]
    error_text: Option<String>,
}

/// What the parts look like in the description of the API.
#[cfg(feature = "openapi")]
#[path = "part_schema.rs"]
pub mod schema;
