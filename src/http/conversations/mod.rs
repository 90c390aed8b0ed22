//! Conversations as JSON under `/api`: for chatbots with a reader's token, and for pages with a reader's cookie.

mod auth;
mod crud;
mod events;
mod feedback;
mod file_schemas;
mod files;
mod messages;
mod operation;
mod operations;
mod path_params;
mod query;
mod search;
mod upload;

pub use operations::operations;
pub use upload::Upload;

use std::{any::Any, convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderValue, Method, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any},
};
use contract::{Code, Problem};
use domain::ConversationLimits;
use tower_http::{catch_panic::CatchPanicLayer, set_header::SetResponseHeaderLayer};

use super::{
    app_state::AppState,
    browser_effects::{self, SessionTransport},
    cors::{CorsOrigins, CorsPolicy, cors},
    errors::ProblemResponse,
    routes::{self, BodyRule, MAX_BODY, Route},
    work_time::WorkTime,
};

const CORS: CorsPolicy = CorsPolicy {
    origins: CorsOrigins::TrustedAndClients,
    methods: &[Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE],
    request_headers: &["idempotency-key", "last-event-id"],
    response_headers: &["retry-after", "location", "content-disposition"],
};

/// That of paths that are nothing.
const NOT_FOUND_CORS: CorsPolicy = CorsPolicy { origins: CorsOrigins::Trusted, ..CORS };

/// Messages a body has room for when each is as large as one may be.
const LARGE_MESSAGES: usize = 4;
/// Shorter than the limit on every request, whose 503 is not a problem document.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(28);
/// Shorter again, so that an import can stop and report its progress.
pub const WORK_BUDGET: Duration = Duration::from_secs(26);
/// `Retry-After` of a request that took too long, in seconds.
const RETRY_AFTER: u32 = 5;

/// Every path of conversations, messages and the search in them. Requests are counted by user, not by address
/// ([`auth::Caller`]).
pub fn routes(limits: &ConversationLimits) -> Vec<Route> {
    let messages_limit = limits.message_bytes.saturating_mul(LARGE_MESSAGES).max(MAX_BODY);
    let with_messages = |path| Route::new(path).body(BodyRule::Large(messages_limit));
    vec![
        with_messages("/api/conversations").get(crud::list).post(crud::create),
        Route::new("/api/conversations/export").get(files::export_all),
        Route::new("/api/conversations/import")
            .post(files::import)
            .body(BodyRule::Streamed(limits.import_bytes)),
        with_messages("/api/conversations/{id}").get(crud::find).patch(crud::update).delete(crud::delete),
        Route::new("/api/conversations/{id}/export").get(files::export),
        Route::new("/api/conversations/{id}/restore").post(crud::restore),
        Route::new("/api/conversations/{id}/events").get(events::stream),
        with_messages("/api/conversations/{id}/messages").get(messages::list).post(messages::append),
        with_messages("/api/conversations/{id}/messages/{message_id}")
            .get(messages::find)
            .patch(messages::update),
        with_messages("/api/conversations/{id}/messages/{message_id}/feedback")
            .put(feedback::set)
            .delete(feedback::clear),
        Route::new("/api/search").get(search::search),
        Route::new("/api/me").get(crud::me),
    ]
}

/// The router of these paths. Unknown paths fall through to the `/api` fallback.
pub fn router(state: &AppState) -> Router<AppState> {
    routes::router(routes(state.services.conversations.limits()))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state((state.clone(), SessionTransport::ApiCookies), browser_effects::apply))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(with_timeout))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(cors(state, &CORS))
}

/// 404 fallback for unknown `/api` paths, with CORS headers.
pub fn not_found_fallback(state: &AppState) -> MethodRouter<AppState> {
    any(not_found).layer::<_, Infallible>(cors(state, &NOT_FOUND_CORS))
}

/// Answers a slow request with a problem document, before the limit on every request would.
async fn with_timeout(request: Request, next: Next) -> Response {
    let time = request.extensions().get().cloned().unwrap_or_else(WorkTime::begin);
    let answer = time.limit(REQUEST_TIMEOUT, next.run(request)).await;
    answer.unwrap_or_else(|| {
        ProblemResponse::from(Problem::retry_in(Code::Unavailable, RETRY_AFTER)).into_response()
    })
}

fn panicked(_: Box<dyn Any + Send>) -> Response {
    ProblemResponse::from(Problem::new(Code::Internal)).into_response()
}

async fn not_found() -> Response {
    let mut response = ProblemResponse::from(Problem::new(Code::NotFound)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An address below `/api` that is there, asked for in a way it does not know.
pub async fn wrong_method() -> Response {
    ProblemResponse::from(Problem::new(Code::MethodNotAllowed)).into_response()
}
