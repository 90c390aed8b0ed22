//! The authorization endpoint (RFC 6749 section 3.1): a request becomes a code, an error at the client, or a page of ours.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{LocalPath, Timestamp, routes};
use storage::{AuthorizationCode, SignedIn};

use super::{
    OAuthError, OAuthErrorCode, Oidc, Refusal,
    authorization_request::{AuthorizationRequest, Prompt, RequestError},
    code_hash,
    reauthentication::{self, Interaction},
};

/// Seconds for which a code is good (RFC 6749 section 4.1.2 allows ten minutes at most).
const CODE_LIFETIME: i64 = 60;

/// What an authorization request leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authorized {
    /// To the client, with a code or an error.
    Respond(String),
    /// To the sign-in page, which leads back to this path.
    SignIn(LocalPath),
    /// To the sign-up page, which leads back to this path.
    SignUp(LocalPath),
    /// To the page that asks for consent, which leads back to this path.
    Consent(LocalPath),
}

/// A request whose query has been made one that a path of ours can carry.
pub(super) struct CarriedRequest {
    path: LocalPath,
}

impl CarriedRequest {
    /// `None` when it would not fit a path.
    pub(super) fn of(query: &str) -> Option<Self> {
        // Browsers leave a backslash in a query as it is, which no path of ours has.
        let query = query.replace('\\', "%5C");
        LocalPath::parse(&format!("{}?{query}", routes::AUTHORIZE)).map(|path| Self { path })
    }

    /// The query that `next` carries, if it leads back to the authorization endpoint.
    pub(super) fn of_next(next: &LocalPath) -> Option<Self> {
        let rest = next.as_str().strip_prefix(routes::AUTHORIZE)?;
        rest.starts_with('?').then(|| Self { path: next.clone() })
    }

    /// The path.
    pub(super) fn into_path(self) -> LocalPath {
        self.path
    }

    /// The query.
    pub(super) fn query(&self) -> &str {
        self.path.as_str().split_once('?').map_or("", |(_, query)| query)
    }
}

/// What a reader is asked to allow, as it is stored: the scopes, and the audience under a name that no scope has.
pub(super) fn asked_scope(request: &AuthorizationRequest) -> String {
    match &request.audience {
        Some(audience) => format!("{} audience:{audience}", request.scopes),
        None => request.scopes.to_string(),
    }
}

/// Whether everything that a request asks for was allowed.
fn consent_covers(allowed: &str, request: &AuthorizationRequest) -> bool {
    asked_scope(request).split(' ').all(|asked| allowed.split(' ').any(|name| name == asked))
}

impl Oidc {
    /// Answers an authorization request for the reader who is signed in, if there is one. `query` is as it was sent.
    ///
    /// # Errors
    /// [`Refusal`] before client and redirect URI are verified; after that errors go to the client.
    #[tracing::instrument(name = "oidc.authorize", level = "debug", skip_all)]
    pub async fn authorize(&self, query: &str, signed_in: Option<&SignedIn>) -> Result<Authorized, Refusal> {
        let carried = CarriedRequest::of(query).ok_or(Refusal::TooLong)?;
        let (raw, added) = reauthentication::split(carried.query());
        let request = match AuthorizationRequest::parse(raw, &self.clients, &self.tokens) {
            Ok(request) => request,
            Err(RequestError::Refused(refusal)) => return Err(refusal),
            Err(RequestError::Redirect(to, error)) => {
                return Ok(Authorized::Respond(to.error(&error, self.issuer())));
            }
        };
        let interaction = self.interaction(raw, added, signed_in);
        let outcome = self.decide(&request, raw, signed_in, interaction).await;
        Ok(outcome
            .unwrap_or_else(|error| Authorized::Respond(request.response_to.error(&error, self.issuer()))))
    }

    async fn decide(
        &self,
        request: &AuthorizationRequest,
        raw: &str,
        signed_in: Option<&SignedIn>,
        interaction: Option<Interaction>,
    ) -> Result<Authorized, OAuthError> {
        let asked_at = match interaction {
            Some(Interaction::AskedAt(at)) => Some(at),
            Some(Interaction::Denied) => {
                let description = "The reader does not allow it.";
                return Err(OAuthError::new(OAuthErrorCode::AccessDenied, description));
            }
            None => None,
        };
        let Some(signed_in) = signed_in.filter(|it| !self.has_to_sign_in(request, it, asked_at)) else {
            if request.has_prompt(Prompt::None) {
                let description =
                    "Nobody is signed in, or has to sign in again. Send the reader here without prompt=none.";
                return Err(OAuthError::new(OAuthErrorCode::LoginRequired, description));
            }
            let next = self.next(raw, asked_at)?;
            return Ok(if request.has_prompt(Prompt::Create) {
                Authorized::SignUp(next)
            } else {
                Authorized::SignIn(next)
            });
        };
        if self.is_other_reader(request, signed_in) {
            let description = "Another reader has signed in than the one that id_token_hint names.";
            return Err(OAuthError::new(OAuthErrorCode::LoginRequired, description));
        }
        if self.needs_consent(request, signed_in, asked_at).await? {
            if request.has_prompt(Prompt::None) {
                let description = "The reader has not allowed this yet. Send them here without prompt=none.";
                return Err(OAuthError::new(OAuthErrorCode::ConsentRequired, description));
            }
            return Ok(Authorized::Consent(self.next(raw, asked_at)?));
        }
        self.issue_code(request, signed_in).await.map(Authorized::Respond)
    }

