//! The document of the API (OpenAPI 3.1), put together from the operations beside the handlers.

use std::collections::BTreeMap;

use contract::{Questions, routes};
use serde_json::{Map, Value, json};

use super::{
    operation::{Operation, Tag},
    parameters,
    schemas::Schemas,
};
use crate::http::{better_auth, conversations};

/// The parts of the document that differ from server to server.
#[derive(Debug, Clone, Copy)]
pub struct ServerInfo<'a> {
    /// The origin of the server.
    pub origin: &'a str,
    /// The name of the session's cookie.
    pub cookie: &'a str,
    /// The book's questions.
    pub questions: &'a Questions,
    /// The fewest characters of a new password.
    pub password_min: usize,
}

const DESCRIPTION: &str = "Accounts, sessions and tokens for the readers of a book, and their conversations with its \
    chatbot.\n\nA chatbot calls with the reader's token (`GET /api/auth/token`), a page of the book with the reader's \
    session cookie, from an origin that is trusted. What a client sends as `parts`, `usage`, `raw` and `metadata` is kept to \
    the letter. Problems below `/api/conversations`, `/api/search` and `/api/me` are documents after RFC 9457; below \
    `/api/auth` they have the shape of Better Auth. Go by `code` in either.";

/// The whole document.
pub fn describe(server: &ServerInfo<'_>) -> Value {
    let tags = Tag::ALL.map(|(_, name, description)| json!({ "name": name, "description": description }));
    let (mut paths, mut examples, mut schemas) = (Map::new(), BTreeMap::new(), Schemas::default());
    for operation in operations(server.questions) {
        examples.extend(operation.examples());
        schemas.extend(operation.schemas());
        let (method, path) = (operation.method, operation.path.clone());
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(method.into(), operation.into_json());
        }
    }
    let parameters = parameters::parameters(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bookplate",
            "summary": "Accounts and conversations of the readers of a book",
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "externalDocs": { "description": "The same as a page, with every problem", "url": format!("{}{}", server.origin, routes::API_DOCS) },
        "servers": [{ "url": server.origin }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearerJwt": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "A reader's token, from `GET /api/auth/token`. A session's own token is none. One without an audience opens \
                        everything; that of an audience opens conversations for the scopes `conversations:read` and \
                        `conversations:write` that its entry in `bookplate.toml` gives it, and none without an entry of that kind.",
                },
                "sessionCookie": {
                    "type": "apiKey", "in": "cookie", "name": server.cookie,
                    "description": "Set by signing in. What changes something has to come from a trusted origin, \
                        by `Origin` or `Referer`.",
                },
            },
            "parameters": parameters,
            "headers": parameters::headers(),
            "examples": examples,
            "schemas": with_password_min(schemas.into_json(server.questions), server.password_min),
        },
    })
}

/// Sets the configured minimum on the members of bodies that are new passwords.
fn with_password_min(mut schemas: Value, min: usize) -> Value {
    let bodies = schemas.as_object_mut().into_iter().flat_map(Map::values_mut);
    let members = bodies.filter_map(|schema| schema.get_mut("properties")?.as_object_mut());
    for member in members.flat_map(Map::values_mut).filter_map(Value::as_object_mut) {
        let is_password = member.get("format").is_some_and(|format| format == "password");
        if is_password && member.contains_key("minLength") {
            member.insert("minLength".into(), min.into());
            let description = format!("{min} to 128 UTF-16 code units, and not soon guessed.");
            member.insert("description".into(), description.into());
        }
    }
    schemas
}

/// Every operation, in the order of the document.
fn operations(questions: &Questions) -> Vec<Operation> {
    let mut operations = conversations::operations(questions);
    operations.extend(better_auth::operations(questions));
    operations.extend(super::operations());
    operations
}
