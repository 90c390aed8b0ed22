//! Problems on the JSON door: the one table from code to status, and the one shape of an error.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems};
use domain::BrowserEffects;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Map, Value};

use super::browser_effects::WithBrowserEffects;

/// The status of a problem, on every door.
pub const fn status(code: Code) -> StatusCode {
    match code {
        Code::ValidationError
        | Code::BadRequest
        | Code::MalformedRequest
        | Code::PasswordTooShort
        | Code::PasswordTooLong
        | Code::MissingField
        | Code::InvalidEmail
        | Code::EmailCanNotBeUpdated
        | Code::NoFieldsToUpdate
        | Code::CallbackNotAString
        | Code::PasswordCompromised
        | Code::PasswordTooWeak
        | Code::InvalidPassword
        | Code::CredentialAccountNotFound
        | Code::InvalidResetToken
        | Code::SessionExpired
        | Code::ResetPasswordDisabled
        | Code::VerificationEmailNotEnabled
        | Code::ChangeEmailDisabled
        | Code::EmailIsTheSame
        | Code::LastSignInMethod
        | Code::SignInMethodNotFound
        | Code::EmailMismatch
        | Code::EmailAlreadyVerified
        | Code::UnknownAudience => StatusCode::BAD_REQUEST,
        Code::InvalidEmailOrPassword
        | Code::Unauthorized
        | Code::InvalidToken
        | Code::InvalidVerificationToken
        | Code::TokenExpired
        | Code::InvalidUser => StatusCode::UNAUTHORIZED,
        Code::EmailNotVerified
        | Code::BannedUser
        | Code::SessionNotFresh
        | Code::MissingOrNullOrigin
        | Code::InvalidOrigin
        | Code::CrossSiteNavigation
        | Code::InvalidCallbackUrl
        | Code::InvalidRedirectUrl
        | Code::InvalidErrorCallbackUrl
        | Code::InvalidNewUserCallbackUrl => StatusCode::FORBIDDEN,
        Code::ConversationNotFound | Code::MessageNotFound => StatusCode::NOT_FOUND,
        Code::MessageConflict => StatusCode::CONFLICT,
        Code::PartTooLarge | Code::MessageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::InvalidCursor
        | Code::IdempotencyKeyReused
        | Code::ConversationFull
        | Code::TooManyConversations => StatusCode::UNPROCESSABLE_ENTITY,
        Code::NotFound | Code::InvalidDeletionToken | Code::FailedToGetUserInfo => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed | Code::DeferredRefreshDisabled => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::UserAlreadyExists => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Busy | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// What the wire says about problems: `{"message", "code"}`.
pub fn body(problems: &Problems) -> Value {
    let mut body = Map::new();
    body.insert("message".into(), message(problems).into());
    if let Some(code) = problems.first().code.wire() {
        body.insert("code".into(), code.into());
    }
    Value::Object(body)
}

/// An answer that says no, ready to be returned with `?`.
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
        let mut response = (status(first.code), Json(body(&problems))).into_response();
        error_headers(first, &mut response);
        response.with_effects(effects)
    }
}

/// The answer when a handler panics, which is a fault of ours: the connection lives on and says so. The panic itself has
/// been written to the log by then.
pub fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    ApiError::from(Problem::new(Code::Internal)).into_response()
}

/// Headers that go with a problem, whatever the body says.
pub fn error_headers(problem: &Problem, response: &mut Response) {
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        if problem.code == Code::TooManyRequests {
            // The name Better Auth's clients look for.
            headers.insert("x-retry-after", HeaderValue::from(seconds));
        }
    }
    if problem.code == Code::InvalidToken {
        // RFC 6750 section 3.1.
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
}

fn message(problems: &Problems) -> String {
    let first = problems.first();
    match (first.code, &first.reason) {
        (Code::ValidationError, _) => {
            let invalid = problems.iter().filter(|problem| problem.code == Code::ValidationError);
            invalid.map(invalid_field).collect::<Vec<_>>().join("; ")
        }
        (Code::MissingField, _) => format!("{} is required", first.field.as_deref().unwrap_or("field")),
        (Code::UnsupportedMediaType, Some(reason)) => reason.to_string(),
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
