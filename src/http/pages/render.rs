//! Rendering: a page at an address, a page of a problem, a redirect.

use std::sync::Arc;

use app::{Assets, FormErrors, ImportedFile, PageProblem, PageResponseHandle, Reference, Visitor};
use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use contract::{LocalPath, Problem};
use http::{HeaderValue, StatusCode, Uri, header};
use leptos::prelude::provide_context;

use crate::http::{
    app_state::AppState,
    assets,
    cookies::EmailLinkPage,
    errors::{error_headers, status},
    security_headers::{self, PageSources},
};

/// What a page is rendered with, besides the request.
#[derive(Clone, Default)]
pub struct RenderContext {
    /// The visitor.
    pub visitor: Visitor,
    /// The form that was refused.
    pub errors: Option<FormErrors>,
    /// What came of an imported file.
    pub imported: Option<ImportedFile>,
    /// Why the page cannot be shown.
    pub problem: Option<PageProblem>,
    /// The description of the API, for the page that shows it.
    pub reference: Option<Reference>,
}

/// 303, so that a form is not sent again when the page is loaded anew (RFC 9110 section 15.4.4).
pub fn see_other(path: Option<&LocalPath>) -> Response {
    let location = path.and_then(|path| HeaderValue::try_from(path.as_str()).ok());
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location.unwrap_or(HeaderValue::from_static(contract::routes::HOME)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The page of a problem.
pub async fn render_problem(state: &AppState, uri: Uri, problem: Problem) -> Response {
    let context = RenderContext { problem: Some(PageProblem(problem.clone())), ..RenderContext::default() };
    let mut response = render(state, uri, context).await;
    error_headers(&problem, &mut response);
    response
}

/// Renders the page at an address, whole, and applies what it asked for.
pub async fn render(state: &AppState, uri: Uri, context: RenderContext) -> Response {
    let handle = PageResponseHandle::default();
    let form_action = context.visitor.return_to.as_ref().map(|to| to.form_action.clone());
    let resets = EmailLinkPage::at(uri.path()) == Some(EmailLinkPage::ResetPassword);
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let provide = {
        let (state, handle) = (state.clone(), handle.clone());
        move || {
            provide_context(Arc::clone(&state.services));
            provide_context(Arc::clone(&state.site.book));
            provide_context(Assets { output_name: assets::OUTPUT_NAME, stylesheet: assets::STYLESHEET });
            provide_context(context.visitor.clone());
            provide_context(handle.clone());
            if let Some(errors) = context.errors.clone() {
                provide_context(errors);
            }
            if let Some(imported) = context.imported.clone() {
                provide_context(imported);
            }
            if let Some(problem) = context.problem.clone() {
                provide_context(problem);
            }
            if let Some(reference) = context.reference.clone() {
                provide_context(reference);
            }
        }
    };
    let rendered = leptos_axum::render_app_async_with_context(provide, app::shell)(request).await;
    let page = handle.take();
    if page.go_to.is_some() {
        return see_other(page.go_to.as_ref());
    }
    // The page is collected before anything is sent, because a late failure may still change its status.
    let html = http_body_util::BodyExt::collect(rendered.into_body()).await;
    let html = html.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut response = Response::new(Body::from(html));
    if let Some(code) = page.code {
        *response.status_mut() = status(code);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let sources = PageSources {
        nonce: page.nonce.as_deref(),
        logo: state.site.book.logo.as_deref(),
        form_action: form_action.as_deref(),
    };
    security_headers::page(&sources, headers);
    if resets {
        // The address may have held a token, so no Referer is sent from here, not even to ourselves.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}
