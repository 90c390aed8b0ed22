//! What the parts of a message look like, for the description of the API alone: [`super::Part::read`] is what judges them.

use serde::Deserialize;
use utoipa::ToSchema;

use super::{Citation, RawJson, SourceKind};

/// A part of a message. Members that are not listed are kept with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = Part)]
pub enum Part {
    /// Of a kind that Bookplate knows.
    Known(KnownPart),
    /// Of a kind of the client's own.
    Other(OtherPart),
}

/// A part of a kind that Bookplate knows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum KnownPart {
    /// Words, in Markdown.
    #[schema(title = "TextPart")]
    #[serde(rename_all = "camelCase")]
    Text {
        /// The words.
        text: String,
        /// Where they come from.
        #[schema(required = false)]
        citations: Vec<Citation>,
    },
    /// What the chatbot thought before it spoke.
    #[schema(title = "ReasoningPart")]
    #[serde(rename_all = "camelCase")]
    Reasoning {
        /// The words.
        text: String,
    },
    /// Something that citations refer to.
    #[schema(title = "SourcePart")]
    #[serde(rename_all = "camelCase")]
    Source {
        /// What citations call it.
        source_id: String,
        /// What it is.
        kind: SourceKind,
        /// Where it is: for a book a page's address, with the heading's anchor behind `#`.
        url: Option<String>,
        /// What it is called.
        title: Option<String>,
        /// Of what media type.
        media_type: Option<String>,
        /// What the file is called.
        filename: Option<String>,
        /// The words the chatbot has read.
        chunk: Option<String>,
        /// How well it fits.
        score: Option<f64>,
    },
    /// A file.
    #[schema(title = "FilePart")]
    #[serde(rename_all = "camelCase")]
    File {
        /// Where it is.
        url: String,
        /// Of what media type.
        media_type: String,
        /// What it is called.
        filename: Option<String>,
    },
    /// The chatbot uses a tool.
    #[schema(title = "ToolCallPart")]
    #[serde(rename_all = "camelCase")]
    ToolCall {
        /// Which call.
        tool_call_id: String,
        /// Which tool.
        tool_name: String,
        /// With what.
        #[schema(value_type = Value, required = false)]
        input: RawJson,
        /// How far it has come.
        state: Option<String>,
    },
    /// What a tool has answered.
    #[schema(title = "ToolResultPart")]
    #[serde(rename_all = "camelCase")]
    ToolResult {
        /// Which call.
        tool_call_id: String,
        /// The answer.
        #[schema(value_type = Value, required = false)]
        output: Option<RawJson>,
        /// Why there is none.
        error_text: Option<String>,
    },
}

/// A part of a kind of the client's own.
#[derive(Debug, Deserialize, ToSchema)]
pub struct OtherPart {
    /// Such as `data-chart`: 1 to 64 letters, digits or any of `-._:`.
    #[serde(rename = "type")]
    #[schema(pattern = "^(?!(text|reasoning|source|file|tool-call|tool-result)$)[A-Za-z0-9._:-]{1,64}$")]
    pub kind: String,
}

/// What a message has cost. Members that are not listed are kept with it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens that were read.
    pub input_tokens: Option<u64>,
    /// Tokens that were written.
    pub output_tokens: Option<u64>,
}
