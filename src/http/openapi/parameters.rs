//! Parameters and headers that several operations share.

use contract::conversations::{ConversationStatus, MessageId, Order};
use domain::PageRequest;
use serde_json::{Value, json};

use super::schemas::Schemas;

/// The parameters, by their names in the document; adds the schemas that they refer to.
pub fn parameters(schemas: &mut Schemas) -> Value {
    let query = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "query", "required": false, "description": description, "schema": schema });
    let path = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema });
    let header = |name: &str, description: &str, schema: Value| json!({ "name": name, "in": "header", "required": false, "description": description, "schema": schema });
    let number = json!({ "type": "integer", "format": "int64", "minimum": 0, "maximum": i64::MAX });
    let (item_id, order, status) =
        (schemas.add::<MessageId>(), schemas.add::<Order>(), schemas.add::<ConversationStatus>());
    json!({
        "id": path("id", "The conversation.", item_id.clone()),
        "messageId": path("messageId", "The message.", item_id),
        "token": path("token", "The token of the mailed link.", json!({ "type": "string", "minLength": 1 })),
        "limit": query("limit", "How many at most.", json!({
            "type": "integer", "minimum": 1, "maximum": PageRequest::MAX_LIMIT, "default": PageRequest::DEFAULT_LIMIT,
        })),
        "cursor": query(
            "cursor",
            "The `nextCursor` of the page before. It belongs to its reader and its list.",
            json!({ "type": "string", "pattern": "^[A-Za-z0-9_-]+$" }),
        ),
        "order": query("order", "Which end comes first.", with_default(&order, "asc")),
        "client": query(
            "client",
            "Those of this OAuth client alone; without a value, those of no client.",
            json!({ "type": "string" }),
        ),
        "status": query("status", "Those in the list, or those put away.", with_default(&status, "active")),
        "q": json!({
            "name": "q", "in": "query", "required": true, "example": "robots",
            "description": "Words. Endings, capitals and accents do not matter.",
            "schema": { "type": "string", "minLength": 1 },
        }),
        "format": query("format", "`json` can be taken in again, `markdown` is to be read.", json!({
            "type": "string", "enum": ["json", "markdown"], "default": "json",
        })),
        "after": query("after", "The revision the stream goes on from. Without one it begins now.", number.clone()),
        "lastEventId": header(
            "Last-Event-ID",
            "The `id` of the last event that arrived; goes before `after`. Browsers send it by themselves.",
            number,
        ),
        "idempotencyKey": header(
            "Idempotency-Key",
            "A name for this request. Sent again with it, the request is answered as it was the first time.",
            json!({ "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$" }),
        ),
    })
}

/// The headers of responses, by their names.
pub fn headers() -> Value {
    let header = |description: &str, schema: Value| json!({ "description": description, "schema": schema });
    json!({
        "Location": header("Where the new conversation is.", json!({ "type": "string" })),
        "Retry-After": header("Seconds after which trying again makes sense.", json!({ "type": "integer", "minimum": 0 })),
        "WWW-Authenticate": header(
            "`Bearer`, with `error=\"invalid_token\"` when a token came and is refused, or with `error=\"insufficient_scope\"` \
             and the `scope` that is needed (RFC 6750).",
            json!({ "type": "string" }),
        ),
        "Set-Cookie": header("The session's cookies.", json!({ "type": "string" })),
        "Content-Disposition": header("The name of the file.", json!({ "type": "string" })),
        "ETag": header("Changes with the document.", json!({ "type": "string" })),
    })
}

fn with_default(schema: &Value, default: &str) -> Value {
    json!({ "allOf": [schema], "default": default })
}
