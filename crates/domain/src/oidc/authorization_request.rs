//! Authorization requests (RFC 6749 section 4.1.1, OpenID Connect Core 1.0 section 3.1.2.1, RFC 7636 section 4.3).

use std::sync::Arc;

use url::form_urlencoded;

use super::{Client, ClientKind, Clients, OAuthError, OAuthErrorCode, Parameters, Scope, Scopes};
use crate::tokens::{Resource, Tokens};

/// The longest request, in bytes of its query.
const MAX_REQUEST: usize = 3072;
/// Lengths of a well-formed challenge (RFC 7636 section 4.2).
const CHALLENGE: std::ops::RangeInclusive<usize> = 43..=128;

/// An authorization request that can be answered.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationRequest {
    pub(super) client: Arc<Client>,
    pub(super) response_to: ResponseTarget,
    pub(super) scopes: Scopes,
    /// The name of the audience; `None` for Bookplate itself.
    pub(super) audience: Option<String>,
    pub(super) code_challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) prompt: Vec<Prompt>,
    /// Seconds since the reader signed in, at most.
    pub(super) max_age: Option<i64>,
    pub(super) login_hint: Option<String>,
    pub(super) id_token_hint: Option<String>,
}

/// Where a response goes: a redirect URI that has been verified, with the `state` of the request.
#[derive(Debug, Clone)]
pub(super) struct ResponseTarget {
    pub(super) redirect_uri: String,
    pub(super) state: Option<String>,
}

/// A value of `prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// No page is shown.
    None,
    /// The reader signs in, whether or not they are.
    Login,
    /// The same, on the sign-up page (Initiating User Registration via OpenID Connect 1.0).
    Create,
    /// The reader is asked for consent, whether or not it was given.
    Consent,
}

/// Why a request cannot be answered.
#[derive(Debug)]
pub(super) enum RequestError {
    /// The response would have nowhere to go.
    Refused(Refusal),
    /// The client is told.
    Redirect(ResponseTarget, OAuthError),
}

/// Why nobody is sent back to a client: neither client nor redirect URI is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request is longer than 3 KB.
    TooLong,
    /// It cannot be read.
    Malformed(OAuthError),
    /// There is no `client_id`.
    NoClient,
    /// No client has this `client_id`.
    UnknownClient {
        /// The id.
        client_id: String,
    },
    /// There is no redirect URI.
    NoRedirectUri {
        /// The client.
        client: Arc<Client>,
    },
    /// The redirect URI is none of the client's.
    UnknownRedirectUri {
        /// The client.
        client: Arc<Client>,
        /// The address.
        redirect_uri: String,
    },
}

impl From<OAuthError> for Refusal {
    fn from(error: OAuthError) -> Self {
        Self::Malformed(error)
    }
}

impl AuthorizationRequest {
    /// Parses the query of a request. Client and redirect URI come first: before they are verified, nobody is redirected.
    pub(super) fn parse(query: &str, clients: &Clients, tokens: &Tokens) -> Result<Self, RequestError> {
        let parameters = Parameters::parse(query.as_bytes());
        let (client, redirect_uri) =
            verified_target(query, &parameters, clients).map_err(RequestError::Refused)?;
        let state = parameters.get("state");
        let response_to =
            ResponseTarget { redirect_uri, state: state.clone().ok().flatten().map(str::to_owned) };
        let parsed = state.and_then(|_| Self::parse_rest(&parameters, client, response_to.clone(), tokens));
        parsed.map_err(|error| RequestError::Redirect(response_to, error))
    }

    pub(super) fn has_prompt(&self, prompt: Prompt) -> bool {
        self.prompt.contains(&prompt)
    }

    fn parse_rest(
        parameters: &Parameters,
        client: Arc<Client>,
        response_to: ResponseTarget,
        tokens: &Tokens,
    ) -> Result<Self, OAuthError> {
        refuse_request_objects(parameters)?;
        let response_type = parameters.require("response_type", "response_type is missing. Send code.")?;
        if response_type != "code" {
            let description = "Only response_type=code is supported.";
            return Err(OAuthError::new(OAuthErrorCode::UnsupportedResponseType, description));
        }
        if parameters.get("response_mode")?.is_some_and(|mode| mode != "query") {
            return Err(OAuthError::invalid_request("Only response_mode=query is supported."));
        }
        let code_challenge = code_challenge(parameters)?;
        let mut scopes = Scopes::requested(parameters.get("scope")?)?;
        if client.kind() == ClientKind::Browser {
            // It is renewed by a cookie, which ends with the session.
            scopes = scopes.without(Scope::OfflineAccess);
        }
        let resource = requested_resource(parameters, &client, tokens)?;
        let audience = resource.and_then(Resource::into_audience);
        if let Some(name) = &audience {
            scopes = scopes.allowed_by(tokens.conversation_access(name));
        }
        let text = |name: &str| Ok::<_, OAuthError>(parameters.get(name)?.map(str::to_owned));
        Ok(Self {
            response_to,
            scopes,
            audience,
            code_challenge,
            nonce: text("nonce")?,
            prompt: Prompt::parse(parameters.get("prompt")?.unwrap_or_default())?,
            max_age: parameters.get("max_age")?.map(seconds).transpose()?,
            login_hint: text("login_hint")?,
            id_token_hint: text("id_token_hint")?,
            client,
        })
    }
}

