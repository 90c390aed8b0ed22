//! Conversations as files: `GET /api/conversations/{id}/export`, `GET /api/conversations/export` and
//! `POST /api/conversations/import`.

use std::io;

use axum::{
    Extension, Json,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems, conversations::Imported, routes};
use domain::{ConversationExport, ExportFormat, ImportStop};
use futures_util::stream;
use http::{HeaderValue, Uri, header};
use serde_json::json;

use super::{
    RETRY_AFTER, WORK_BUDGET,
    auth::Caller,
    file_schemas,
    operation::{BODY_CODES, read_operation, write_operation},
    path_params::PathParams,
    query::Parameters,
    upload::Upload,
};
use crate::http::{
    app_state::AppState,
    errors::problem_json::{Document, ProblemResponse},
    openapi::{
        examples,
        operation::{Operation, Tag},
        schemas::reference,
    },
    request_body::expect_json,
    work_time::WorkTime,
};

type Answer = Result<Response, ProblemResponse>;

/// One conversation, as JSON (the default) or Markdown.
pub async fn export(
    State(state): State<AppState>,
    caller: Caller,
    PathParams(id): PathParams<String>,
    uri: Uri,
) -> Answer {
    let parse = |format: &str| match format {
        "json" => Some(Format(ExportFormat::Json)),
        "markdown" => Some(Format(ExportFormat::Markdown)),
        _ => None,
    };
    let Format(format) = Parameters::of(&uri).one_of("format", parse, "json or markdown")?;
    let export = state.services.transfer.export(caller.principal(), &id, format).await;
    Ok(file(export.map_err(Problems::from)?))
}

/// The description of [`export`].
pub fn export_operation() -> Operation {
    let path = "/api/conversations/{id}/export";
    let text = json!({ "type": "string" });
    let markdown = json!("# Walking robots\n\n## 1 · You · 2026-11-21 02:04 UTC\n\nHow do robots walk?\n");
    read_operation(path, "exportConversation", Tag::Conversations, "One conversation as a file")
        .query_params(&["format"])
        .response_as(200, "The file.", "application/json", &reference("ConversationsFile"), &examples::file())
        .response_as(200, "The file.", "text/markdown", &text, &markdown)
        .response_header("Content-Disposition")
        .errors(&[Code::ConversationNotFound, Code::ValidationError])
}

/// All of the reader's conversations, as JSON.
pub async fn export_all(State(state): State<AppState>, caller: Caller) -> Answer {
    let export = state.services.transfer.export_all(caller.principal()).await;
    Ok(file(export.map_err(Problems::from)?))
}

/// The description of [`export_all`].
pub fn export_all_operation() -> Operation {
    let path = format!("{}/export", routes::API_CONVERSATIONS);
    read_operation(&path, "exportConversations", Tag::Conversations, "All conversations as a file")
        .description(
            "Without those that were deleted. It is written while it is read: whole files end in `]}`.",
        )
        .schema("ConversationsFile", file_schemas::conversations_file())
        .schema("ExportedConversation", file_schemas::exported_conversation())
        .response_as(200, "The file.", "application/json", &reference("ConversationsFile"), &examples::file())
        .response_header("Content-Disposition")
}

/// Imports a file of Bookplate's or ChatGPT's `conversations.json` while it arrives. The response has the result for each
/// conversation.
pub async fn import(
    State(state): State<AppState>,
    caller: Caller,
    Extension(time): Extension<WorkTime>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let upload = Upload::begin(&state, &caller.signed_in, &parts, body, expect_json(&parts)).await?;
    let left = WORK_BUDGET.saturating_sub(time.elapsed());
    let imported = state.services.transfer.import(caller.principal(), upload, left).await;
    let (imported, stop) = imported.map_err(Problems::from)?;
    Ok(match stop {
        None => Json(imported).into_response(),
        Some(stop) => unfinished(&imported, stop),
    })
}

