//! Validation of messages.

use super::{MessageChange, NewMessage, Part, RawJson, conversation::check_metadata};
use crate::{Code, Problem, Problems, Reason, text::check_line};

/// Limits of a message; sizes are in bytes of JSON.
#[derive(Debug, Clone, Copy)]
pub struct MessageLimits {
    /// The largest part.
    pub part_bytes: usize,
    /// The largest message, with everything that belongs to it.
    pub message_bytes: usize,
    /// Parts of a message.
    pub parts: usize,
}

impl MessageLimits {
    /// The problem of a message over [`Self::message_bytes`].
    pub fn too_large(&self) -> Problem {
        too_large(Code::MessageTooLarge, None, self.message_bytes)
    }
}

/// The parts of a message.
#[derive(Debug)]
pub struct ValidatedParts {
    /// As they are stored: the array that the client sent.
    pub json: RawJson,
    /// The same, parsed.
    pub parts: Vec<Part>,
}

/// The longest `model` or `format`, in characters.
const MAX_LINE: usize = 200;
/// The most bytes of JSON in `metadata`.
const MAX_METADATA: usize = 16 * 1024;

impl NewMessage {
    /// Validates the message and parses its parts.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`, `PART_TOO_LARGE` or `MESSAGE_TOO_LARGE` on each invalid field.
    pub fn validate(&self, limits: &MessageLimits) -> Result<ValidatedParts, Problems> {
        let input = PartsInput {
            parts: self.parts.as_deref(),
            content: self.content.as_deref(),
            names: [("model", self.model.as_deref()), ("format", self.format.as_deref())],
            usage: self.usage.as_ref(),
            raw: self.raw.as_ref(),
            metadata: self.metadata.as_ref(),
        };
        let missing = || Problem::invalid("parts", Reason::Wanted("expected parts or content".into()));
        input.validate_parts(limits)?.ok_or_else(|| missing().into())
    }
}

impl MessageChange {
    /// Validates the change; `None` when it leaves the parts as they are.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`, `PART_TOO_LARGE` or `MESSAGE_TOO_LARGE` on each invalid field.
    pub fn validate(&self, limits: &MessageLimits) -> Result<Option<ValidatedParts>, Problems> {
        let input = PartsInput {
            parts: self.parts.as_deref(),
            content: self.content.as_deref(),
            names: [("model", self.model.as_deref()), ("format", self.format.as_deref())],
            usage: self.usage.as_ref(),
            raw: self.raw.as_ref(),
            metadata: self.metadata.as_ref(),
        };
        let parts = input.validate_parts(limits)?;
        let is_empty = parts.is_none()
            && self.status.is_none()
            && input.names.iter().all(|(_, name)| name.is_none())
            && input.usage.or(input.raw).or(input.metadata).is_none();
        if is_empty {
            let wanted =
                "expected at least one of parts, content, status, model, usage, format, raw, metadata";
            let problem = Problem { field: None, ..Problem::invalid("", Reason::Wanted(wanted.into())) };
            return Err(problem.into());
        }
        Ok(parts)
    }
}

/// The fields that a new message and a change have in common.
struct PartsInput<'a> {
    parts: Option<&'a [RawJson]>,
    content: Option<&'a str>,
    names: [(&'static str, Option<&'a str>); 2],
    usage: Option<&'a RawJson>,
    raw: Option<&'a RawJson>,
    metadata: Option<&'a RawJson>,
}

impl PartsInput<'_> {
    fn validate_parts(&self, limits: &MessageLimits) -> Result<Option<ValidatedParts>, Problems> {
        let mut problems = Vec::new();
        let content = self.read_parts(limits, &mut problems);
        for (field, name) in self.names {
            problems.extend(name.and_then(|name| check_line(field, name, MAX_LINE).err()));
        }
        check_usage(self.usage, &mut problems);
        check_metadata(self.metadata, MAX_METADATA, &mut problems);
        let length = |json: Option<&RawJson>| json.map_or(0, |json| json.as_str().len());
        let parts = content.as_ref().map_or(0, |content| content.json.as_str().len());
        let bytes = [self.usage, self.raw, self.metadata].into_iter().map(length).sum::<usize>() + parts;
        if bytes > limits.message_bytes {
            problems.push(limits.too_large());
        }
        Problems::of(problems).map_or(Ok(content), Err)
    }

    fn read_parts(&self, limits: &MessageLimits, problems: &mut Vec<Problem>) -> Option<ValidatedParts> {
        let sent = match (self.parts, self.content) {
            (Some(_), Some(_)) => {
                let wanted = "expected parts or content, not both";
                problems.push(Problem::invalid("content", Reason::Wanted(wanted.into())));
                return None;
            }
            (Some(parts), None) => parts.to_vec(),
            (None, Some(content)) => {
                vec![RawJson::of(&serde_json::json!({ "type": "text", "text": content }))]
            }
            (None, None) => return None,
        };
        if sent.len() > limits.parts {
            let wanted = format!("expected at most {} parts", limits.parts);
            problems.push(Problem::invalid("parts", Reason::Wanted(wanted)));
            return None;
        }
        let mut parts = Vec::with_capacity(sent.len());
        for (at, part) in sent.iter().enumerate() {
            let field = if self.parts.is_some() { format!("parts[{at}]") } else { "content".to_owned() };
            if part.as_str().len() > limits.part_bytes {
                problems.push(too_large(Code::PartTooLarge, Some(field), limits.part_bytes));
                continue;
            }
            match Part::read(part) {
                Ok(part) => parts.push(part),
                Err(problem) => problems.push(problem.within(&field)),
            }
        }
        Some(ValidatedParts { json: RawJson::array(&sent), parts })
    }
}

fn too_large(code: Code, field: Option<String>, max: usize) -> Problem {
    let reason = Some(Reason::Wanted(format!("expected at most {max} bytes of JSON")));
    Problem { field, reason, ..Problem::new(code) }
}

fn check_usage(usage: Option<&RawJson>, problems: &mut Vec<Problem>) {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "parsed only to validate them")]
    struct Usage {
        #[serde(default)]
        input_tokens: Option<Tokens>,
        #[serde(default)]
        output_tokens: Option<Tokens>,
    }
    /// A count that fits an `i64`.
    #[derive(serde::Deserialize)]
    #[serde(try_from = "i64")]
    struct Tokens;
    impl TryFrom<i64> for Tokens {
        type Error = &'static str;

        fn try_from(count: i64) -> Result<Self, Self::Error> {
            if count >= 0 { Ok(Self) } else { Err("expected a whole number from 0 on") }
        }
    }
    let Some(usage) = usage else { return };
    if !usage.is_object() {
        problems.push(Problem::invalid("usage", Reason::Wanted("expected an object".into())));
    } else if let Err(problem) = super::read_json::<Usage>(usage.as_str().as_bytes()) {
        problems.push(problem.within("usage"));
    }
}
