//! The description of the API (OpenAPI 3.1), generated from the types, the codes and the questions of the book.

use std::collections::BTreeMap;

use contract::{Questions, routes};
use serde_json::{Map, Value, json};

use super::{
    accounts::{self, ACCOUNT, SESSIONS},
    conversations::{self, CONVERSATIONS},
    mails::{self, PASSWORDS},
    messages::{self, MESSAGES},
    operation::Operation,
    parameters, schemas,
    service::{self, SERVICE, TOKENS},
};

/// What differs from server to server.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Where it is reached.
    pub origin: &'a str,
    /// The name of the session's cookie.
    pub cookie: &'a str,
    /// What the book asks its readers.
    pub questions: &'a Questions,
}

/// The headings, in the order of the document.
const TAGS: [(&str, &str); 8] = [
    (CONVERSATIONS, "What a reader and the chatbot talked about, kept for the reader."),
    (MESSAGES, "What was said, in parts that are kept as they came, and what the reader thinks of it."),
    ("Search", "Over all conversations of a reader."),
    (ACCOUNT, "The wire of Better Auth: its unmodified client works."),
    (SESSIONS, "Where a reader is signed in."),
    (PASSWORDS, "Changed, proved and recovered, with links that are mailed."),
    (TOKENS, "What other services trust."),
    (SERVICE, "The server itself."),
];

const DESCRIPTION: &str = "Accounts, sessions and tokens for the readers of a book, and their conversations with its \
    chatbot.\n\nA chatbot calls with the reader's token (`GET /api/auth/token`), a page of the book with the reader's \
    session cookie, from an origin that is trusted. What a client sends as `parts`, `usage`, `raw` and `metadata` is kept to \
    the letter. Problems below `/api/conversations`, `/api/search` and `/api/me` are documents after RFC 9457; below \
    `/api/auth` they have the shape of Better Auth. Go by `code` in either.";

/// The whole document.
pub fn describe(about: &About<'_>) -> Value {
    let tags: Vec<Value> =
        TAGS.iter().map(|(name, words)| json!({ "name": name, "description": words })).collect();
    let (paths, examples) = paths(about.questions);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Bookplate",
            "summary": "Accounts and conversations of the readers of a book",
            "description": DESCRIPTION,
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "externalDocs": { "description": "The same as a page, with every problem", "url": format!("{}{}", about.origin, routes::API_DOCS) },
        "servers": [{ "url": about.origin }],
        "tags": tags,
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearerJwt": {
                    "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "A reader's token, from `GET /api/auth/token`. A session's own token is none.",
                },
                "sessionCookie": {
                    "type": "apiKey", "in": "cookie", "name": about.cookie,
                    "description": "Set by signing in. What changes something has to come from a trusted origin, \
                        by `Origin` or `Referer`.",
                },
            },
            "parameters": parameters::parameters(),
            "headers": parameters::headers(),
            "examples": examples,
            "schemas": all_schemas(about.questions),
        },
    })
}

fn all_schemas(questions: &Questions) -> Map<String, Value> {
    let mut all = schemas::schemas(questions);
    all.insert("MessagesToAdd".into(), messages::to_add());
    all
}

/// The operations by path, in the order of the headings; and the problems they end in, by name.
fn paths(questions: &Questions) -> (Map<String, Value>, BTreeMap<String, Value>) {
    let groups: [Vec<Operation>; 4] = [
        conversations::operations(questions),
        accounts::operations(questions),
        mails::operations(questions),
        service::operations(),
    ];
    let (mut paths, mut examples) = (Map::new(), BTreeMap::new());
    for operation in groups.into_iter().flatten() {
        examples.extend(operation.examples());
        let (method, path) = (operation.method, operation.path.clone());
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            item.insert(method.into(), operation.finish());
        }
    }
    (paths, examples)
}
