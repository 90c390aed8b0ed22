//! The reader of the fields of a body: every invalid field is reported, in the order of the schema.

use contract::{AnswerInput, Code, Email, Image, PersonName, Problem, Problems, Question, Questions, Reason};
use serde_json::{Map, Value};

use crate::http::request_body::Accepts;

/// The body of one endpoint, read from a JSON object or from a form that was made one.
pub trait RequestBody: Sized {
    /// The media types that are read.
    const ACCEPTS: Accepts = Accepts::Json;
    /// The wire's word for the body, in the problem of one that is no object.
    const EXPECTED: &'static str = "object";
    /// Whether a request without a body is read like an empty object.
    const OPTIONAL: bool = false;

    /// Reads every field, in the order of the schema, before the first `?`: only then are all problems reported.
    ///
    /// # Errors
    /// Some field is invalid.
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid>;

    /// Reads a body; `None` stands for a request without one.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`: one about the body when it is no object, else one for each invalid field.
    fn from_json(body: Option<&Value>, questions: &Questions) -> Result<Self, Problems> {
        let empty = Map::new();
        let fields = match body {
            Some(Value::Object(fields)) => fields,
            None if Self::OPTIONAL => &empty,
            other => {
                let reason = Reason::Type { expected: Self::EXPECTED, received: type_name(other) };
                return Err(Problem { reason: Some(reason), ..Problem::new(Code::ValidationError) }.into());
            }
        };
        let mut reader = FieldReader { fields, questions, problems: Vec::new() };
        let body = Self::read(&mut reader);
        match Problems::of(reader.problems) {
            Some(problems) => Err(problems),
            None => body.map_err(|Invalid(problem)| problem.into()),
        }
    }
}

/// A field was invalid; the [`FieldReader`] has noted the problem.
#[derive(Debug, Clone)]
pub struct Invalid(Problem);

/// The fields of one body, and the problems found so far.
#[derive(Debug)]
pub struct FieldReader<'a> {
    fields: &'a Map<String, Value>,
    questions: &'a Questions,
    problems: Vec<Problem>,
}

impl FieldReader<'_> {
    /// A field of the type it is assigned to.
    ///
    /// # Errors
    /// Its value is invalid, or it is absent and the type requires it.
    pub fn get<T: FromField>(&mut self, name: &str) -> Result<T, Invalid> {
        T::from_field(self.fields.get(name)).map_err(|problem| self.note(name, problem))
    }

    /// A field with a default for when it is absent or `null`.
    ///
    /// # Errors
    /// Its value is invalid.
    pub fn get_or<T: FromField>(&mut self, name: &str, default: T) -> Result<T, Invalid> {
        Ok(self.get::<Option<T>>(name)?.unwrap_or(default))
    }

    /// A field that is left as it was when absent; `null` is a value of `T` or invalid.
    ///
    /// # Errors
    /// Its value is invalid.
    pub fn get_if_present<T: FromField>(&mut self, name: &str) -> Result<Option<T>, Invalid> {
        if self.fields.contains_key(name) { self.get(name).map(Some) } else { Ok(None) }
    }

    /// The answers to the book's questions, by name, in the order of their declaration.
    ///
    /// # Errors
    /// One of them is no text.
    pub fn answers(&mut self) -> Result<Vec<(String, AnswerInput)>, Invalid> {
        self.each_question(|fields, question| fields.get(&question.name))
    }

    /// As [`FieldReader::answers`], but `null` is invalid where the question is required.
    ///
    /// # Errors
    /// One of them is no text, or clears a required answer.
    pub fn changed_answers(&mut self) -> Result<Vec<(String, AnswerInput)>, Invalid> {
        self.each_question(|fields, question| match question.required {
            true => {
                let answer = fields.get_if_present(&question.name)?;
                Ok(answer.map_or(AnswerInput::Absent, AnswerInput::Given))
            }
            false => fields.get(&question.name),
        })
    }

    fn each_question(
        &mut self,
        mut read: impl FnMut(&mut Self, &Question) -> Result<AnswerInput, Invalid>,
    ) -> Result<Vec<(String, AnswerInput)>, Invalid> {
        let questions = self.questions;
        let answers = questions.iter().map(|question| (question.name.clone(), read(self, question)));
        // Collected first, so that an invalid answer does not keep those after it from being read.
        let answers: Vec<_> = answers.collect();
        answers.into_iter().map(|(name, answer)| Ok((name, answer?))).collect()
    }

    /// Whether a field has a value that JavaScript takes for true, which is all that counts of a field that is refused.
    pub fn is_truthy(&self, name: &str) -> bool {
        match self.fields.get(name) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(_) => true,
        }
    }

    fn note(&mut self, name: &str, problem: Problem) -> Invalid {
        let problem = Problem { field: Some(name.to_owned()), ..problem };
        self.problems.push(problem.clone());
        Invalid(problem)
    }
}

/// A type that a field is read into.
pub trait FromField: Sized {
    /// Reads a value; `None` stands for an absent field.
    ///
    /// # Errors
    /// `VALIDATION_ERROR`; the reader adds the field's name.
    fn from_field(value: Option<&Value>) -> Result<Self, Problem>;
}

impl FromField for String {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        match value {
            Some(Value::String(text)) => Ok(text.clone()),
            other => Err(mistyped("string", other)),
        }
    }
}

/// A text of at least one character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NonEmptyText(pub String);

impl FromField for NonEmptyText {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        match String::from_field(value)? {
            text if text.is_empty() => Err(Problem::invalid("", Reason::Empty)),
            text => Ok(Self(text)),
        }
    }
}

impl FromField for bool {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        match value {
            Some(Value::Bool(flag)) => Ok(*flag),
            // A form knows no booleans; `on` is what browsers send for a ticked box.
            Some(Value::String(text)) if text == "true" || text == "on" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            other => Err(mistyped("boolean", other)),
        }
    }
}

impl<T: FromField> FromField for Option<T> {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        match value {
            None | Some(Value::Null) => Ok(None),
            some => T::from_field(some).map(Some),
        }
    }
}

impl FromField for AnswerInput {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        match value {
            None => Ok(Self::Absent),
            Some(Value::Null) => Ok(Self::Cleared),
            some => String::from_field(some).map(Self::Given),
        }
    }
}

impl FromField for Email {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        Self::parse(&String::from_field(value)?)
    }
}

impl FromField for PersonName {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        Self::parse(&String::from_field(value)?)
    }
}

impl FromField for Image {
    fn from_field(value: Option<&Value>) -> Result<Self, Problem> {
        Self::parse(&String::from_field(value)?)
    }
}

fn mistyped(expected: &'static str, found: Option<&Value>) -> Problem {
    let reason = Reason::Type { expected, received: type_name(found) };
    Problem { reason: Some(reason), ..Problem::new(Code::ValidationError) }
}

/// The JavaScript type of a value, as the wire reports it.
const fn type_name(value: Option<&Value>) -> &'static str {
    match value {
        None => "undefined",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "boolean",
        Some(Value::Number(_)) => "number",
        Some(Value::String(_)) => "string",
        Some(Value::Array(_)) => "array",
        Some(Value::Object(_)) => "object",
    }
}
