//! The description of the API: as OpenAPI 3.1, as OpenAPI 3.0, and as a page.

mod accounts;
mod conversations;
mod document;
mod downgrade_3_0;
mod examples;
mod files;
mod mails;
mod messages;
mod operation;
mod parameters;
mod schemas;
mod service;
mod wire;

use std::sync::{Arc, OnceLock};

use app::Reference;
use axum::{
    Router,
    body::Bytes,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::get,
};
use contract::{Code, routes};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Value;
use sha2::{Digest, Sha256};

use self::document::About;
use super::{
    app_state::AppState,
    compression::gzipped,
    conversations::wrong_method,
    errors::{self, problem_json::status_of},
    pages::{self, RenderContext},
};

/// The paths of the description.
pub fn routes(state: &AppState) -> Router<AppState> {
    let described = OpenApiDocuments { state: state.clone(), written: Arc::default() };
    let json = Router::new()
        .route(routes::OPENAPI, get(newer))
        .route(routes::OPENAPI_3_0, get(older))
        .method_not_allowed_fallback(wrong_method);
    json.route(routes::API_DOCS, get(page)).with_state(described)
}

/// The description of one server, written when it is first asked for.
#[derive(Debug, Clone)]
struct OpenApiDocuments {
    state: AppState,
    written: Arc<OnceLock<Written>>,
}

#[derive(Debug)]
struct Written {
    document: Arc<Value>,
    newer: File,
    older: File,
}

/// A document as it is sent.
#[derive(Debug)]
struct File {
    bytes: Bytes,
    etag: Option<HeaderValue>,
}

impl OpenApiDocuments {
    fn written(&self) -> &Written {
        self.written.get_or_init(|| {
            let document = document::describe(&About {
                origin: self.state.site.origin.as_str(),
                cookie: &self.state.cookies().session_name(),
                questions: &self.state.services.questions,
            });
            let (newer, older) = (File::of(&document), File::of(&downgrade_3_0::to_3_0(&document)));
            Written { document: Arc::new(document), newer, older }
        })
    }
}

impl File {
    fn of(document: &Value) -> Self {
        let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
        bytes.push(b'\n');
        let digest: String =
            Sha256::digest(&bytes).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { bytes: bytes.into(), etag: HeaderValue::try_from(format!("\"{digest}\"")).ok() }
    }

    /// Anybody may read it, from any page: nothing of it is secret, and no cookie is looked at.
    fn serve(&self, request: &HeaderMap) -> Response {
        let known = request.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
        let etag = self.etag.as_ref().and_then(|etag| etag.to_str().ok());
        let is_known = known.is_some_and(|known| {
            known.split(',').any(|it| Some(it.trim().trim_start_matches("W/")) == etag || it.trim() == "*")
        });
        let mut response = match is_known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => self.bytes.clone().into_response(),
        };
        let headers = response.headers_mut();
        if is_known {
            headers.remove(header::CONTENT_TYPE);
        } else {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.extend(self.etag.clone().map(|etag| (header::ETAG, etag)));
        response
    }
}

async fn newer(State(described): State<OpenApiDocuments>, headers: HeaderMap) -> Response {
    described.written().newer.serve(&headers)
}

async fn older(State(described): State<OpenApiDocuments>, headers: HeaderMap) -> Response {
    described.written().older.serve(&headers)
}

/// The description as a page. It is the same for everybody, so nobody is asked who they are.
async fn page(State(described): State<OpenApiDocuments>, request: Request) -> Response {
    let reference = Reference { document: Arc::clone(&described.written().document), statuses };
    let scene = RenderContext { reference: Some(reference), ..RenderContext::default() };
    let page = pages::render(&described.state, request.uri().clone(), scene).await;
    gzipped(page, request.headers()).await
}

/// The statuses that a code is answered with: on the wire, and in a document.
fn statuses(code: Code) -> Vec<u16> {
    let mut both = vec![errors::status(code).as_u16(), status_of(code).as_u16()];
    both.dedup();
    both
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_can_be_read_as_what_it_is_an_example_of() {
        use contract::conversations as types;
        use serde::de::DeserializeOwned;
        fn read<T: DeserializeOwned>(example: Value) {
            let name = std::any::type_name::<T>();
            assert!(serde_json::from_value::<T>(example.clone()).is_ok(), "{name}: {example}");
        }
        read::<types::Conversation>(examples::conversation());
        read::<types::Message>(examples::message());
        read::<types::Feedback>(examples::feedback());
        read::<types::Hit>(examples::hit());
        read::<types::Page<types::Hit>>(examples::page(&examples::hit()));
        read::<types::Imported>(examples::imported());
        let limits = types::MessageLimits { part_bytes: 1000, message_bytes: 1000, parts: 10 };
        let bytes = |example: Value| example.to_string().into_bytes();
        let new: types::NewMessage = types::read_json(&bytes(examples::new_message())).unwrap();
        new.validate(&limits).unwrap();
        let change: types::MessageChange = types::read_json(&bytes(examples::message_change())).unwrap();
        change.said(&limits).unwrap();
        let new: types::NewConversation = types::read_json(&bytes(examples::new_conversation())).unwrap();
        new.check(1000).unwrap();
        let change: types::ConversationChange =
            types::read_json(&bytes(examples::conversation_change())).unwrap();
        change.check(1000).unwrap();
        let feedback: types::NewFeedback = types::read_json(&bytes(examples::new_feedback())).unwrap();
        feedback.at(contract::Timestamp::from_millis(0)).unwrap();
    }
}
