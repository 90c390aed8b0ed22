//! The OpenAPI documents (3.1 and 3.0) and the page that shows them. Each operation is described beside its handler.

mod document;
mod downgrade_3_0;
mod error_format;
pub mod examples;
pub mod operation;
mod parameters;
pub mod schemas;
pub mod values;

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
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::{
    document::ServerInfo,
    operation::{Auth, Operation, Tag},
};
use super::{
    app_state::AppState,
    compression::gzipped,
    conversations::wrong_method,
    errors::{self, problem_json::status_of},
    pages::{self, RenderContext},
};

/// The documents and the page.
pub fn routes(state: &AppState) -> Router<AppState> {
    let documents = OpenApiDocuments { state: state.clone(), rendered: Arc::default() };
    let json = Router::new()
        .route(routes::OPENAPI, get(openapi_3_1))
        .route(routes::OPENAPI_3_0, get(openapi_3_0))
        .method_not_allowed_fallback(wrong_method);
    json.route(routes::API_DOCS, get(page)).with_state(documents)
}

/// The documents of one server, rendered with the first request.
#[derive(Debug, Clone)]
struct OpenApiDocuments {
    state: AppState,
    rendered: Arc<OnceLock<Rendered>>,
}

#[derive(Debug)]
struct Rendered {
    document: Arc<Value>,
    openapi_3_1: JsonFile,
    openapi_3_0: JsonFile,
}

/// A document as it is sent.
#[derive(Debug)]
struct JsonFile {
    bytes: Bytes,
    etag: Option<HeaderValue>,
}

impl OpenApiDocuments {
    fn rendered(&self) -> &Rendered {
        self.rendered.get_or_init(|| {
            let document = document::describe(&ServerInfo {
                origin: self.state.site.origin.as_str(),
                cookie: &self.state.cookies().session_name(),
                questions: &self.state.services.questions,
                password_min: self.state.services.accounts.rules().passwords.min_length,
            });
            Rendered {
                openapi_3_1: JsonFile::of(&document),
                openapi_3_0: JsonFile::of(&downgrade_3_0::to_3_0(&document)),
                document: Arc::new(document),
            }
        })
    }
}

impl JsonFile {
    fn of(document: &Value) -> Self {
        let mut bytes = serde_json::to_vec_pretty(document).unwrap_or_default();
        bytes.push(b'\n');
        let digest = hex::encode(Sha256::digest(&bytes).get(..16).unwrap_or_default());
        Self { bytes: bytes.into(), etag: HeaderValue::try_from(format!("\"{digest}\"")).ok() }
    }

    /// Anybody may read it, from any origin: it holds no secret, and no cookie is read.
    fn serve(&self, request: &HeaderMap) -> Response {
        let cached = request.get(header::IF_NONE_MATCH).and_then(|tags| tags.to_str().ok());
        let etag = self.etag.as_ref().and_then(|etag| etag.to_str().ok());
        let is_cached = cached.is_some_and(|tags| {
            tags.split(',').any(|tag| Some(tag.trim().trim_start_matches("W/")) == etag || tag.trim() == "*")
        });
        let mut response = match is_cached {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => self.bytes.clone().into_response(),
        };
        let headers = response.headers_mut();
        if is_cached {
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

async fn openapi_3_1(State(documents): State<OpenApiDocuments>, headers: HeaderMap) -> Response {
    documents.rendered().openapi_3_1.serve(&headers)
}

async fn openapi_3_0(State(documents): State<OpenApiDocuments>, headers: HeaderMap) -> Response {
    documents.rendered().openapi_3_0.serve(&headers)
}

/// The reference page. It is the same for everybody, so the request is not authenticated.
async fn page(State(documents): State<OpenApiDocuments>, request: Request) -> Response {
    let reference = Reference { document: Arc::clone(&documents.rendered().document), statuses };
    let scene = RenderContext { reference: Some(reference), ..RenderContext::default() };
    let page = pages::render(&documents.state, request.uri().clone(), scene).await;
    gzipped(page, request.headers()).await
}

/// The statuses of a code: in the Better Auth format, and in a problem document.
fn statuses(code: Code) -> Vec<u16> {
    let mut both = vec![errors::status(code).as_u16(), status_of(code).as_u16()];
    both.dedup();
    both
}

/// The descriptions of the two documents.
fn operations() -> [Operation; 2] {
    [openapi_3_1_operation(), openapi_3_0_operation()]
}

fn openapi_3_1_operation() -> Operation {
    let route = ("get", routes::OPENAPI);
    document_operation(Operation::new(
        route,
        "getDescription",
        Tag::Service,
        "This description",
        Auth::Public,
    ))
}

fn openapi_3_0_operation() -> Operation {
    let summary = "This description, for tools that know OpenAPI 3.0 alone";
    let route = ("get", routes::OPENAPI_3_0);
    document_operation(Operation::new(route, "getOlderDescription", Tag::Service, summary, Auth::Public))
}

fn document_operation(operation: Operation) -> Operation {
    let (schema, example) = (json!({ "type": "object" }), json!({ "openapi": "3.1.0" }));
    operation
        .response_as(200, "The description.", "application/json", &schema, &example)
        .response_header("ETag")
        .empty_response(304, "It is what `If-None-Match` names.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_of_a_conversation_matches_its_type() {
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
        change.validate(&limits).unwrap();
        let new: types::NewConversation = types::read_json(&bytes(examples::new_conversation())).unwrap();
        new.check(1000).unwrap();
        let change: types::ConversationChange =
            types::read_json(&bytes(examples::conversation_change())).unwrap();
        change.check(1000).unwrap();
        let feedback: types::NewFeedback = types::read_json(&bytes(examples::new_feedback())).unwrap();
        feedback.at(contract::Timestamp::from_millis(0)).unwrap();
    }
}
