//! Problem documents (RFC 9457, `application/problem+json`): below `/api/conversations`, `/api/search` and `/api/me`.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems, sentence};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use utoipa::ToSchema;

use super::{error_headers, status};

/// An error response, ready to be returned with `?`.
#[derive(Debug)]
pub struct ProblemResponse(Box<Problems>);

impl<P: Into<Problems>> From<P> for ProblemResponse {
    fn from(problems: P) -> Self {
        Self(Box::new(problems.into()))
    }
}

/// What went wrong (RFC 9457 section 3).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Where this kind of problem is described, relative to the address asked for.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words.
    pub title: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// What happened and what to do.
    pub detail: String,
    /// The kind, for programs; stable.
    pub code: &'static str,
    /// Every field that is not what it should be, when fields are the problem.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub errors: Vec<FieldError>,
    /// Seconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u32>,
}

/// A field that is not what it should be.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// The field, as a path (`messages[0].parts[1].text`), a parameter of the query or a header.
    pub field: String,
    /// The kind of problem.
    pub code: &'static str,
    /// Why it is not accepted.
    pub detail: String,
}

/// The status of a problem here: a field that is not what it should be is 422, apart from JSON that is none.
pub fn status_of(code: Code) -> StatusCode {
    match code {
        Code::ValidationError => StatusCode::UNPROCESSABLE_ENTITY,
        code => status(code),
    }
}

/// What every code is called.
fn name(code: Code) -> &'static str {
    code.wire().unwrap_or("BAD_REQUEST")
}

fn detail(problem: &Problem) -> String {
    match (&problem.reason, problem.code) {
        (Some(reason), _) => reason.to_string(),
        (None, Code::Unauthorized) => {
            "Send the reader's token as Authorization: Bearer, or the session cookie. GET /api/auth/token gives a token."
                .into()
        }
        (None, Code::InvalidToken) => {
            "The token is forged, expired, of another kind or audience, or its session has ended. GET /api/auth/token gives \
             a new one; a session's own token is none."
                .into()
        }
        (None, Code::BadRequest) => {
            "The body is not JSON. Send a JSON object, with Content-Type: application/json.".into()
        }
        (None, Code::MissingOrNullOrigin | Code::InvalidOrigin | Code::CrossSiteNavigation) => {
            "A cookie counts only from pages of this server or of a trusted origin (BOOKPLATE_TRUSTED_ORIGINS). Send a \
             token as Authorization: Bearer instead."
                .into()
        }
        (None, Code::IdempotencyKeyReused) => {
            "This key came with another request before. Send another one.".into()
        }
        (None, Code::StorageFull) => {
            "The reader's conversations would take up more than BOOKPLATE_MAX_READER_BYTES allows. What the reader deletes \
             makes room ten minutes later; what needs no more room is still stored."
                .into()
        }
        (None, Code::InsufficientStorage) => {
            "The database has no space left. Reading, exporting and deleting go on.".into()
        }
        (None, Code::MessageConflict) => {
            "A message of this id is there, with another role or another parent. Choose another id.".into()
        }
        (None, Code::ConversationConflict) => {
            "The reader has a conversation of this id that belongs to another client. Choose another id.".into()
        }
        (None, _) => sentence(problem),
    }
}

impl Document {
    /// The document of some problems.
    pub fn of(problems: &Problems) -> Self {
        let first = problems.first();
        let errors = problems.iter().filter_map(|problem| {
            let field = problem.field.clone()?;
            Some(FieldError { field, code: name(problem.code), detail: detail(problem) })
        });
        Self {
            kind: format!("/api/docs#{}", name(first.code)),
            title: first.code.message(),
            status: status_of(first.code).as_u16(),
            detail: detail(first),
            code: name(first.code),
            errors: errors.collect(),
            retry_after: first.retry_after,
        }
    }
}

impl IntoResponse for ProblemResponse {
    fn into_response(self) -> Response {
        let first = self.0.first().clone();
        let mut response = (status_of(first.code), Json(Document::of(&self.0))).into_response();
        error_headers(&first, &mut response);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if first.code == Code::Unauthorized {
            // RFC 6750 section 3: without a token, no error is named.
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
