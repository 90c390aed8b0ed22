//! Conversations as JSON under `/api`: for chatbots with a reader's token, and for pages with a reader's cookie.

mod auth;
mod crud;
mod events;
mod feedback;
mod files;
mod messages;
mod path_params;
pub mod problem_json;
mod query;
mod search;

use std::{any::Any, convert::Infallible, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodRouter, any, get, patch, post, put},
};
use contract::{Code, Problem, routes};
use tokio::time::Instant;
use tower_http::{
    catch_panic::CatchPanicLayer,
    cors::{AllowOrigin, CorsLayer},
    set_header::SetResponseHeaderLayer,
};

use self::problem_json::ProblemResponse;
use super::app_state::AppState;

/// Somewhat shorter than any request may take.
const PATIENCE: Duration = Duration::from_secs(28);
/// Somewhat shorter again: whoever does much at once ends by then, and still says how far it came.
const WORK: Duration = Duration::from_secs(26);
/// Seconds after which what took too long may be faster.
const RETRY: u32 = 5;

/// When work on a request has to end.
#[derive(Debug, Clone, Copy)]
struct Deadline(Instant);

/// Every path of conversations. What is not here is no concern of this router.
pub fn routes(state: &AppState) -> Router<AppState> {
    let router =
        table().into_iter().fold(Router::new(), |router, (path, methods)| router.route(&path, methods));
    router
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::disable())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(with_timeout))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(cors(state))
}

/// What stands below `/api` and is nothing. Scripts elsewhere may read that, too.
pub fn not_found_fallback(state: &AppState) -> MethodRouter<AppState> {
    any(not_found).layer::<_, Infallible>(cors(state))
}

/// Every path with its methods.
pub fn table() -> Vec<(String, MethodRouter<AppState>)> {
    let conversation = format!("{}/{{id}}", routes::API_CONVERSATIONS);
    let messages = format!("{conversation}/messages");
    let message = format!("{messages}/{{message_id}}");
    vec![
        (routes::API_CONVERSATIONS.to_owned(), get(crud::list).post(crud::create)),
        (format!("{}/export", routes::API_CONVERSATIONS), get(files::export_all)),
        (format!("{}/import", routes::API_CONVERSATIONS), post(files::import)),
        (format!("{conversation}/export"), get(files::export)),
        (format!("{conversation}/restore"), post(crud::restore)),
        (format!("{conversation}/events"), get(events::stream)),
        (conversation, get(crud::find).patch(crud::update).delete(crud::delete)),
        (messages, get(messages::list).post(messages::append)),
        (format!("{message}/feedback"), put(feedback::set).delete(feedback::clear)),
        (message, get(messages::find).merge(patch(messages::update))),
        (routes::API_SEARCH.to_owned(), get(search::search)),
        (routes::API_ME.to_owned(), get(crud::me)),
    ]
}

/// Browsers on trusted origins, and no others, may read answers and send cookies along.
fn cors(state: &AppState) -> CorsLayer {
    let origins = state.site.trusted_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let exposed = ["retry-after", "location", "content-disposition"];
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::CONTENT_TYPE,
            header::AUTHORIZATION,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(Duration::from_secs(600))
}

/// Answers before the bound on every request would, whose answer is no document.
async fn with_timeout(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Deadline(Instant::now() + WORK));
    let answer = tokio::time::timeout(PATIENCE, next.run(request)).await;
    answer.unwrap_or_else(|_| {
        ProblemResponse::from(Problem::retry_in(Code::Unavailable, RETRY)).into_response()
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
