//! `GET /user` with a JWT: which tokens Bookplate itself accepts.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bookplate::adapters::JwtSigner;
use domain::{Algorithm, Signer, SigningKey};
use serde_json::{Map, Value, json};

use super::{TOKEN, USER};
use crate::{
    app::{TestApp, a_database},
    client::Client,
    reply::Reply,
};

const AUDIENCES: &str = r#"
    [[audiences]]
    name = "search"
    aud = "https://search.example.org"
    [[audiences]]
    name = "chatbot"
    algorithm = "HS256"
    send_aud = false
    [[audiences]]
    name = "legacy"
    algorithm = "HS256"
"#;
const OLD: &str = "a1b2c3d4e5f6071829304a5b6c7d8e9f00";
const NEW: &str = "f0e1d2c3b4a5968778695a4b3c2d1e0f11";
const CHATBOT: &str = "BOOKPLATE_AUDIENCE_CHATBOT_SECRET";
const LEGACY: (&str, &str) = ("BOOKPLATE_AUDIENCE_LEGACY_SECRET", "0918273645546372819009182736455463728190");

async fn token(client: &mut Client, query: &str) -> String {
    client.get(&format!("{TOKEN}{query}")).await.json()["token"].as_str().unwrap().to_owned()
}

async fn shown(app: &TestApp, token: &str) -> Reply {
    app.script().sending("authorization", &format!("Bearer {token}")).get(USER).await
}

#[track_caller]
fn is_refused(reply: &Reply, why: &str) {
    reply.refused(401, "INVALID_TOKEN");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{why}");
    assert!(reply.cookies().is_empty(), "{why}");
}

fn part(token: &str, at: usize) -> Map<String, Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

