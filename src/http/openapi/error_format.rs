//! The error responses of an operation, in the format of its endpoint.

use contract::{Code, Problem};
use serde_json::{Map, Value, json};

use super::schemas::{reference, set_header};
use crate::http::{
    errors::{self, better_auth::ErrorBody, problem_json},
    routes::MAX_BODY,
};

/// The format of an operation's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorFormat {
    /// `application/problem+json` (RFC 9457).
    ProblemJson,
    /// `{"message", "code"}` of the Better Auth wire.
    BetterAuth,
}

impl ErrorFormat {
    /// The status that a code is answered with.
    pub(super) fn status(self, code: Code) -> u16 {
        match self {
            ErrorFormat::ProblemJson => problem_json::status_of(code).as_u16(),
            ErrorFormat::BetterAuth => errors::status(code).as_u16(),
        }
    }

    /// The response of a status, over all of the codes that have it.
    pub(super) fn response(self, status: u16, codes: &[Code]) -> Value {
        let (mut examples, mut names) = (Map::new(), Vec::new());
        for code in codes.iter().copied().filter(|code| self.status(*code) == status) {
            let name = self.example(code);
            let reference = json!({ "$ref": format!("#/components/examples/{name}") });
            if examples.insert(name, reference).is_none() {
                names.push(match code.wire() {
                    Some(code) => format!("`{code}`"),
                    None => format!("without a code: {}", code.message()),
                });
            }
        }
        let (media_type, schema) = match self {
            ErrorFormat::ProblemJson => ("application/problem+json", "Problem"),
            ErrorFormat::BetterAuth => ("application/json", "Error"),
        };
        let content = json!({ (media_type): { "schema": reference(schema), "examples": examples } });
        let mut response = json!({ "description": names.join(", "), "content": content });
        match status {
            401 if self == ErrorFormat::ProblemJson => set_header(&mut response, "WWW-Authenticate"),
            429 | 503 => set_header(&mut response, "Retry-After"),
            _ => {}
        }
        response
    }

    /// The name of an example in the document's components.
    pub(super) fn example(self, code: Code) -> String {
        let kind = if self == Self::ProblemJson { "problem" } else { "error" };
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        format!("{kind}.{}", code.wire().unwrap_or(code.message()).chars().map(plain).collect::<String>())
    }

    /// The body of the response to a code.
    pub(super) fn body(self, code: Code) -> Value {
        let problem = match code {
            Code::TooManyRequests => Problem::retry_in(code, 7),
            Code::Busy => Problem::retry_in(code, 2),
            Code::Unavailable => Problem::retry_in(code, 5),
            Code::PayloadTooLarge => Problem::body_too_large(MAX_BODY),
            _ => Problem::new(code),
        };
        match self {
            Self::ProblemJson => {
                serde_json::to_value(problem_json::Document::of(&problem.into())).unwrap_or_default()
            }
            Self::BetterAuth => serde_json::to_value(ErrorBody::of(&problem.into())).unwrap_or_default(),
        }
    }
}
