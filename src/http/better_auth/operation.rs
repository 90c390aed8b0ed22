//! Shared parts of the OpenAPI operations below `/api/auth`.

use contract::Code;

use crate::http::openapi::operation::{Auth, Operation, Tag};

/// The codes of a new password.
pub const NEW_PASSWORD_CODES: [Code; 5] = [
    Code::ValidationError,
    Code::PasswordTooShort,
    Code::PasswordTooLong,
    Code::PasswordCompromised,
    Code::PasswordTooWeak,
];

/// The codes of a `callbackURL`.
pub const CALLBACK_CODES: [Code; 2] = [Code::CallbackNotAString, Code::InvalidCallbackUrl];

/// A `GET`.
pub fn get_operation(path: &str, id: &str, tag: Tag, summary: &str, auth: Auth) -> Operation {
    let get = Operation::new(("get", path), id, tag, summary, auth);
    let get = get.errors(&[Code::TooManyRequests, Code::Unavailable]);
    if auth == Auth::Session { get.errors(&[Code::Unauthorized]) } else { get }
}

/// A `POST`: with a cookie it has to come from a trusted origin.
pub fn post_operation(path: &str, id: &str, tag: Tag, summary: &str, auth: Auth) -> Operation {
    let post = Operation::new(("post", path), id, tag, summary, auth);
    let post = post.errors(&[
        Code::BadRequest,
        Code::MissingOrNullOrigin,
        Code::InvalidOrigin,
        Code::RequestTimeout,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
        Code::TooManyRequests,
        Code::Unavailable,
    ]);
    if auth == Auth::Session { post.errors(&[Code::Unauthorized]) } else { post }
}
