//! Parts of messages.

use serde::Deserialize;

use super::RawJson;
use crate::{Problem, Reason};

/// A parsed part of a message. Unknown members are kept in its JSON only.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Markdown.
    Text {
        /// The text.
        text: String,
        /// Citations of sources.
        citations: Vec<Citation>,
    },
    /// The chatbot's reasoning.
    Reasoning {
        /// The text.
        text: String,
    },
    /// A source of citations.
    Source(SourcePart),
    /// A file.
    File {
        /// Its URL.
        url: String,
        /// Its media type.
        media_type: String,
        /// Its file name.
        filename: Option<String>,
    },
    /// A call of a tool.
    ToolCall {
        /// The call's id.
        tool_call_id: String,
        /// The tool's name.
        tool_name: String,
        /// The arguments.
        input: RawJson,
        /// The state of the call.
        state: Option<String>,
    },
    /// The result of a call.
    ToolResult {
        /// The call's id.
        tool_call_id: String,
        /// The output.
        output: Option<RawJson>,
        /// The error if the call failed.
        error_text: Option<String>,
    },
    /// A part of any other type.
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

/// A source of citations.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourcePart {
    /// The id that citations refer to.
    pub source_id: String,
    /// What it is.
    pub kind: SourceKind,
    /// Its URL: for a book that of a page, with the heading's anchor after `#`.
    #[serde(default)]
    pub url: Option<String>,
    /// Its title.
    #[serde(default)]
    pub title: Option<String>,
    /// Its media type.
    #[serde(default)]
    pub media_type: Option<String>,
    /// Its file name.
    #[serde(default)]
    pub filename: Option<String>,
    /// The passage that the chatbot read.
    #[serde(default)]
    pub chunk: Option<String>,
    /// Its relevance.
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
    /// Parses a part. Unknown types, `data-...` among them, need only their `type`.
    ///
    /// # Errors
    /// `VALIDATION_ERROR` on the invalid member, as a path in the part (`type`,
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
            other if is_valid_kind(other) => Self::Other { kind },
            _ => {
                let wanted = format!("expected 1 to {MAX_KIND} letters, digits or any of -._:");
                return Err(Problem::invalid("type", Reason::Wanted(wanted)));
            }
        })
    }
}

/// The parts of a stored message. Parts that cannot be parsed, which only older versions accepted, are left out.
pub fn parts_of(parts: &RawJson) -> Vec<Part> {
    parts.elements().iter().filter_map(|part| Part::read(part).ok()).collect()
}

/// The text parts as paragraphs, without reasoning, tool calls and results.
pub fn plain_text(parts: &[Part]) -> String {
    let texts = parts.iter().filter_map(|part| match part {
        Part::Text { text, .. } => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("\n\n")
}

fn is_valid_kind(kind: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    (1..=MAX_KIND).contains(&kind.len()) && kind.bytes().all(is_plain)
}

fn text(Text { text, citations: sent }: Text) -> Result<Part, Problem> {
    let mut citations: Vec<Citation> = Vec::with_capacity(sent.len());
    for (at, citation) in sent.iter().enumerate() {
        citations.push(read(citation).map_err(|problem| problem.within(&format!("citations[{at}]")))?);
    }
    // Counting code points takes a pass over the text, so it is done only when there are citations.
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

/// The schemas of parts in the OpenAPI document.
#[cfg(feature = "openapi")]
#[path = "part_schema.rs"]
pub mod schema;
