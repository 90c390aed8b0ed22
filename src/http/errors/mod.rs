//! Problems as responses. The status of each code and the headers that go with it are here; each envelope has a file of its
//! own: Better Auth's, RFC 9457's and OAuth's (RFC 6749 section 5.2).

pub mod better_auth;
pub mod oauth;
pub mod problem_json;

pub use self::{better_auth::ApiError, oauth::OAuthErrorResponse, problem_json::ProblemResponse};

use axum::response::Response;
use contract::{Code, Problem, Reason};
use http::{HeaderValue, StatusCode, header};

/// The HTTP status of a problem. Problem documents differ for one code ([`problem_json::status_of`]).
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
        | Code::InvalidAuthorizationRequest
        | Code::PasswordCompromised
        | Code::PasswordTooWeak
        | Code::InvalidPassword
        | Code::CredentialAccountNotFound
        | Code::InvalidResetToken
        | Code::InvalidVerificationCode
        | Code::SessionExpired
        | Code::ResetPasswordDisabled
        | Code::VerificationEmailNotEnabled
        | Code::ChangeEmailDisabled
        | Code::EmailIsTheSame
        | Code::LastSignInMethod
        | Code::SignInMethodNotFound
        | Code::EmailMismatch
        | Code::EmailAlreadyVerified
        | Code::SignUpDisabled
        | Code::TermsNotAccepted
        | Code::UnknownAudience => StatusCode::BAD_REQUEST,
        Code::InvalidEmailOrPassword
        | Code::Unauthorized
        | Code::InvalidToken
        | Code::InvalidVerificationToken
        | Code::TokenExpired
        | Code::InvalidUser => StatusCode::UNAUTHORIZED,
        Code::InsufficientScope
        | Code::EmailNotVerified
        | Code::InvitationRequired
        | Code::InvalidInvitation
        | Code::EmailDomainNotAllowed
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
        Code::MessageConflict | Code::ConversationConflict => StatusCode::CONFLICT,
        Code::PartTooLarge | Code::MessageTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::InvalidCursor
        | Code::IdempotencyKeyReused
        | Code::ConversationFull
        | Code::TooManyConversations
        | Code::StorageFull => StatusCode::UNPROCESSABLE_ENTITY,
        Code::NotFound | Code::InvalidDeletionToken | Code::FailedToGetUserInfo => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed | Code::DeferredRefreshDisabled => StatusCode::METHOD_NOT_ALLOWED,
        Code::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
        Code::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::UserAlreadyExists => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::InsufficientStorage => StatusCode::INSUFFICIENT_STORAGE,
        Code::Busy | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Sets the headers that go with a problem in every envelope: `Retry-After`, `WWW-Authenticate`.
pub fn error_headers(problem: &Problem, response: &mut Response) {
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        if problem.code == Code::TooManyRequests {
            // The name Better Auth's clients look for.
            headers.insert("x-retry-after", HeaderValue::from(seconds));
        }
    }
    if let Some(Reason::Scope { needed }) = &problem.reason
        && let Ok(challenge) =
            HeaderValue::try_from(format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\""))
    {
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    if problem.code == Code::InvalidToken {
        // RFC 6750 section 3.1.
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
}