fn encoded(part: &Value) -> String {
    URL_SAFE_NO_PAD.encode(part.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_valid_while_it_and_its_session_are() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let drawn = token(&mut reader, "").await;
    let reply = shown(&app, &drawn).await;
    assert_eq!(reply.json()["user"]["email"], "ada@example.com");
    assert!(reply.cookies().is_empty());
    // A token that is sent and refused is an error, also when a cookie would have been good enough.
    let mut both = reader.clone().sending("authorization", "Bearer a.b.c");
    is_refused(&both.get(USER).await, "beside a cookie");
    app.ports.clock.advance_seconds(894);
    assert_eq!(shown(&app, &drawn).await.status, 200);
    app.ports.clock.advance_seconds(1);
    is_refused(&shown(&app, &drawn).await, "expired");
    let drawn = token(&mut reader, "").await;
    app.ports.clock.advance_seconds(-60);
    is_refused(&shown(&app, &drawn).await, "from the future");
    app.ports.clock.advance_seconds(60);
    reader.json(super::SIGN_OUT, json!({})).await;
    is_refused(&shown(&app, &drawn).await, "session ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_tampered_token_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let good = token(&mut reader, "").await;
    let (header, claims) = (Value::Object(part(&good, 0)), Value::Object(part(&good, 1)));
    let [h, c, s] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let with = |part: &Value, name: &str, value: Value| {
        let mut part = part.clone();
        part[name] = value;
        encoded(&part)
    };
    let forged = [
        format!("{h}.{}.{s}", with(&claims, "sub", json!("someone else"))),
        format!("{h}.{}.{s}", with(&claims, "exp", json!(9_999_999_999_i64))),
        format!("{}.{c}.", with(&header, "alg", json!("none"))),
        format!("{}.{c}.{s}", with(&header, "alg", json!("none"))),
        format!("{}.{c}.{s}", with(&header, "typ", json!("JWT"))),
        format!("{}.{c}.{s}", with(&header, "kid", json!("another"))),
        format!("{}.{c}.{s}", with(&header, "kid", json!("../../dev/null"))),
        format!("{}.{c}.{s}", with(&header, "jku", json!("https://evil.example/jwks"))),
        format!("{}.{c}.{s}", with(&header, "crit", json!(["b64"]))),
        format!("{h}.{c}"),
        format!("{h}.{c}."),
        format!("{h}.{c}.{s}."),
        format!("{h}.{c}.{}", "A".repeat(86)),
        format!("{h}=.{c}.{s}"),
        format!("{good}x"),
        good.to_uppercase(),
        "a.b.c".to_owned(),
        "....".to_owned(),
        "x".to_owned(),
        format!("{h}.{}.{s}", "A".repeat(100_000)),
    ];
    for token in forged {
        is_refused(&shown(&app, &token).await, &token);
    }
    assert_eq!(shown(&app, &good).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_token_signed_by_another_key_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let good = token(&mut reader, "").await;
    let (claims, kid) = (part(&good, 1), part(&good, 0)["kid"].as_str().unwrap().to_owned());
    for algorithm in Algorithm::ASYMMETRIC {
        let pair = JwtSigner.generate(algorithm).unwrap();
        let key = SigningKey { algorithm, kid: kid.clone(), private: pair.private };
        is_refused(&shown(&app, &JwtSigner.sign(&key, "at+jwt", &claims).unwrap()).await, algorithm.name());
    }
    // The public key, which everyone knows, as a shared secret; and the secrets a lazy server would have.
    let jwks = app.script().get("/api/auth/jwks").await.json();
    let public = jwks["keys"][0].to_string();
    for secret in [public.as_str(), "secret", "", &kid] {
        let private = secret.as_bytes().to_vec().into();
        let key = SigningKey { algorithm: Algorithm::Hs256, kid: kid.clone(), private };
        is_refused(&shown(&app, &JwtSigner.sign(&key, "at+jwt", &claims).unwrap()).await, secret);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_token_for_another_service_is_refused() {
    let database = a_database().await;
    let app = TestApp::declared(database, &[(CHATBOT, OLD), LEGACY], AUDIENCES).await;
    let mut reader = app.reader("ada@example.com").await;
    is_refused(&shown(&app, &token(&mut reader, "?audience=search").await).await, "another service's");
    for audience in ["chatbot", "legacy"] {
        let drawn = token(&mut reader, &format!("?audience={audience}")).await;
        assert_eq!(shown(&app, &drawn).await.status, 200, "{audience}: its secret is ours as well");
    }
    // Another Bookplate's token, and the secret of one audience for a token of another.
    let elsewhere = app.again(&[("BOOKPLATE_URL", "https://accounts.example.org")], "").await;
    is_refused(&shown(&elsewhere, &token(&mut reader, "").await).await, "another issuer");
    let legacy = token(&mut reader, "?audience=legacy").await;
    let claims = part(&legacy, 1);
    let kid = part(&legacy, 0)["kid"].as_str().unwrap().to_owned();
    let key = SigningKey { algorithm: Algorithm::Hs256, kid, private: OLD.as_bytes().to_vec().into() };
    is_refused(
        &shown(&app, &JwtSigner.sign(&key, "at+jwt", &claims).unwrap()).await,
        "another audience's secret",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_of_a_shared_secret_and_of_the_previous_one_are_accepted() {
    let database = a_database().await;
    let before = TestApp::declared(database, &[(CHATBOT, OLD), LEGACY], AUDIENCES).await;
    let mut reader = before.reader("ada@example.com").await;
    let old = token(&mut reader, "?audience=chatbot").await;
    let previous = "BOOKPLATE_AUDIENCE_CHATBOT_SECRET_PREVIOUS";
    let rotated = before.again(&[(CHATBOT, NEW), (previous, OLD), LEGACY], AUDIENCES).await;
    let mut browser = rotated.browser();
    browser.keep(super::SESSION_COOKIE, reader.session().unwrap());
    let new = token(&mut browser, "?audience=chatbot").await;
    assert!(JwtSigner.verify(&new, Algorithm::Hs256, NEW.as_bytes()).is_ok());
    for token in [&old, &new] {
        assert_eq!(shown(&rotated, token).await.status, 200, "{token:?}");
    }
    let finished = before.again(&[(CHATBOT, NEW), LEGACY], AUDIENCES).await;
    is_refused(&shown(&finished, &old).await, "rotated out");
    assert_eq!(shown(&finished, &new).await.status, 200);
    reader.json(super::SIGN_OUT, json!({})).await;
    is_refused(&shown(&rotated, &new).await, "session ended");
}
