//! Pages: Leptos renders the markup; status, headers and redirects are decided here.

use std::sync::Arc;

use app::{
    Assets, EmailLinkToken, FormErrors, PageProblem, PageResponseHandle, Reference, Visitor,
    fragments::{LoadConversations, LoadTurns},
    server as functions,
    server::{FormFunction, FragmentFunction},
};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, LocalPath, Problem, Problems, routes};
use domain::{BrowserEffects, Renewal, Rule};
use http::{HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use leptos::prelude::provide_context;

use super::{
    app_state::AppState,
    assets,
    authn::Authentication,
    browser_effects::WithBrowserEffects,
    canonical_host,
    cookies::EmailLinkPage,
    email_links,
    errors::{error_headers, status},
    export, forms, fragments,
    routes::Route,
    security_headers, well_known,
};

/// Every page, with the forms on it and what its islands load. `/dev/outbox` is there on a developer's machine only
/// ([`super::outbox`]).
pub fn routes() -> Vec<Route> {
    vec![
        Route::new(routes::HOME).get(show),
        page_with_form::<functions::SignIn>().limited_by(Rule::SignIn),
        page_with_form::<functions::SignUp>().limited_by(Rule::SignUp),
        page_with_form::<functions::SignOut>().counted_as("/sign-out"),
        page_with_form::<functions::SaveProfile>(),
        page_with_form::<functions::RequestPasswordReset>().limited_by(Rule::RequestPasswordReset),
        email_link_page::<functions::ResetPassword>().counted_as("/reset-password"),
        email_link_page::<functions::VerifyEmail>().counted_as("/verify-email"),
        form::<functions::SendVerification>(routes::VERIFY_EMAIL).limited_by(Rule::SendVerification),
        Route::new(routes::SECURITY).get(show),
        form::<functions::ChangePassword>(routes::SECURITY).limited_by(Rule::ChangePassword),
        form::<functions::ChangeEmail>(routes::SECURITY).limited_by(Rule::ChangeEmail),
        Route::new(routes::SESSIONS).get(show),
        form::<functions::EndSession>(routes::SESSIONS),
        form::<functions::EndOtherSessions>(routes::SESSIONS),
        Route::new(routes::DATA).get(show),
        form::<functions::DeleteAccount>(routes::DATA),
        Route::new(routes::EXPORT).post(export::export),
        Route::new(routes::CONVERSATIONS).get(show),
        Route::new("/conversations/{id}").get(show),
        form::<functions::RenameConversation>(routes::CONVERSATIONS),
        form::<functions::ArchiveConversation>(routes::CONVERSATIONS),
        form::<functions::UnarchiveConversation>(routes::CONVERSATIONS),
        form::<functions::DeleteConversation>(routes::CONVERSATIONS),
        form::<functions::RestoreConversation>(routes::CONVERSATIONS),
        form::<functions::ChooseBranch>(routes::CONVERSATIONS),
        form::<functions::GiveFeedback>(routes::CONVERSATIONS),
        fragment::<LoadConversations>(routes::CONVERSATIONS),
        fragment::<LoadTurns>(routes::CONVERSATIONS),
        Route::new(routes::WELL_KNOWN_CHANGE_PASSWORD).get(well_known::change_password),
        Route::new(routes::WELL_KNOWN_SECURITY).get(well_known::security),
    ]
}

/// A page whose form is sent to its own address.
fn page_with_form<F: FormFunction>() -> Route {
    Route::new(F::PATH).get(show).post(forms::submit::<F>)
}

/// The same, for a page that mailed links lead to.
fn email_link_page<F: FormFunction>() -> Route {
    Route::new(F::PATH).get(email_links::open).post(forms::submit::<F>)
}

/// A form on a page that has several, or on several pages.
fn form<F: FormFunction>(page: &'static str) -> Route {
    Route::new(F::PATH).form_on(page).get(forms::redirect_to_page).post(forms::submit::<F>)
}

/// What islands of a page load.
fn fragment<F: FragmentFunction>(page: &'static str) -> Route {
    Route::new(F::PATH).form_on(page).get(forms::redirect_to_page).post(fragments::load::<F>)
}

/// What a page is rendered with, besides the request.
#[derive(Clone, Default)]
pub struct RenderContext {
    /// Who asks.
    pub visitor: Visitor,
    /// The form that was refused.
    pub errors: Option<FormErrors>,
    /// Why the page cannot be shown.
    pub problem: Option<PageProblem>,
    /// The description of the API, for the page that shows it.
    pub reference: Option<Reference>,
}

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
    pub visitor: Visitor,
    /// What authenticating it does to the browser.
    pub effects: BrowserEffects,
}

impl PageRequest {
    /// Authenticates a request by its cookie, and reads what its address and its link cookie say.
    ///
    /// # Errors
    /// The problems of a failing database.
    pub async fn load(state: &AppState, parts: &Parts) -> Result<Self, Problems> {
        let client = state.client_info(parts);
        let auth = Authentication::of_cookie(state, &parts.headers, Renewal::WhenDue).await?;
        let effects = auth.effects();
        let signed_in = auth.session.map(|active| active.signed_in);
        let next = canonical_host::next(&parts.uri);
        let link =
            EmailLinkPage::at(parts.uri.path()).and_then(|page| state.cookies().link(&parts.headers, page));
        let (link, link_callback) = link.map(|(token, callback)| (EmailLinkToken(token), callback)).unzip();
        let link_callback = link_callback.unwrap_or_default();
        Ok(Self { visitor: Visitor { client, signed_in, next, link, link_callback }, effects })
    }
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
    // The whole page: nothing is sent before everything that may fail has been done.
    let html = http_body_util::BodyExt::collect(rendered.into_body()).await;
    let html = html.map(|html| html.to_bytes()).unwrap_or_default();
    let mut response = Response::new(Body::from(html));
    if let Some(code) = page.code {
        *response.status_mut() = status(code);
    }
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    security_headers::page(page.nonce.as_deref(), state.site.book.logo.as_deref(), headers);
    if resets {
        // Nothing tells where a reader comes from who is setting a password, not even to ourselves.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    }
    response
}