fn verified_target(
    query: &str,
    parameters: &Parameters,
    clients: &Clients,
) -> Result<(Arc<Client>, String), Refusal> {
    if query.len() > MAX_REQUEST {
        return Err(Refusal::TooLong);
    }
    let client_id = parameters.get("client_id")?.ok_or(Refusal::NoClient)?;
    let client = clients.find(client_id);
    let client = client.ok_or_else(|| Refusal::UnknownClient { client_id: client_id.to_owned() })?;
    let Some(redirect_uri) = parameters.get("redirect_uri")?.map(str::to_owned) else {
        return Err(Refusal::NoRedirectUri { client });
    };
    if !client.allows_redirect_uri(&redirect_uri) {
        return Err(Refusal::UnknownRedirectUri { client, redirect_uri });
    }
    Ok((client, redirect_uri))
}

/// Request objects are not read, and those at an address never fetched (OpenID Connect Core 1.0 section 6).
fn refuse_request_objects(parameters: &Parameters) -> Result<(), OAuthError> {
    let unsupported = [
        ("request", OAuthErrorCode::RequestNotSupported, "Send the parameters themselves, not request."),
        (
            "request_uri",
            OAuthErrorCode::RequestUriNotSupported,
            "Send the parameters themselves, not request_uri.",
        ),
        ("registration", OAuthErrorCode::RegistrationNotSupported, "Clients are registered by the operator."),
    ];
    for (name, code, description) in unsupported {
        if parameters.get(name)?.is_some() {
            return Err(OAuthError::new(code, description));
        }
    }
    Ok(())
}

fn code_challenge(parameters: &Parameters) -> Result<String, OAuthError> {
    let missing = "code_challenge is missing. PKCE with S256 is required (RFC 7636).";
    let challenge = parameters.require("code_challenge", missing)?;
    if parameters.get("code_challenge_method")? != Some("S256") {
        return Err(OAuthError::invalid_request("Only code_challenge_method=S256 is supported. Send it."));
    }
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if !CHALLENGE.contains(&challenge.len()) || !challenge.bytes().all(is_unreserved) {
        return Err(OAuthError::invalid_request(
            "code_challenge has 43 to 128 characters: the SHA-256 of the verifier in base64url without padding.",
        ));
    }
    Ok(challenge.to_owned())
}

/// What `resource` (RFC 8707) or `audience` names; `None` when neither is sent.
pub(super) fn requested_resource(
    parameters: &Parameters,
    client: &Client,
    tokens: &Tokens,
) -> Result<Option<Resource>, OAuthError> {
    let invalid = |description| OAuthError::new(OAuthErrorCode::InvalidTarget, description);
    if parameters.has_several("resource") {
        return Err(invalid("A token is for one resource. Send resource once, and ask again for another."));
    }
    let named = match (parameters.get("resource")?, parameters.get("audience")?) {
        (Some(_), Some(_)) => return Err(invalid("Send resource or audience, not both.")),
        (Some(resource), None) => tokens.resource(resource),
        (None, Some(name)) => tokens.resource_named(name),
        (None, None) => return Ok(None),
    };
    match named {
        Some(Resource::Audience(name)) if !client.audiences.contains(&name) => Err(invalid(
            "This client may not have tokens for it. Add the audience to the client's audiences.",
        )),
        Some(resource) => Ok(Some(resource)),
        None => Err(invalid("No audience has this aud. Declare it under [[audiences]] in bookplate.toml.")),
    }
}

fn seconds(text: &str) -> Result<i64, OAuthError> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_number { text.parse().ok() } else { None };
    seconds.ok_or(OAuthError::invalid_request("max_age is a number of seconds."))
}

impl Prompt {
    fn parse(text: &str) -> Result<Vec<Self>, OAuthError> {
        let values = text.split(' ').filter(|value| !value.is_empty()).map(|value| match value {
            "none" => Ok(Self::None),
            "login" | "select_account" => Ok(Self::Login),
            "create" => Ok(Self::Create),
            "consent" => Ok(Self::Consent),
            _ => Err(OAuthError::invalid_request(
                "prompt has a value that is not supported. Send none, login, create or consent.",
            )),
        });
        let values: Vec<Self> = values.collect::<Result<_, _>>()?;
        if values.contains(&Self::None) && values.len() > 1 {
            return Err(OAuthError::invalid_request("prompt=none stands alone."));
        }
        Ok(values)
    }
}

impl ResponseTarget {
    /// The address of a response: the redirect URI as it is registered, with parameters (RFC 6749 section 4.1.2), `state`
    /// and `iss` (RFC 9207).
    pub(super) fn with(&self, parameters: &[(&str, &str)], issuer: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let query = query.append_pair("iss", issuer).finish();
        append_query(&self.redirect_uri, &query)
    }

    pub(super) fn error(&self, error: &OAuthError, issuer: &str) -> String {
        self.with(&[("error", error.code.name()), ("error_description", error.description)], issuer)
    }
}

/// An address with more in its query. The rest of it stays as it is, to the letter.
pub(super) fn append_query(uri: &str, query: &str) -> String {
    let sign = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{sign}{query}")
}
