//! Forms: a server function runs, and the edge turns what came of it into an answer.

use std::sync::Arc;

use app::{FormErrors, FormFields, ResponseEffects, ResponseHandle, Visitor};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, LocalPath, Problem, routes};
use http::{HeaderMap, HeaderValue, Method, Uri, header, request::Parts};
use leptos::prelude::provide_context;
use url::form_urlencoded;

use super::{
    app_state::AppState,
    better_auth::body,
    browser_effects::WithBrowserEffects,
    cookies::{EmailLinkPage, set_cookies},
    csrf::OriginPolicy,
    email_links,
    errors::{ApiError, error_headers, status},
    pages::{RenderContext, load_page_request, render, render_problem, see_other},
    rate_limit,
};

/// A form. Where it is accepted the browser is sent on with 303; where it is not, the same page comes back with the
/// problems and what was typed, under the status of the first problem. Nothing of either stands in an address.
pub async fn submit(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = read(&state, &parts.headers, body).await;
    let entered = match load_page_request(&state, &parts).await {
        Ok(entered) => entered,
        Err(problems) if accepts_html(&parts.headers) => {
            return render_problem(&state, parts.uri, problems.first().clone()).await;
        }
        Err(problems) => return ApiError::from(problems).into_response(),
    };
    let answered = match form {
        Ok(form) => match rate_limit::form(&state, &parts).await {
            Ok(()) => call(&state, &parts, form, entered.reader.clone()).await,
            Err(problem) => refused(problem, &form),
        },
        Err(problem) => refused(problem, &[]),
    };
    let effects = answered.browser.clone().or(entered.effects);
    let response = match answered {
        ResponseEffects { refusal: Some(refusal), .. } => {
            refuse(&state, &parts, entered.reader, refusal).await
        }
        accepted => accept(&state, &parts, &accepted),
    };
    response.with_effects(effects)
}

/// Leads who asks for the address of a form to the page it is on.
pub async fn redirect_action_to_page(uri: Uri) -> Response {
    see_other(LocalPath::parse(page(uri.path())).as_ref())
}

/// What a server function answers that never got to run; what was typed comes back all the same.
fn refused(problem: Problem, form: &[u8]) -> ResponseEffects {
    let typed = FormFields::from_pairs(form_urlencoded::parse(form).into_owned());
    let refusal = FormErrors { problems: problem.into(), typed };
    ResponseEffects { refusal: Some(refusal), ..ResponseEffects::default() }
}

/// Runs the server function at the form's address.
async fn call(state: &AppState, parts: &Parts, form: bytes::Bytes, reader: Visitor) -> ResponseEffects {
    let answer = ResponseHandle::default();
    let mut request = Request::new(Body::from(form.clone()));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = parts.uri.clone();
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
    let context = {
        let (services, answer) = (Arc::clone(&state.services), answer.clone());
        move || {
            provide_context(Arc::clone(&services));
            provide_context(reader.clone());
            provide_context(answer.clone());
        }
    };
    // Its own answer is discarded: it would send the browser to any Referer, with the error in the address.
    let _ = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    let answered = answer.take();
    // A form that cannot be decoded never reaches the function.
    let reached = answered.refusal.is_some() || answered.go_to.is_some();
    if reached { answered } else { refused(Problem::new(Code::MalformedRequest), &form) }
}

/// 303 to where the reader was going.
fn accept(state: &AppState, parts: &Parts, answered: &ResponseEffects) -> Response {
    let mut response = see_other(answered.go_to.as_ref());
    let page = EmailLinkPage::at(parts.uri.path());
    let spent = page.filter(|_| answered.link_spent);
    set_cookies(&mut response, spent.and_then(|page| state.cookies().forget_link(page)));
    let onwards = page.filter(|_| answered.follow_link);
    if let Some(onwards) =
        onwards.and_then(|page| email_links::callback_location(state, &parts.headers, page))
    {
        response.headers_mut().insert(header::LOCATION, onwards);
    }
    response
}

/// The page a form is on. Most are sent to their page's own address; a page with several has one for each.
fn page(action: &str) -> &str {
    match action {
        routes::CHANGE_PASSWORD | routes::CHANGE_EMAIL => routes::SECURITY,
        routes::END_SESSION | routes::END_OTHER_SESSIONS => routes::SESSIONS,
        routes::DELETE_ACCOUNT => routes::DATA,
        routes::SEND_VERIFICATION => routes::VERIFY_EMAIL,
        own if own.starts_with(CONVERSATION_FORMS) => routes::CONVERSATIONS,
        own => own,
    }
}

/// Where the forms of conversations are sent. Each of them is on several pages, and names its own.
const CONVERSATION_FORMS: &str = "/conversations/-/";

/// The address of that page, with the query the form was sent with, or the one that the form names.
fn page_uri(uri: &Uri, typed: &FormFields) -> Uri {
    if uri.path().starts_with(CONVERSATION_FORMS) {
        let page = typed.page_of_conversations();
        let whole = page.split('#').next().and_then(|page| page.parse().ok());
        return whole.unwrap_or(Uri::from_static(routes::CONVERSATIONS));
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}{query}", page(uri.path())).parse().unwrap_or_else(|_| uri.clone())
}

/// The form's page again, with the problems and what was typed; the problems alone for who does not read pages.
async fn refuse(state: &AppState, parts: &Parts, reader: Visitor, refusal: FormErrors) -> Response {
    let first = refusal.problems.first().clone();
    if !accepts_html(&parts.headers) {
        return ApiError::from(refusal.problems).into_response();
    }
    let page = page_uri(&parts.uri, &refusal.typed);
    let scene = RenderContext { reader, refusal: Some(refusal), ..RenderContext::default() };
    let mut response = render(state, page, scene).await;
    let dead =
        [Code::InvalidVerificationToken, Code::TokenExpired, Code::InvalidResetToken].contains(&first.code);
    if let Some(page) = EmailLinkPage::at(parts.uri.path()).filter(|_| dead) {
        set_cookies(&mut response, state.cookies().forget_link(page));
    }
    if !response.status().is_redirection() {
        *response.status_mut() = status(first.code);
    }
    error_headers(&first, &mut response);
    response
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The bytes of a form that comes from a page of ours and is one: of the right type, not too large, and text.
async fn read(state: &AppState, headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Problem> {
    state.site.trusted_origins.only_self().check_origin(headers, OriginPolicy::FromBrowser)?;
    let bytes = body::collect(headers, body).await?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_form = content_type.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case(FORM));
    if !is_form {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    body::form(&bytes).map(|_| bytes)
}

/// Whether an answer is to be a page. A program that asks for JSON often takes anything else besides.
fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    accept.contains("text/html") || (accept.contains("*/*") && !accept.contains("json"))
}
