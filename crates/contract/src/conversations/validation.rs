//! What a message may hold.

use super::{MessageChange, NewMessage, Part, RawJson, conversation::check_metadata};
use crate::{Code, Problem, Problems, Reason, text::check_line};

/// What a message may hold; sizes are in bytes of JSON.
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
    /// Says that a message is larger than it may be.
    pub fn too_large(&self) -> Problem {
        too_large(Code::MessageTooLarge, None, self.message_bytes)
    }
}

/// What is said: as it is stored, and as it is understood.
#[derive(Debug)]
pub struct ValidatedParts {
    /// An array.
    pub json: RawJson,
    /// Its elements.
    pub parts: Vec<Part>,
}

/// The longest name of a model or a format, in characters.
const MAX_LINE: usize = 200;
/// Bytes of JSON that a client may keep with a message.
const MAX_METADATA: usize = 16 * 1024;

impl NewMessage {
    /// Judges what was sent.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`, `PART_TOO_LARGE` or `MESSAGE_TOO_LARGE` on each field that is not what it should be.
    pub fn validate(&self, limits: &MessageLimits) -> Result<ValidatedParts, Problems> {
        let sent = PartsInput {
            parts: self.parts.as_deref(),
            content: self.content.as_deref(),
            names: [("model", self.model.as_deref()), ("format", self.format.as_deref())],
            usage: self.usage.as_ref(),
            raw: self.raw.as_ref(),
            metadata: self.metadata.as_ref(),
        };
        let missing = || Problem::invalid("parts", Reason::Wanted("expected parts or content".into()));
        sent.validate_parts(limits)?.ok_or_else(|| missing().into())
    }
}

impl MessageChange {
    /// Judges what was sent; `None` when nothing else is said than before.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`, `PART_TOO_LARGE` or `MESSAGE_TOO_LARGE` on each field that is not what it should be.
    pub fn said(&self, limits: &MessageLimits) -> Result<Option<ValidatedParts>, Problems> {
        let sent = PartsInput {
            parts: self.parts.as_deref(),
            content: self.content.as_deref(),
            names: [("model", self.model.as_deref()), ("format", self.format.as_deref())],
            usage: self.usage.as_ref(),
            raw: self.raw.as_ref(),
            metadata: self.metadata.as_ref(),
        };
        let said = sent.validate_parts(limits)?;
        let is_nothing = said.is_none()
            && self.status.is_none()
            && sent.names.iter().all(|(_, name)| name.is_none())
            && sent.usage.or(sent.raw).or(sent.metadata).is_none();
        if is_nothing {
            let wanted =
                "expected at least one of parts, content, status, model, usage, format, raw, metadata";
            let problem = Problem { field: None, ..Problem::invalid("", Reason::Wanted(wanted.into())) };
            return Err(problem.into());
        }
        Ok(said)
    }
}

/// What came, of a new message or of a change.
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
        let mut wrong = Vec::new();
        let said = self.read_parts(limits, &mut wrong);
        for (field, name) in self.names {
            wrong.extend(name.and_then(|name| check_line(field, name, MAX_LINE).err()));
        }
        check_usage(self.usage, &mut wrong);
        check_metadata(self.metadata, MAX_METADATA, &mut wrong);
        let length = |json: Option<&RawJson>| json.map_or(0, |json| json.as_str().len());
        let parts = said.as_ref().map_or(0, |said| said.json.as_str().len());
        let whole = [self.usage, self.raw, self.metadata].into_iter().map(length).sum::<usize>() + parts;
        if whole > limits.message_bytes {
            wrong.push(limits.too_large());
        }
        Problems::of(wrong).map_or(Ok(said), Err)
    }

    fn read_parts(&self, limits: &MessageLimits, wrong: &mut Vec<Problem>) -> Option<ValidatedParts> {
        let sent = match (self.parts, self.content) {
            (Some(_), Some(_)) => {
                let wanted = "expected parts or content, not both";
                wrong.push(Problem::invalid("content", Reason::Wanted(wanted.into())));
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
            wrong.push(Problem::invalid("parts", Reason::Wanted(wanted)));
            return None;
        }
        let mut parts = Vec::with_capacity(sent.len());
        for (at, part) in sent.iter().enumerate() {
            let field = if self.parts.is_some() { format!("parts[{at}]") } else { "content".to_owned() };
            if part.as_str().len() > limits.part_bytes {
                wrong.push(too_large(Code::PartTooLarge, Some(field), limits.part_bytes));
                continue;
            }
            match Part::read(part) {
                Ok(part) => parts.push(part),
                Err(problem) => wrong.push(within(&field, problem)),
            }
        }
        Some(ValidatedParts { json: RawJson::array(&sent), parts })
    }
}

fn too_large(code: Code, field: Option<String>, max: usize) -> Problem {
    let reason = Some(Reason::Wanted(format!("expected at most {max} bytes of JSON")));
    Problem { field, reason, ..Problem::new(code) }
}

/// A problem of a part, named from outside it.
pub(super) fn within(outer: &str, problem: Problem) -> Problem {
    let field = problem.field.as_ref().map_or_else(|| outer.to_owned(), |inner| format!("{outer}.{inner}"));
    Problem { field: Some(field), ..problem }
}

fn check_usage(usage: Option<&RawJson>, wrong: &mut Vec<Problem>) {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    #[expect(dead_code, reason = "only whether they can be read is of interest")]
    struct Usage {
        #[serde(default)]
        input_tokens: Option<Tokens>,
        #[serde(default)]
        output_tokens: Option<Tokens>,
    }
    /// As many as a signed number of 64 bits can count: more is nobody's.
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
        wrong.push(Problem::invalid("usage", Reason::Wanted("expected an object".into())));
    } else if let Err(problem) = super::read_json::<Usage>(usage.as_str().as_bytes()) {
        wrong.push(within("usage", problem));
    }
}
