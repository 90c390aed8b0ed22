//! `POST /account/data/export`: everything stored about a reader, as a ZIP file.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, LocalPath, Problem};
use domain::{
    ClientInfo, ConversationError, ConversationExport, ExportCursor, ExportError, ExportItem, SignedIn,
};
use http::{HeaderValue, header, request::Parts};
use tokio::runtime::Handle;

use super::{
    render::{render_problem, see_other},
    request::PageRequest,
};
use crate::{
    adapters::archive::{self, Archive, Conversations},
    http::{app_state::AppState, browser_effects::WithBrowserEffects, csrf::OriginPolicy, rate_limit},
};

/// Where a browser without a session is sent.
const SIGN_IN_FIRST: &str = "/sign-in?next=/account/data";

/// The file of the reader who is signed in. Only a form of ours may ask for it, so that no other site can have it made; the
/// form has no fields, so its body is not read.
pub async fn export(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    if let Err(problem) = allow(&state, &parts).await {
        return render_problem(&state, parts.uri, problem).await;
    }
    let PageRequest { visitor, effects } = match PageRequest::load(&state, &parts).await {
        Ok(request) => request,
        Err(problems) => return render_problem(&state, parts.uri, problems.first().clone()).await,
    };
    let response = match &visitor.signed_in {
        Some(signed_in) => download(&state, &parts, &visitor.client, signed_in).await,
        None => see_other(LocalPath::parse(SIGN_IN_FIRST).as_ref()),
    };
    response.with_effects(effects)
}

async fn allow(state: &AppState, parts: &Parts) -> Result<(), Problem> {
    state.site.trusted_origins.only_self().check_origin(&parts.headers, OriginPolicy::FromBrowser)?;
    rate_limit::form(state, parts).await
}

async fn download(state: &AppState, parts: &Parts, client: &ClientInfo, signed_in: &SignedIn) -> Response {
    let export = match state.services.data_export.export(&signed_in.user, &client.device).await {
        Ok(export) => export,
        Err(ExportError::Gone) => return see_other(LocalPath::parse(SIGN_IN_FIRST).as_ref()),
        Err(error) => return render_problem(state, parts.uri.clone(), error.into()).await,
    };
    let transfer = &state.services.transfer;
    let mut source = BlockingSource {
        runtime: Handle::current(),
        file: transfer.export_with_deleted(&signed_in.user.id, export.exported_at),
        cursor: transfer.read_with_deleted(&signed_in.user.id),
    };
    // Compressing years of events takes a while.
    let packed = tokio::task::spawn_blocking(move || archive::pack(&export, &mut source)).await;
    let packed = packed.map_err(|error| error.to_string());
    match packed.and_then(|packed| packed.map_err(|error| error.to_string())) {
        Ok(archive) => file(archive),
        Err(error) => {
            tracing::error!(%error, "a reader's copy was not made");
            render_problem(state, parts.uri.clone(), Problem::new(Code::Internal)).await
        }
    }
}

/// A reader's conversations, read from a thread that may block.
struct BlockingSource {
    runtime: Handle,
    file: ConversationExport,
    cursor: ExportCursor,
}

impl Conversations for BlockingSource {
    fn next_chunk(&mut self) -> Result<Option<String>, String> {
        self.runtime.block_on(self.file.next_chunk()).map_err(describe)
    }

    fn next_piece(&mut self) -> Result<Option<ExportItem>, String> {
        self.runtime.block_on(self.cursor.next()).map_err(describe)
    }
}

fn describe(error: ConversationError) -> String {
    format!("the conversations could not be read: {error:?}")
}

fn file(archive: Archive) -> Response {
    let mut response = archive.bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // The name is made of letters, digits, hyphens and dots (RFC 6266 section 4.3).
    let disposition = format!("attachment; filename=\"{}\"", archive.file_name);
    let disposition = HeaderValue::try_from(disposition);
    let attachment = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    response
}
