//! Pages and the forms on them: Leptos renders, the edge decides about status, cookies and where to go.

use std::sync::Arc;

use app::{Answer, Answered, Assets, PageProblem, Reader, Refusal, SessionChange, Submitted};
use axum::{
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, LocalPath, Problem, Problems};
use domain::{Renewal, Resolved};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use leptos::prelude::provide_context;

use super::{
    actor::Actor,
    api::body,
    assets, guard::Proof, headers,
    problem::{Refused, announce, status},
    state::Edge,
};

/// What a page is rendered with, besides the request.
#[derive(Clone, Default)]
struct Scene {
    reader: Reader,
    refusal: Option<Refusal>,
    problem: Option<PageProblem>,
}

/// A page.
pub async fn show(State(edge): State<Edge>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match enter(&edge, &parts).await {
        Ok(entered) => {
            let scene = Scene { reader: entered.reader.clone(), ..Scene::default() };
            let response = render(&edge, parts.uri.clone(), scene).await;
            entered.settle(&edge, &parts.headers, response)
        }
        Err(problems) => render_problem(&edge, parts.uri, problems.first().clone()).await,
    }
}

/// A page that says that nothing is here.
pub async fn missing(State(edge): State<Edge>, request: Request) -> Response {
    if let Some(file) = assets::find(request.uri().path()) {
        if matches!(*request.method(), Method::GET | Method::HEAD) {
            return assets::serve(file, &request);
        }
    }
    render_problem(&edge, request.uri().clone(), Problem::new(Code::NotFound)).await
}

/// An address that is there, asked for in a way it does not know.
pub async fn wrong_method(State(edge): State<Edge>, request: Request) -> Response {
    render_problem(&edge, request.uri().clone(), Problem::new(Code::MethodNotAllowed)).await
}

/// A form. Where it is accepted the browser is sent on with 303; where it is not, the same page comes back with the
/// problems and what was typed, under the status of the first problem. Nothing of either stands in an address.
pub async fn submit(State(edge): State<Edge>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let wants_page = accepts_html(&parts.headers);
    let outcome = async {
        edge.site.trusted_origins.own().check_origin(&parts.headers, Proof::FromBrowser)?;
        let form = read_form(&parts.headers, body).await?;
        let entered = enter(&edge, &parts).await?;
        Ok::<_, Problems>((entered, form))
    };
    let (entered, form) = match outcome.await {
        Ok(read) => read,
        Err(problems) if wants_page => return refused_page(&edge, &parts, problems).await,
        Err(problems) => return Refused(problems).into_response(),
    };
    let answered = call(&edge, &parts, form, entered.reader.clone()).await;
    let refusal = answered.refusal.clone().or_else(|| {
        // The server function did not get as far as to say anything.
        let malformed = answered.go_to.is_none();
        malformed.then(|| Refusal { problems: Problem::new(Code::MalformedRequest).into(), typed: Submitted::default() })
    });
    match refusal {
        None => entered.settle(&edge, &parts.headers, accepted(&edge, &parts.headers, answered)),
        Some(refusal) if !wants_page => Refused(refusal.problems).into_response(),
        Some(refusal) => {
            let first = refusal.problems.first().clone();
            let scene = Scene { reader: entered.reader.clone(), refusal: Some(refusal), problem: None };
            let mut response = render(&edge, parts.uri.clone(), scene).await;
            if !response.status().is_redirection() {
                *response.status_mut() = status(first.code);
            }
            announce(&first, &mut response);
            entered.settle(&edge, &parts.headers, response)
        }
    }
}

/// Who is at the door, and what their browser is to be told about its session.
struct Entered {
    reader: Reader,
    renewed: Option<Resolved>,
    stale: bool,
}

async fn enter(edge: &Edge, parts: &Parts) -> Result<Entered, Problems> {
    let visit = edge.visit(parts);
    let actor = Actor::of_cookie(edge, &parts.headers, Renewal::WhenDue).await?;
    let stale = actor.is_stale();
    let renewed = actor.session.clone().filter(|resolved| resolved.renewed);
    let signed_in = actor.session.map(|resolved| resolved.signed_in);
    Ok(Entered { reader: Reader { visit, signed_in }, renewed, stale })
}

