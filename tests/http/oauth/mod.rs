//! OpenID Connect and OAuth 2.0 over HTTP.

mod authorization_pages;
mod browser_clients;
mod confidential_clients;
mod logout;
mod mailed_links;
mod metadata;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;
use url::{Url, form_urlencoded};

use crate::{
    app::{TestApp, a_database},
    client::{Client, FORM},
    reply::Reply,
};

/// Of RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const BOOK: &str = "https://book.example.org";
const CALLBACK: &str = "https://book.example.org/callback";
const SECRET: &str = "Qm7xW2rT9vLp4Ks8Yd3Zf6Hn1Jb5Gc0E";

const DECLARED: &str = r#"
[[audiences]]
name = "chatbot"
aud = "https://chat.example.net"
conversations = "write"

[[clients]]
id = "book"
name = "The Other Book"
redirect_uris = ["https://book.example.org/callback"]
origins = ["https://book.example.org"]
post_logout_redirect_uris = ["https://book.example.org/"]
audiences = ["chatbot"]
first_party = true

[[clients]]
id = "service"
name = "A Service"
redirect_uris = ["https://service.example.com/callback"]
"#;

/// An application over https.
async fn app() -> TestApp {
    with(&[]).await
}

async fn with(variables: &[(&str, &str)]) -> TestApp {
    let own = [
        ("BOOKPLATE_URL", "https://accounts.example.com"),
        ("BOOKPLATE_CLIENT_SERVICE_SECRET", SECRET),
        ("BOOKPLATE_OUTBOX", "outbox.jsonl"),
    ];
    TestApp::declared(a_database().await, &[&own, variables].concat(), DECLARED).await
}

/// The address of a request of the book, with parameters replaced, added or (when empty) left out.
fn request(changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("client_id", "book"),
        ("redirect_uri", CALLBACK),
        ("response_type", "code"),
        ("scope", "openid profile email conversations:read conversations:write"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "af0ifjsldkj"),
        ("nonce", "n-0S6_WzA2Mj"),
    ];
    parameters.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    parameters.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    format!("/oauth2/authorize?{}", encoded(&parameters))
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

/// A parameter of the address that a reply leads to.
#[track_caller]
fn led_with(reply: &Reply, name: &str) -> Option<String> {
    let url = Url::parse(to(reply)).unwrap();
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Where a reply leads.
#[track_caller]
fn to(reply: &Reply) -> &str {
    reply.location().unwrap_or_else(|| panic!("{} leads nowhere: {}", reply.status, reply.text()))
}

/// What a field of a page holds.
#[track_caller]
fn hidden(reply: &Reply, name: &str) -> String {
    let page = reply.page();
    let field = page.all("input").find(|input| input.get("name") == Some(name));
    field
        .and_then(|field| field.get("value"))
        .unwrap_or_else(|| panic!("no {name}: {}", reply.text()))
        .to_owned()
}

/// A page of the book, in the browser of `reader`: its requests are cross-site, and the reader's own cookie is not sent.
fn page_of_book(app: &TestApp) -> Client {
    app.script()
        .sending("origin", BOOK)
        .sending("sec-fetch-site", "cross-site")
        .sending("sec-fetch-mode", "cors")
}

async fn token(client: &mut Client, pairs: &[(&str, &str)]) -> Reply {
    client.post("/oauth2/token", FORM, encoded(pairs)).await
}

/// The code that a signed-in reader is sent back with.
async fn code(reader: &mut Client, changes: &[(&str, &str)]) -> String {
    let reply = reader.get(&request(changes)).await;
    led_with(&reply, "code").unwrap_or_else(|| panic!("{}", to(&reply)))
}

async fn exchange(page: &mut Client, code: &str) -> Reply {
    let sent = [
        ("grant_type", "authorization_code"),
        ("client_id", "book"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
        ("code", code),
    ];
    token(page, &sent).await
}

async fn renew(page: &mut Client) -> Reply {
    token(page, &[("grant_type", "refresh_token"), ("client_id", "book")]).await
}

fn claims(token: &Value) -> Value {
    let part = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}
