//! Redirects to the canonical host and from older addresses.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use contract::{LocalPath, routes};
use http::{HeaderValue, Method, StatusCode, Uri, header, uri::Authority};

use super::app_state::AppState;

/// Redirects requests for a page under another name of this machine to the name that the cookies belong to: a session of
/// `127.0.0.1` is unknown at `localhost`.
pub async fn redirect_to_canonical_host(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let elsewhere = state.site.origin.is_loopback() && is_other_loopback(host, state.site.origin.as_str());
    let is_page =
        matches!(*request.method(), Method::GET | Method::HEAD) && !request.uri().path().starts_with("/api/");
    if elsewhere && is_page {
        let path = request.uri().path_and_query().map_or(routes::HOME, |path| path.as_str());
        return redirect(StatusCode::TEMPORARY_REDIRECT, &format!("{}{path}", state.site.origin.as_str()));
    }
    next.run(request).await
}

/// Whether a Host names this machine, but not as the origin does.
fn is_other_loopback(host: &str, origin: &str) -> bool {
    let own = origin.split_once("://").map_or(origin, |(_, authority)| authority);
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
    let address: Option<IpAddr> = name.parse().ok();
    let this_machine = name == "localhost"
        || name.ends_with(".localhost")
        || address.is_some_and(|address| address.is_loopback() || address.is_unspecified());
    this_machine && !own.eq_ignore_ascii_case(host)
}

/// Redirects an older address to its page and keeps `next`.
pub fn alias(page: &'static str, uri: &Uri) -> Response {
    let mut location = page.to_owned();
    if let Some(next) = next(uri) {
        let query =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next.as_str()).finish();
        location.push('?');
        location.push_str(&query);
    }
    redirect(StatusCode::FOUND, &location)
}

/// The parameter `next`, if it is a path of ours. It is read here and not by the pages, because Leptos's
/// router (0.8.17) decodes a query twice: `%2526` would become an ampersand.
pub fn next(uri: &Uri) -> Option<LocalPath> {
    let mut pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "next").and_then(|(_, next)| LocalPath::parse(&next))
}

fn redirect(status: StatusCode, location: &str) -> Response {
    let mut response = status.into_response();
    if let Ok(location) = HeaderValue::try_from(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// A path as the log may show it: without the token that is part of a link to set a password.
pub fn loggable(path: &str) -> &str {
    const RESET_LINK: &str = "/reset-password/";
    let is_link = path.strip_prefix(routes::API).is_some_and(|rest| rest.starts_with(RESET_LINK));
    if is_link { path.get(..routes::API.len() + RESET_LINK.len()).unwrap_or_default() } else { path }
}
