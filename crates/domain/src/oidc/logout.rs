//! Sign-out that a client begins (OpenID Connect RP-Initiated Logout 1.0).

use std::sync::Arc;

use contract::{LocalPath, routes, with_next};
use storage::SignedIn;
use url::form_urlencoded;

use super::{Client, OAuthError, Oidc, Parameters, authorization_request::append_query};
use crate::{ClientInfo, InternalError, SessionHandle, sessions::parse_session_id};

/// What a request to sign out leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoggedOut {
    /// The session has ended, or there was none; to the client, or to our own first page.
    Respond(Option<String>),
    /// To the page that asks whether to sign out, which leads on to this path.
    Ask(LocalPath),
}

/// Why a request to sign out is refused.
#[derive(Debug)]
pub enum LogoutError {
    /// It names a client or an address that is not registered, or cannot be read.
    Refused(OAuthError),
    /// The server failed.
    Failure(InternalError),
}

impl From<OAuthError> for LogoutError {
    fn from(error: OAuthError) -> Self {
        Self::Refused(error)
    }
}

impl<E: Into<InternalError>> From<E> for LogoutError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl Oidc {
    /// Signs out the session that an ID token names; without one, or for another session, the reader is asked first, so
    /// that no other site signs anybody out.
    ///
    /// # Errors
    /// [`LogoutError`]
    #[tracing::instrument(name = "oidc.log_out", level = "debug", skip_all)]
    pub async fn log_out(
        &self,
        query: &str,
        signed_in: Option<&SignedIn>,
        client_info: &ClientInfo,
    ) -> Result<LoggedOut, LogoutError> {
        let parameters = Parameters::parse(query.as_bytes());
        let target = self.post_logout_target(&parameters)?;
        let hint = parameters.get("id_token_hint")?.and_then(|hint| self.tokens.verify_id_token(hint));
        let hinted: Option<SessionHandle> = hint.as_ref().and_then(|hint| parse_session_id(&hint.sid));
        // An ID token may be old and in many logs, so it counts together with the browser's own session.
        let is_own = |hinted: &SessionHandle| signed_in.is_some_and(|it| it.session.id == hinted.id());
        match (hinted.filter(is_own), signed_in) {
            (Some(hinted), _) => {
                self.sessions.sign_out(Some(&hinted), &client_info.device).await?;
            }
            (None, None) => {}
            (None, Some(_)) => {
                let next = way_on(&parameters, target.as_ref())?;
                let page = LocalPath::parse(&with_next(routes::SIGN_OUT, Some(&next)));
                return Ok(LoggedOut::Ask(page.ok_or(TOO_LONG)?));
            }
        }
        let state = parameters.get("state")?;
        Ok(LoggedOut::Respond(target.map(|(_, uri)| match state {
            None => uri,
            Some(state) => {
                let query =
                    form_urlencoded::Serializer::new(String::new()).append_pair("state", state).finish();
                append_query(&uri, &query)
            }
        })))
    }

    /// The registered address that a request leads to after signing out, with its client; `None` when it names none.
    pub(super) fn post_logout_target(
        &self,
        parameters: &Parameters,
    ) -> Result<Option<(Arc<Client>, String)>, OAuthError> {
        let Some(uri) = parameters.get("post_logout_redirect_uri")? else { return Ok(None) };
        let hint = parameters.get("id_token_hint")?.and_then(|hint| self.tokens.verify_id_token(hint));
        let named = parameters.get("client_id")?;
        let id = match (hint.as_ref().map(|hint| hint.client_id.as_str()), named) {
            (Some(hinted), Some(named)) if hinted != named => {
                return Err(OAuthError::invalid_request(
                    "client_id differs from the client of id_token_hint.",
                ));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => {
                return Err(OAuthError::invalid_request(
                    "post_logout_redirect_uri needs client_id or an id_token_hint of ours.",
                ));
            }
        };
        let client = self.clients.find(id);
        let client = client.ok_or(OAuthError::invalid_request("No client has this client_id."))?;
        if !client.post_logout_redirect_uris.iter().any(|registered| registered == uri) {
            let description = "post_logout_redirect_uri is none of the client's post_logout_redirect_uris.";
            return Err(OAuthError::invalid_request(description));
        }
        Ok(Some((client, uri.to_owned())))
    }
}

const TOO_LONG: OAuthError = OAuthError::invalid_request("The request is too long. Keep it within 3 KB.");

/// This request without its hint, for after the reader has signed out.
fn way_on(parameters: &Parameters, target: Option<&(Arc<Client>, String)>) -> Result<LocalPath, OAuthError> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some((client, uri)) = target {
        query.append_pair("client_id", &client.id).append_pair("post_logout_redirect_uri", uri);
        if let Some(state) = parameters.get("state")? {
            query.append_pair("state", state);
        }
    }
    let path = format!("{}?{}", routes::END_SESSION_ENDPOINT, query.finish());
    LocalPath::parse(&path).ok_or(TOO_LONG)
}
