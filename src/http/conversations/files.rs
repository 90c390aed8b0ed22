//! Conversations as files: `GET /api/conversations/{id}/export`, `GET /api/conversations/export` and
//! `POST /api/conversations/import`.

use std::io;

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::Problems;
use domain::{ConversationExport, ExportFormat};
use futures_util::stream;
use http::{HeaderValue, Uri, header};

use super::{caller::Caller, document::Refused, names::Names, query::Parameters};
use crate::http::{api::body, state::Edge};

type Answer = Result<Response, Refused>;

/// One conversation, as JSON (the default) or Markdown.
pub async fn export(State(edge): State<Edge>, caller: Caller, Names(id): Names<String>, uri: Uri) -> Answer {
    let parse = |format: &str| match format {
        "json" => Some(Format(ExportFormat::Json)),
        "markdown" => Some(Format(ExportFormat::Markdown)),
        _ => None,
    };
    let Format(format) = Parameters::of(&uri).one_of("format", parse, "json or markdown")?;
    let export = edge.services.conversations.export(caller.user_id(), &id, format).await;
    Ok(file(export.map_err(Problems::from)?))
}

/// All of the reader's conversations, as JSON.
pub async fn export_all(State(edge): State<Edge>, caller: Caller) -> Answer {
    let export = edge.services.conversations.export_all(caller.user_id()).await;
    Ok(file(export.map_err(Problems::from)?))
}

/// Takes a file in: one of ours, or ChatGPT's `conversations.json`. What came of each conversation stands in the answer.
pub async fn import(State(edge): State<Edge>, caller: Caller, request: Request) -> Answer {
    let (parts, bytes) = request.into_parts();
    let most = edge.services.conversations.limits().import_bytes;
    let bytes = body::json(&parts.headers, bytes, most).await?;
    let imported = edge.services.conversations.import(caller.user_id(), &bytes).await;
    Ok(Json(imported.map_err(Problems::from)?).into_response())
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