    /// Whether the session does not do, because the request asks for one that was opened later, or by somebody else.
    pub(super) fn has_to_sign_in(
        &self,
        request: &AuthorizationRequest,
        signed_in: &SignedIn,
        asked_at: Option<Timestamp>,
    ) -> bool {
        let opened_at = signed_in.session.created_at;
        let has_done_so = asked_at.is_some_and(|asked_at| opened_at >= asked_at);
        let age = self.ports.clock.now().seconds_since(opened_at);
        let is_old = request.max_age.is_some_and(|max_age| age > max_age);
        let is_asked = request.has_prompt(Prompt::Login) || request.has_prompt(Prompt::Create);
        (is_asked || is_old || self.is_other_reader(request, signed_in)) && !has_done_so
    }

    /// Whether an ID token of another reader came with the request. One that is not ours says nothing.
    fn is_other_reader(&self, request: &AuthorizationRequest, signed_in: &SignedIn) -> bool {
        let hint = request.id_token_hint.as_deref().and_then(|hint| self.tokens.verify_id_token(hint));
        hint.is_some_and(|hint| hint.sub != signed_in.user.id)
    }

    async fn needs_consent(
        &self,
        request: &AuthorizationRequest,
        signed_in: &SignedIn,
        asked_at: Option<Timestamp>,
    ) -> Result<bool, OAuthError> {
        if request.client.first_party {
            return Ok(false);
        }
        let consent = self.database.find_consent(&signed_in.user.id, &request.client.id).await?;
        Ok(consent.is_none_or(|consent| {
            let is_covered = consent_covers(&consent.scope, request);
            let is_asked_anew = request.has_prompt(Prompt::Consent)
                && asked_at.is_none_or(|asked_at| consent.granted_at < asked_at);
            !is_covered || is_asked_anew
        }))
    }

    /// What was added to a request, if it was signed for it.
    pub(super) fn interaction(
        &self,
        raw: &str,
        added: Option<&str>,
        signed_in: Option<&SignedIn>,
    ) -> Option<Interaction> {
        let user_id = signed_in.map(|signed_in| signed_in.user.id.as_str());
        reauthentication::verify(raw, added?, user_id, self.ports.clock.now(), &self.secret)
    }

    /// The way back to this request, with the time at which its reader was asked first.
    fn next(&self, raw: &str, asked_at: Option<Timestamp>) -> Result<LocalPath, OAuthError> {
        let asked_at = asked_at.unwrap_or_else(|| self.ports.clock.now());
        let carried = CarriedRequest::of(&reauthentication::asked_at(raw, asked_at, &self.secret));
        let too_long = "The request is too long. Keep it within 3 KB, for example with a shorter state.";
        carried.map(CarriedRequest::into_path).ok_or(OAuthError::invalid_request(too_long))
    }

    async fn issue_code(
        &self,
        request: &AuthorizationRequest,
        signed_in: &SignedIn,
    ) -> Result<String, OAuthError> {
        let mut bytes = [0; 32];
        self.ports.entropy.fill(&mut bytes);
        let code = URL_SAFE_NO_PAD.encode(bytes);
        let now = self.ports.clock.now();
        let stored = AuthorizationCode {
            id: code_hash(&code),
            session_id: signed_in.session.id.clone(),
            client_id: request.client.id.clone(),
            redirect_uri: request.response_to.redirect_uri.clone(),
            code_challenge: request.code_challenge.clone(),
            audience: request.audience.clone(),
            scope: request.scopes.to_string(),
            nonce: request.nonce.clone(),
            created_at: now,
            expires_at: now.plus_seconds(CODE_LIFETIME),
        };
        self.database.add_authorization_code(&stored).await?;
        tracing::debug!(user = %signed_in.user.id, client = %request.client.id, "authorization code issued");
        Ok(request.response_to.with(&[("code", &code)], self.issuer()))
    }
}
