//! Sign-in for clients on other sites.

mod authorization_requests;
mod codes;
mod consent;
mod logout;
mod reauthentication;
mod refresh_tokens;
mod token_contents;

use domain::{
    Audience, AudienceKey, Authorized, Client, ClientSecretHash, ConversationAccess, IssuedTokens,
    OAuthError, Parameters, Settings, SignedIn, TokenSettings, contract::LocalPath,
};
use serde_json::{Map, Value};
use testkit::databases::TestDatabase;
use url::{Url, form_urlencoded};

use crate::fixtures::book::{Book, settings};

pub(crate) const CALLBACK: &str = "https://pages.example/callback";
/// Of RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const CLIENT_SECRET: &str = "a client secret of at least thirty-two bytes";

/// A first-party browser client.
pub(crate) fn pages() -> Client {
    Client {
        id: "pages".into(),
        name: "The Pages".into(),
        redirect_uris: vec![CALLBACK.into(), "https://pages.example/callback?of=book".into()],
        origins: vec!["https://pages.example".into()],
        post_logout_redirect_uris: vec!["https://pages.example/bye".into()],
        audiences: vec!["chatbot".into(), "reader".into()],
        first_party: true,
        secrets: Vec::new(),
    }
}

/// A confidential client that needs consent.
pub(crate) fn service() -> Client {
    Client {
        id: "service".into(),
        name: "A Service".into(),
        redirect_uris: vec!["https://service.example/callback".into()],
        origins: Vec::new(),
        post_logout_redirect_uris: Vec::new(),
        audiences: vec!["reader".into()],
        first_party: false,
        secrets: vec![ClientSecretHash::of(CLIENT_SECRET)],
    }
}

fn audience(name: &str, conversations: ConversationAccess) -> Audience {
    let aud = Some(format!("https://{name}.example"));
    let conversations_of = domain::ConversationsOf::Client;
    Audience { name: name.into(), aud, key: AudienceKey::Published, conversations, conversations_of }
}

pub(crate) fn with_clients() -> Settings {
    let audiences = vec![
        audience("chatbot", ConversationAccess::WRITE),
        audience("reader", ConversationAccess::READ),
        audience("other", ConversationAccess::WRITE),
    ];
    let tokens = TokenSettings { audiences, ..settings().tokens };
    Settings { tokens, clients: vec![pages(), service()], ..settings() }
}

/// A request that the pages send, with parameters replaced, added or (when empty) left out.
pub(crate) fn request(changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("client_id", "pages"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile email conversations:write"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "af0ifjsldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
    ];
    parameters.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    parameters.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

pub(crate) fn parameters(pairs: &[(&str, &str)]) -> Parameters {
    Parameters::parse(form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().as_bytes())
}

/// A parameter of the address that a client is answered at.
pub(crate) fn answered(authorized: &Authorized, name: &str) -> Option<String> {
    let Authorized::Respond(address) = authorized else { panic!("{authorized:?}") };
    let url = Url::parse(address).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub(crate) fn claims(token: &str) -> Map<String, Value> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

impl Book {
    pub(crate) async fn with_clients(database: TestDatabase) -> Self {
        Self::with(database, with_clients()).await
    }

    pub(crate) async fn authorize(&self, query: &str, signed_in: Option<&SignedIn>) -> Authorized {
        self.services.oidc.authorize(query, signed_in).await.unwrap()
    }

    pub(crate) async fn code(&self, changes: &[(&str, &str)], signed_in: &SignedIn) -> String {
        let authorized = self.authorize(&request(changes), Some(signed_in)).await;
        answered(&authorized, "code").unwrap_or_else(|| panic!("{authorized:?}"))
    }

    pub(crate) async fn exchange(&self, code: &str) -> Result<IssuedTokens, OAuthError> {
        let sent = [("code", code), ("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
        self.services.oidc.exchange_code(&pages(), &parameters(&sent)).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Result<IssuedTokens, OAuthError> {
        self.services.oidc.refresh(&pages(), refresh_token, &parameters(&[])).await
    }

    /// The tokens of a reader who has signed in to the pages.
    pub(crate) async fn tokens(&self, signed_in: &SignedIn) -> IssuedTokens {
        let code = self.code(&[], signed_in).await;
        self.exchange(&code).await.unwrap()
    }

    pub(crate) async fn grants(&self) -> i64 {
        self.count("bookplate_grants").await
    }
}

/// The way back of a page that the reader is led to.
pub(crate) fn way_back(authorized: &Authorized) -> &LocalPath {
    match authorized {
        Authorized::SignIn(next) | Authorized::SignUp(next) | Authorized::Consent(next) => next,
        Authorized::Respond(address) => panic!("{address}"),
    }
}

/// The query of a way back.
pub(crate) fn query_of(next: &LocalPath) -> &str {
    next.as_str().split_once('?').unwrap().1
}