/// The description of [`import`].
pub fn import_operation() -> Operation {
    let path = format!("{}/import", routes::API_CONVERSATIONS);
    write_operation(("post", &path), "importConversations", Tag::Conversations, "Take conversations in from a file")
        .description(
            "A file of Bookplate's, or the `conversations.json` of a copy from ChatGPT. Each conversation comes in whole or \
             is refused with the reason, and the answer says which. The same file once more adds nothing.",
        )
        .schema("ConversationsToImport", file_schemas::conversations_to_import())
        .json_body_as(&reference("ConversationsToImport"), &examples::file())
        .json_response::<Imported>(200, "What came of each conversation.", &examples::imported())
        .errors(&BODY_CODES)
}

/// The response to an import that was not read to its end. Imported conversations are kept, so the same file may be sent
/// again.
fn unfinished(imported: &Imported, stop: ImportStop) -> Response {
    let (taken, refused) = (imported.conversations.len(), imported.refused.len());
    let so_far = format!("conversations taken in: {taken}, refused: {refused}");
    let (problems, detail) = match stop {
        ImportStop::OutOfTime => {
            let detail = format!(
                "There was no time for all of the file: {so_far}. Send the same file again for the rest; nothing comes in \
                 twice."
            );
            (Problems::from(Problem::retry_in(Code::Unavailable, RETRY_AFTER)), detail)
        }
        ImportStop::Invalid(problems) => {
            let why = Document::of(&problems).detail;
            let detail = format!(
                "The file was not read to its end: {so_far}. Nothing comes in twice when it is sent again. {why}"
            );
            (problems, detail)
        }
    };
    let document = Document { detail, ..Document::of(&problems) };
    let (head, _) = ProblemResponse::from(problems).into_response().into_parts();
    Response::from_parts(head, Json(document).into_response().into_body())
}

struct Format(ExportFormat);

impl Default for Format {
    fn default() -> Self {
        Self(ExportFormat::Json)
    }
}

/// A file that is sent while it is written. When it cannot be written to its end, the connection is cut off, so that
/// nobody takes the piece for the whole (RFC 9112 section 8).
fn file(export: ConversationExport) -> Response {
    let (media_type, file_name) = (export.media_type(), export.file_name().to_owned());
    let chunks = stream::try_unfold(export, |mut export| async {
        let chunk = export.next_chunk().await.map_err(|error| {
            tracing::warn!(?error, "an export was cut off");
            io::Error::other("the export was cut off")
        })?;
        Ok::<_, io::Error>(chunk.map(|chunk| (chunk, export)))
    });
    let mut response = Body::from_stream(chunks).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    // The name is made of letters, digits, hyphens and dots (RFC 6266 section 4.3).
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{file_name}\""));
    let attachment = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    response
}

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;
    use contract::conversations::RejectedConversation as RefusedConversation;
    use serde_json::{Value, json};

    use super::*;

    #[tokio::test]
    async fn a_file_there_was_no_time_for_is_to_be_sent_again() {
        let one = RefusedConversation { id: None, title: None, position: 1, reason: String::new() };
        let imported = Imported { conversations: Vec::new(), refused: vec![one] };
        let response = unfinished(&imported, ImportStop::OutOfTime);
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers()["retry-after"], "5");
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body: Value =
            serde_json::from_slice(&to_bytes(response.into_body(), 2000).await.unwrap()).unwrap();
        assert_eq!((&body["code"], &body["retryAfter"]), (&json!("SERVICE_UNAVAILABLE"), &json!(5)));
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains("taken in: 0, refused: 1") && detail.contains("same file again"), "{detail}");
        let response = unfinished(&imported, ImportStop::Invalid(Problem::body_too_large(5).into()));
        assert_eq!(response.status(), 413);
        let body: Value =
            serde_json::from_slice(&to_bytes(response.into_body(), 2000).await.unwrap()).unwrap();
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains("taken in: 0, refused: 1") && detail.contains("at most 5 bytes"), "{detail}");
    }
}
