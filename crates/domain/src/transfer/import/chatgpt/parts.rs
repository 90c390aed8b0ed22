//! The content of a ChatGPT message as parts.

use contract::conversations::RawJson;
use serde_json::{Value, json};

use super::{
    super::super::code_fence::fenced,
    content::Piece,
    notation::{is_notation, json_without_marks, plain, without_marks},
    references::References,
};

/// What a message does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Action<'a> {
    /// It says something.
    Say,
    /// It calls a tool.
    Call { id: &'a str, tool: &'a str },
    /// It is a tool's reply to the call with this id.
    Reply { id: &'a str, tool: Option<&'a str> },
}

/// The parts of a message; none when it says nothing.
pub(super) fn parts(pieces: Vec<Piece>, action: Action<'_>, mut references: References) -> Vec<RawJson> {
    let mut parts = match action {
        Action::Say => pieces.into_iter().filter_map(|piece| said(piece, &mut references)).collect(),
        Action::Call { id, tool } => {
            let (texts, _, others) = split(pieces);
            let mut parts = vec![call(id, tool, &texts)];
            parts.extend(others.into_iter().filter_map(|piece| said(piece, &mut references)));
            parts
        }
        Action::Reply { id, tool } => {
            let (texts, errors, others) = split(pieces);
            let mut parts: Vec<_> = reply(id, tool, &texts, &errors).into_iter().collect();
            let others: Vec<_> =
                others.into_iter().filter_map(|piece| said(piece, &mut references)).collect();
            if parts.is_empty() && !others.is_empty() {
                parts.push(RawJson::of(&result(id, tool)));
            }
            parts.extend(others);
            parts
        }
    };
    parts.extend(references.into_parts());
    parts
}

fn said(piece: Piece, references: &mut References) -> Option<RawJson> {
    match piece {
        Piece::Text(text) | Piece::Error(text) => plain(&text, references).into_part(),
        Piece::Code { text, language } => Some(without_marks(&text))
            .filter(|text| !text.trim().is_empty())
            .map(|text| RawJson::of(&json!({ "type": "text", "text": fenced(&text, &language) }))),
        Piece::Reasoning(text) => Some(without_marks(&text))
            .filter(|text| !text.trim().is_empty())
            .map(|text| RawJson::of(&json!({ "type": "reasoning", "text": text }))),
        Piece::Part(part) => Some(cleaned(part)),
    }
}

/// A part without marks in it; one that has none stays as it came.
fn cleaned(part: RawJson) -> RawJson {
    let may_have_marks = part.as_str().contains("\\ue20") || part.as_str().contains("\\uE20");
    let may_have_marks = may_have_marks || part.as_str().contains(is_notation);
    match part.read::<Value>() {
        Ok(value) if may_have_marks => RawJson::of(&json_without_marks(value)),
        _ => part,
    }
}

/// Texts, errors and the rest.
fn split(pieces: Vec<Piece>) -> (Vec<String>, Vec<String>, Vec<Piece>) {
    let (mut texts, mut errors, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        match piece {
            Piece::Text(text) | Piece::Code { text, .. } => texts.push(text),
            Piece::Error(text) => errors.push(text),
            other => others.push(other),
        }
    }
    (texts, errors, others)
}

/// A `tool-call` whose input is the JSON that the message is, or else its text.
fn call(id: &str, tool: &str, texts: &[String]) -> RawJson {
    let text = texts.join("\n\n");
    let input = match serde_json::from_str(&text) {
        Ok(value @ (Value::Object(_) | Value::Array(_))) => json_without_marks(value),
        _ => without_marks(&text).into(),
    };
    RawJson::of(&json!({ "type": "tool-call", "toolCallId": id, "toolName": tool, "input": input }))
}

/// A `tool-result`, unless there is neither text nor an error.
fn reply(id: &str, tool: Option<&str>, texts: &[String], errors: &[String]) -> Option<RawJson> {
    let join =
        |texts: &[String]| Some(without_marks(&texts.join("\n\n"))).filter(|text| !text.trim().is_empty());
    let mut part = result(id, tool);
    let members = [("output", join(texts)), ("errorText", join(errors))];
    let members =
        members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::String(text?))));
    let members: Vec<_> = members.collect();
    if members.is_empty() {
        return None;
    }
    if let Some(part) = part.as_object_mut() {
        part.extend(members);
    }
    Some(RawJson::of(&part))
}

/// A `tool-result` without what came of the call.
fn result(id: &str, tool: Option<&str>) -> Value {
    let mut part = json!({ "type": "tool-result", "toolCallId": id });
    if let Some((part, tool)) = part.as_object_mut().zip(tool) {
        part.insert("toolName".to_owned(), tool.into());
    }
    part
}
