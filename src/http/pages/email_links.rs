//! Mailed links that lead to a page of ours: the token is moved from the address into a cookie, so that no history, log or
//! Referer holds it. This works without script.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{LocalPath, with_next};
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use url::{Url, form_urlencoded};

use super::show::show;
use crate::http::{
    app_state::AppState,
    canonical_host,
    cookies::{EmailLinkPage, set_cookies},
};

/// A page that a mailed link leads to. With a token in its address, the response moves the token into a cookie and
/// redirects to the page without it.
pub async fn open(State(state): State<AppState>, request: Request) -> Response {
    match EmailLinkPage::at(request.uri().path()).zip(token(request.uri())) {
        Some((page, token)) => {
            let next = canonical_host::next(request.uri());
            redirect_with_link(&state, page, (&token, ""), next.as_ref())
        }
        None => show(State(state), request).await,
    }
}

/// 303 to the page with the token in a cookie.
pub fn keep_link(state: &AppState, page: EmailLinkPage, token: &str, callback: &str) -> Response {
    redirect_with_link(state, page, (token, callback), None)
}

fn redirect_with_link(
    state: &AppState,
    page: EmailLinkPage,
    (token, callback): (&str, &str),
    next: Option<&LocalPath>,
) -> Response {
    let mut response = StatusCode::SEE_OTHER.into_response();
    set_cookies(&mut response, state.cookies().keep_link(page, &clean(token), callback));
    let location = HeaderValue::try_from(with_next(page.path(), next));
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location.unwrap_or(HeaderValue::from_static(page.path())));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The callback of the mailed link behind a form, if it has one. It is checked again, because a cookie proves nothing.
pub fn callback_location(state: &AppState, headers: &HeaderMap, page: EmailLinkPage) -> Option<HeaderValue> {
    let (_, callback) = state.cookies().link(headers, page)?;
    if callback.is_empty() {
        return None;
    }
    let code = contract::Code::InvalidCallbackUrl;
    state.site.trusted_origins.check_callback(&callback.as_str().into(), code).ok()?;
    let target = match LocalPath::parse(&callback) {
        Some(path) => path.as_str().to_owned(),
        None => Url::parse(&callback).ok()?.to_string(),
    };
    HeaderValue::try_from(target).ok()
}

/// Whether a browser navigates to another page, rather than a script reading a response (Fetch Metadata; without it, by
/// `Accept`, RFC 9110 section 12.5.1).
pub fn is_navigation(headers: &HeaderMap) -> bool {
    let wants_page = || {
        let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        accept.is_some_and(|accept| accept.contains("text/html"))
    };
    headers.get("sec-fetch-mode").map_or_else(wants_page, |mode| mode == "navigate")
}

fn token(uri: &Uri) -> Option<String> {
    let mut pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.find(|(name, _)| name == "token").map(|(_, token)| token.into_owned())
}

/// A token without characters that no token of ours has, and cut to what fits a cookie.
fn clean(token: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    token.chars().filter(plain).take(128).collect()
}
