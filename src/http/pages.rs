//! Pages: Leptos renders, the edge decides about status, cookies and where to go.

use std::sync::Arc;

use app::{Assets, FormErrors, MailedLink, PageProblem, Reference, ResponseHandle, Visitor};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, LocalPath, Problem, Problems};
use domain::{BrowserEffects, Renewal};
use http::{HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use leptos::prelude::provide_context;

use super::{
    app_state::AppState,
    assets,
    authn::Authentication,
    browser_effects::WithBrowserEffects,
    canonical_host,
    cookies::EmailLinkPage,
    errors::{error_headers, status},
    security_headers,
};

/// What a page is rendered with, besides the request.
#[derive(Clone, Default)]
pub struct RenderContext {
    /// Who asks.
    pub reader: Visitor,
    /// The form that was not accepted.
    pub refusal: Option<FormErrors>,
    /// Why the page cannot be shown.
    pub problem: Option<PageProblem>,
    /// The description of the API, for the page that shows it.
    pub reference: Option<Reference>,
}

/// A page.
pub async fn show(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match load_page_request(&state, &parts).await {
        Ok(entered) => {
            let scene = RenderContext { reader: entered.reader.clone(), ..RenderContext::default() };
            render(&state, parts.uri.clone(), scene).await.with_effects(entered.effects)
        }
        Err(problems) => render_problem(&state, parts.uri, problems.first().clone()).await,
    }
}

/// A page that says that nothing is here.
pub async fn fallback(State(state): State<AppState>, request: Request) -> Response {
    if let Some(file) = assets::find(request.uri().path())
        && matches!(*request.method(), Method::GET | Method::HEAD)
    {
        return assets::serve(file, &request);
    }
    render_problem(&state, request.uri().clone(), Problem::new(Code::NotFound)).await
}

/// An address that is there, asked for in a way it does not know.
pub async fn wrong_method(State(state): State<AppState>, request: Request) -> Response {
    render_problem(&state, request.uri().clone(), Problem::new(Code::MethodNotAllowed)).await
}

/// A request for a page or from a form of ours.
pub struct PageRequest {
    /// Who sends it.
    pub reader: Visitor,
    /// What authenticating it does to the browser.
    pub effects: BrowserEffects,
}

/// Authenticates a request for a page.
///
/// # Errors
/// The problems of a failing database.
pub async fn load_page_request(state: &AppState, parts: &Parts) -> Result<PageRequest, Problems> {
    let visit = state.visit(parts);
    let actor = Authentication::of_cookie(state, &parts.headers, Renewal::WhenDue).await?;
    let effects = actor.effects();
    let signed_in = actor.session.map(|resolved| resolved.signed_in);
    let next = canonical_host::next(&parts.uri);
    let link =
        EmailLinkPage::at(parts.uri.path()).and_then(|page| state.cookies().link(&parts.headers, page));
    let (link, link_callback) = link.map(|(token, callback)| (MailedLink(token), callback)).unzip();
    let link_callback = link_callback.unwrap_or_default();
    Ok(PageRequest { reader: Visitor { visit, signed_in, next, link, link_callback }, effects })
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
    let scene = RenderContext { problem: Some(PageProblem(problem.clone())), ..RenderContext::default() };
    let mut response = render(state, uri, scene).await;
    error_headers(&problem, &mut response);
    response
}

/// Renders the page at an address, whole, and applies what it asked for.
pub async fn render(state: &AppState, uri: Uri, scene: RenderContext) -> Response {
    let answer = ResponseHandle::default();
    let resets = EmailLinkPage::at(uri.path()) == Some(EmailLinkPage::ResetPassword);
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let context = {
        let (state, answer) = (state.clone(), answer.clone());
        move || {
            provide_context(Arc::clone(&state.services));
            provide_context(Arc::clone(&state.site.book));
            provide_context(Assets { output_name: assets::OUTPUT_NAME, stylesheet: assets::STYLESHEET });
            provide_context(scene.reader.clone());
            provide_context(answer.clone());
            if let Some(refusal) = scene.refusal.clone() {
                provide_context(refusal);
            }
            if let Some(problem) = scene.problem.clone() {
                provide_context(problem);
            }
            if let Some(reference) = scene.reference.clone() {
                provide_context(reference);
            }
        }
    };
    let rendered = leptos_axum::render_app_async_with_context(context, app::shell)(request).await;
    let answered = answer.take();
    if answered.go_to.is_some() {
        return see_other(answered.go_to.as_ref());
    }
    // The whole page: nothing is sent before everything that may fail has been done.
    let html = http_body_util::BodyExt::collect(rendered.into_body()).await;
    let html = html.map(|html| html.to_bytes()).unwrap_or_default();
    let mut response = Response::new(Body::from(html));
    if let Some(code) = answered.code {
        *response.status_mut() = status(code);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    security_headers::page(answered.nonce.as_deref(), state.site.book.logo.as_deref(), headers);
    if resets {
        // Nothing tells where a reader comes from who is setting a password, not even to ourselves.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}
