//! What islands ask while a page is open: a server function runs, and its answer is JSON.

use std::sync::Arc;

use app::ResponseHandle;
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Problem, Problems};
use http::{HeaderValue, Method, header, request::Parts};
use leptos::prelude::provide_context;

use super::{
    app_state::AppState,
    better_auth::body,
    browser_effects::WithBrowserEffects,
    csrf::OriginPolicy,
    errors::{ApiError, status},
    pages::{PageRequest, load_page_request},
    rate_limit,
};

/// Asks on behalf of a page of ours. Only JSON is read, which no other site can send without being allowed to.
pub async fn ask(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let entered = match load_page_request(&state, &parts).await {
        Ok(entered) => entered,
        Err(problems) => return not_kept(ApiError::from(problems).into_response()),
    };
    let response = match answer(&state, &parts, body, &entered).await {
        Ok(response) => response,
        Err(problems) => ApiError::from(problems).into_response(),
    };
    not_kept(response).with_effects(entered.effects)
}

async fn answer(
    state: &AppState,
    parts: &Parts,
    body: Body,
    entered: &PageRequest,
) -> Result<Response, Problems> {
    state.site.trusted_origins.only_self().check_origin(&parts.headers, OriginPolicy::FromBrowser)?;
    rate_limit::form(state, parts).await?;
    let asked = body::read(&parts.headers, body, body::Accepts::Json).await?;
    if entered.reader.signed_in.is_none() {
        return Err(Problem::new(Code::Unauthorized).into());
    }
    let answer = ResponseHandle::default();
    let asked = asked.map(|asked| asked.to_string()).unwrap_or_default();
    let mut request = Request::new(Body::from(asked));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = parts.uri.clone();
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let context = {
        let (state, reader, answer) = (state.clone(), entered.reader.clone(), answer.clone());
        move || {
            provide_context(Arc::clone(&state.services));
            provide_context(Arc::clone(&state.site.book));
            provide_context(reader.clone());
            provide_context(answer.clone());
        }
    };
    let response = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    let refused =
        answer.take().code.or_else(|| (!response.status().is_success()).then_some(Code::MalformedRequest));
    match refused {
        Some(code) => {
            let mut response = response;
            *response.status_mut() = status(code);
            Ok(response)
        }
        None => Ok(response),
    }
}

fn not_kept(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
