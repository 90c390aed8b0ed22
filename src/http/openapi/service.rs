//! Tokens, keys, and the server itself.

use contract::{Code, routes};
use serde_json::json;

use super::{
    accounts::reads,
    operation::{Caller, Operation},
};

/// The heading of tokens.
pub const TOKENS: &str = "Tokens";
/// The heading of the server.
pub const SERVICE: &str = "Service";

/// Every operation.
pub fn operations() -> Vec<Operation> {
    vec![token(), jwks(), ok(), error(), document(), older_document()]
}

fn token() -> Operation {
    reads("/api/auth/token", "getToken", TOKENS, "A token for services", Caller::Session)
        .asks_text("audience", false, "A declared audience. Without one the token is for Bookplate itself.")
        .answers(
            200,
            "A JWT.",
            "Token",
            &json!({ "token": "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJzdWIi..." }),
        )
        .errors(&[Code::UnknownAudience])
}

fn jwks() -> Operation {
    let key = json!({ "kid": "k1", "kty": "EC", "alg": "ES256", "use": "sig", "crv": "P-256", "x": "...", "y": "..." });
    reads(
        "/api/auth/jwks",
        "getKeys",
        TOKENS,
        "The public keys that tokens are checked with",
        Caller::Anybody,
    )
    .describe("May be kept for five minutes.")
    .answers(200, "The keys.", "Keys", &json!({ "keys": [key] }))
}

fn ok() -> Operation {
    reads("/api/auth/ok", "getOk", SERVICE, "Whether the server answers", Caller::Anybody).answers(
        200,
        "It does.",
        "Alive",
        &json!({ "ok": true }),
    )
}

fn error() -> Operation {
    reads("/api/auth/error", "getError", SERVICE, "Where a link that failed leads", Caller::Anybody)
        .asks_text("error", false, "The code of the failure.")
        .answers_empty(302, "To the first page, which says that the link did not work.")
}

fn document() -> Operation {
    let route = ("get", routes::OPENAPI);
    described(Operation::new(route, "getDescription", SERVICE, "This description", Caller::Anybody))
}

fn older_document() -> Operation {
    let summary = "This description, for tools that know OpenAPI 3.0 alone";
    let route = ("get", routes::OPENAPI_3_0);
    described(Operation::new(route, "getOlderDescription", SERVICE, summary, Caller::Anybody))
}

fn described(operation: Operation) -> Operation {
    let (schema, example) = (json!({ "type": "object" }), json!({ "openapi": "3.1.0" }));
    operation
        .answers_as(200, "The description.", "application/json", &schema, &example)
        .with_header("ETag")
        .answers_empty(304, "It is what `If-None-Match` names.")
}
