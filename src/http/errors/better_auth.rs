//! The error envelope of Better Auth, `{"message", "code"}`: below `/api/auth`, and for forms and islands that a script
//! sends.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems};
use domain::BrowserEffects;
use serde::Serialize;
use utoipa::ToSchema;

use super::{error_headers, status};
use crate::http::browser_effects::WithBrowserEffects;

/// Why it was not done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error)]
pub struct ErrorBody {
    /// For people.
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    code: Option<&'static str>,
}

impl ErrorBody {
    /// The envelope of some problems.
    pub fn of(problems: &Problems) -> Self {
        Self { message: message(problems), code: problems.first().code.wire() }
    }
}

/// An error response, ready to be returned with `?`.
#[derive(Debug)]
pub struct ApiError(Box<Refusal>);

#[derive(Debug)]
struct Refusal {
    problems: Problems,
    effects: BrowserEffects,
}

impl ApiError {
    /// A failure that affects the browser, such as one that clears the cookies of a session that has ended.
    pub fn with_effects(problems: impl Into<Problems>, effects: BrowserEffects) -> Self {
        Self(Box::new(Refusal { problems: problems.into(), effects }))
    }
}

impl<P: Into<Problems>> From<P> for ApiError {
    fn from(problems: P) -> Self {
        Self::with_effects(problems, BrowserEffects::default())
    }
}

impl IntoResponse for ApiError {
    /// `{"message", "code"}` of the first problem; wrong fields are all named in one message, as the wire does.
    fn into_response(self) -> Response {
        let Refusal { problems, effects } = *self.0;
        let first = problems.first();
        let mut response = (status(first.code), Json(ErrorBody::of(&problems))).into_response();
        error_headers(first, &mut response);
        response.with_effects(effects)
    }
}

/// The response when a handler panics; the connection stays open. The panic has been logged by then.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::from(Problem::new(Code::Internal)).into_response()
}

fn message(problems: &Problems) -> String {
    let first = problems.first();
    match (first.code, &first.reason) {
        (Code::ValidationError, _) => {
            let invalid = problems.iter().filter(|problem| problem.code == Code::ValidationError);
            invalid.map(invalid_field).collect::<Vec<_>>().join("; ")
        }
        (Code::MissingField, _) => format!("{} is required", first.field.as_deref().unwrap_or("field")),
        (Code::TermsNotAccepted, _) => {
            format!("{}: {}", first.field.as_deref().unwrap_or("acceptedTerms"), first.code.message())
        }
        (Code::UnsupportedMediaType | Code::MalformedRequest, Some(reason)) => reason.to_string(),
        _ => first.code.message().to_owned(),
    }
}

fn invalid_field(problem: &Problem) -> String {
    let reason =
        problem.reason.as_ref().map_or_else(|| problem.code.message().to_owned(), ToString::to_string);
    match &problem.field {
        // A parameter of the query says so itself.
        Some(field) if field.starts_with("query.") => format!("[{field}] {reason}"),
        Some(field) => format!("[body.{field}] {reason}"),
        None => format!("[body] {reason}"),
    }
}
