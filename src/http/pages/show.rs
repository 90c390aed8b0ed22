//! Pages that are only read, and what is shown where there is none.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::{Code, Problem};
use http::Method;

use super::{
    render::{RenderContext, render, render_problem},
    request::PageRequest,
};
use crate::http::{app_state::AppState, assets, browser_effects::WithBrowserEffects};

/// A page.
pub async fn show(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match PageRequest::load(&state, &parts).await {
        Ok(PageRequest { visitor, effects }) => {
            let context = RenderContext { visitor, ..RenderContext::default() };
            render(&state, parts.uri.clone(), context).await.with_effects(effects)
        }
        Err(problems) => render_problem(&state, parts.uri, problems.first().clone()).await,
    }
}

/// A static file, or else the page of a 404.
pub async fn fallback(State(state): State<AppState>, request: Request) -> Response {
    if let Some(file) = assets::find(request.uri().path())
        && matches!(*request.method(), Method::GET | Method::HEAD)
    {
        return assets::serve(file, &request);
    }
    render_problem(&state, request.uri().clone(), Problem::new(Code::NotFound)).await
}

/// 405 for a known address with another method.
pub async fn wrong_method(State(state): State<AppState>, request: Request) -> Response {
    render_problem(&state, request.uri().clone(), Problem::new(Code::MethodNotAllowed)).await
}
