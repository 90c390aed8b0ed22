//! Shared parts of the OpenAPI operations below `/api`, except `/api/auth`.

use contract::Code;

use crate::http::openapi::operation::{Auth, Operation, Tag};

/// The codes of a JSON body.
pub const BODY_CODES: [Code; 6] = [
    Code::BadRequest,
    Code::RequestTimeout,
    Code::PayloadTooLarge,
    Code::UnsupportedMediaType,
    Code::ValidationError,
    Code::Busy,
];

/// The codes of a page of a list.
pub const LIST_CODES: [Code; 2] = [Code::ValidationError, Code::InvalidCursor];

/// A `GET`.
pub fn read_operation(path: &str, id: &str, tag: Tag, summary: &str) -> Operation {
    let codes = [
        Code::Unauthorized,
        Code::InvalidToken,
        Code::InsufficientScope,
        Code::TooManyRequests,
        Code::Unavailable,
    ];
    Operation::new(("get", path), id, tag, summary, Auth::TokenOrSession).errors(&codes)
}

/// A request that changes something: with a cookie it has to come from a trusted origin.
pub fn write_operation(route: (&'static str, &str), id: &str, tag: Tag, summary: &str) -> Operation {
    let codes = [
        Code::Unauthorized,
        Code::InvalidToken,
        Code::InsufficientScope,
        Code::TooManyRequests,
        Code::Unavailable,
    ];
    let operation = Operation::new(route, id, tag, summary, Auth::TokenOrSession).errors(&codes);
    operation.errors(&[Code::MissingOrNullOrigin, Code::InvalidOrigin, Code::InsufficientStorage])
}
