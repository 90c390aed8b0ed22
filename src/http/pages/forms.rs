//! Forms: each is parsed once, into the argument of its server function, whose result becomes the response. The function is
//! a parameter of the handler ([`super::routes`]), so that a form's address and its function cannot part.

use std::sync::Arc;

use app::{
    FormErrors, FormFields, Visitor,
    server::{self, EmailLinkUse, FormAccepted, FormFunction, FormRefused},
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, LocalPath, Problem, routes};
use http::{HeaderMap, Uri, header, request::Parts};
use url::form_urlencoded;

use super::{
    email_links,
    render::{RenderContext, render, render_problem, see_other},
    request::PageRequest,
};
use crate::http::{
    app_state::AppState,
    browser_effects::WithBrowserEffects,
    cookies::{EmailLinkPage, set_cookies},
    csrf::OriginPolicy,
    errors::{ApiError, error_headers, status},
    rate_limit, request_body,
    routes::RouteSettings,
};

/// A form. When it is accepted the response is a 303; when it is refused, the same page with the problems and what was
/// typed, under the status of the first problem. Neither appears in an address.
pub async fn submit<F: FormFunction>(State(state): State<AppState>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let form = read(&state, &parts, body).await;
    let PageRequest { visitor, effects } = match PageRequest::load(&state, &parts).await {
        Ok(request) => request,
        Err(problems) if accepts_html(&parts.headers) => {
            return render_problem(&state, parts.uri, problems.first().clone()).await;
        }
        Err(problems) => return ApiError::from(problems).into_response(),
    };
    // What was typed is shown again whatever the form is refused for; one that could not be read has none.
    let (outcome, typed) = match form {
        Ok(form) => match rate_limit::form(&state, &parts).await {
            Ok(()) => (call::<F>(&state, form.clone(), visitor.clone()).await, form),
            Err(problem) => (Err(problem.into()), form),
        },
        Err(problem) => (Err(problem.into()), FormFields::default()),
    };
    match outcome {
        Ok(accepted) => accept(&state, &parts, &accepted).with_effects(accepted.browser.or(effects)),
        Err(FormRefused { problems, browser }) => {
            let errors = FormErrors { problems, typed };
            refuse(&state, &parts, visitor, errors).await.with_effects(browser.or(effects))
        }
    }
}

async fn call<F: FormFunction>(
    state: &AppState,
    form: FormFields,
    visitor: Visitor,
) -> Result<FormAccepted, FormRefused> {
    let (services, book) = (Arc::clone(&state.services), Arc::clone(&state.site.book));
    server::run(F::from(form), services, book, visitor).await
}

/// Redirects GET on the address of a form to the page that the form is on: after a refused form the browser shows that
/// address, and may reload it.
pub async fn redirect_to_page(request: Request) -> Response {
    see_other(LocalPath::parse(page_of(request.extensions(), request.uri())).as_ref())
}

/// The page a form is on.
fn page_of<'a>(extensions: &http::Extensions, uri: &'a Uri) -> &'a str {
    RouteSettings::of(extensions).page.unwrap_or_else(|| uri.path())
}

/// 303 to where the reader was going.
fn accept(state: &AppState, parts: &Parts, accepted: &FormAccepted) -> Response {
    let mut response = see_other(accepted.go_to.as_ref());
    let link = EmailLinkPage::at(parts.uri.path()).filter(|_| accepted.email_link != EmailLinkUse::Kept);
    let Some(link) = link else { return response };
    set_cookies(&mut response, state.cookies().forget_link(link));
    if accepted.email_link == EmailLinkUse::SpentAndFollowed
        && let Some(callback) = email_links::callback_location(state, &parts.headers, link)
    {
        response.headers_mut().insert(header::LOCATION, callback);
    }
    response
}

/// The address of the form's page, with the query the form was sent with. Forms of conversations are on several pages each,
/// and name their own.
fn page_uri(parts: &Parts, typed: &FormFields) -> Uri {
    let page = page_of(&parts.extensions, &parts.uri);
    if page == routes::CONVERSATIONS {
        let page = typed.page_of_conversations();
        let whole = page.split('#').next().and_then(|page| page.parse().ok());
        return whole.unwrap_or(Uri::from_static(routes::CONVERSATIONS));
    }
    let query = parts.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    format!("{page}{query}").parse().unwrap_or_else(|_| parts.uri.clone())
}

/// The form's page again with the problems and what was typed; the problems alone as JSON for a client that does not
/// accept pages.
async fn refuse(state: &AppState, parts: &Parts, visitor: Visitor, errors: FormErrors) -> Response {
    let first = errors.problems.first().clone();
    if !accepts_html(&parts.headers) {
        return ApiError::from(errors.problems).into_response();
    }
    let page = page_uri(parts, &errors.typed);
    let context = RenderContext { visitor, errors: Some(errors), ..RenderContext::default() };
    let mut response = render(state, page, context).await;
    let dead =
        [Code::InvalidVerificationToken, Code::TokenExpired, Code::InvalidResetToken].contains(&first.code);
    if let Some(link) = EmailLinkPage::at(parts.uri.path()).filter(|_| dead) {
        set_cookies(&mut response, state.cookies().forget_link(link));
    }
    if !response.status().is_redirection() {
        *response.status_mut() = status(first.code);
    }
    error_headers(&first, &mut response);
    response
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The fields of a form from a page of ours. Refuses other origins, other media types, large bodies, and bytes that are no
/// text.
async fn read(state: &AppState, parts: &Parts, body: Body) -> Result<FormFields, Problem> {
    state.site.trusted_origins.only_self().check_origin(&parts.headers, OriginPolicy::FromBrowser)?;
    let bytes = request_body::collect(parts, body).await?;
    let content_type =
        parts.headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_form = content_type.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case(FORM));
    if !is_form {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    request_body::form(&bytes)?;
    Ok(FormFields::from_pairs(form_urlencoded::parse(&bytes).into_owned()))
}

/// Whether the client accepts a page. A program that asks for JSON often accepts `*/*` besides.
fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or("*/*");
    accept.contains("text/html") || (accept.contains("*/*") && !accept.contains("json"))
}