impl Entered {
    /// Sends the cookie of a session that was renewed again, and takes the one of a session that has ended; unless
    /// the answer already says what becomes of it.
    fn settle(&self, edge: &Edge, request: &HeaderMap, mut response: Response) -> Response {
        if response.headers().contains_key(header::SET_COOKIE) {
            return response;
        }
        let cookies = match &self.renewed {
            Some(resolved) => edge.cookies().opened(request, &edge.services.sessions, &resolved.signed_in.session),
            None if self.stale => edge.cookies().ended(),
            None => Vec::new(),
        };
        append(&mut response, cookies);
        response
    }
}

/// Runs the server function at the form's address.
async fn call(edge: &Edge, parts: &Parts, form: bytes::Bytes, reader: Reader) -> Answered {
    let answer = Answer::default();
    let mut request = Request::new(Body::from(form));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = parts.uri.clone();
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FORM));
    let context = {
        let (services, answer) = (Arc::clone(&edge.services), answer.clone());
        move || {
            provide_context(Arc::clone(&services));
            provide_context(reader.clone());
            provide_context(answer.clone());
        }
    };
    let _ = leptos_axum::handle_server_fns_with_context(context, request).await.into_response();
    answer.take()
}

/// 303 to where the reader was going, with what became of the session.
fn accepted(edge: &Edge, request: &HeaderMap, answered: Answered) -> Response {
    let mut response = see_other(answered.go_to.as_ref());
    let cookies = match &answered.session {
        SessionChange::None => Vec::new(),
        SessionChange::Opened(session) => edge.cookies().opened(request, &edge.services.sessions, session),
        SessionChange::Ended => edge.cookies().ended(),
    };
    append(&mut response, cookies);
    response
}

fn see_other(path: Option<&LocalPath>) -> Response {
    let location = path.and_then(|path| HeaderValue::try_from(path.as_str()).ok());
    let mut response = StatusCode::SEE_OTHER.into_response();
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location.unwrap_or(HeaderValue::from_static(contract::routes::HOME)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The form's page again, when the form could not even be read.
async fn refused_page(edge: &Edge, parts: &Parts, problems: Problems) -> Response {
    let first = problems.first().clone();
    let entered = match enter(edge, parts).await {
        Ok(entered) => entered,
        Err(problems) => return render_problem(edge, parts.uri.clone(), problems.first().clone()).await,
    };
    let refusal = Some(Refusal { problems, typed: Submitted::default() });
    let scene = Scene { reader: entered.reader, refusal, problem: None };
    let mut response = render(edge, parts.uri.clone(), scene).await;
    if !response.status().is_redirection() {
        *response.status_mut() = status(first.code);
    }
    announce(&first, &mut response);
    response
}

async fn render_problem(edge: &Edge, uri: Uri, problem: Problem) -> Response {
    let scene = Scene { problem: Some(PageProblem(problem.clone())), ..Scene::default() };
    let mut response = render(edge, uri, scene).await;
    announce(&problem, &mut response);
    response
}

/// Renders the page at an address, whole, and applies what it asked for.
async fn render(edge: &Edge, uri: Uri, scene: Scene) -> Response {
    let answer = Answer::default();
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = uri;
    let context = {
        let (edge, answer) = (edge.clone(), answer.clone());
        move || {
            provide_context(Arc::clone(&edge.services));
            provide_context(Arc::clone(&edge.site.book));
            provide_context(Assets { output_name: assets::OUTPUT_NAME, stylesheet: assets::STYLESHEET });
            provide_context(scene.reader.clone());
            provide_context(answer.clone());
            scene.refusal.clone().map(provide_context);
            scene.problem.clone().map(provide_context);
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
    headers::page(answered.nonce.as_deref(), edge.site.book.logo.as_deref(), headers);
    response
}

const FORM: &str = "application/x-www-form-urlencoded";

/// The bytes of a form that is one: of the right type, not too large, and text.
async fn read_form(headers: &HeaderMap, body: Body) -> Result<bytes::Bytes, Problem> {
    let bytes = body::collect(headers, body).await?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_form = content_type.split(';').next().is_some_and(|it| it.trim().eq_ignore_ascii_case(FORM));
    if !is_form {
        return Err(Problem::new(Code::UnsupportedMediaType));
    }
    body::form(&bytes).map(|_| bytes)
}

fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_none_or(|accept| accept.contains("text/html") || accept.contains("*/*"))
}

fn append(response: &mut Response, cookies: Vec<HeaderValue>) {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}
