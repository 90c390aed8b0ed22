//! `GET /token` and `GET /jwks`.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bookplate::adapters::JwtSigner;
use domain::{Algorithm, Signer};
use serde_json::{Map, Value, json};

use super::TOKEN;
use crate::{
    app::{ORIGIN, TestApp, a_database},
    client::{Client, READER},
};

const AUDIENCES: &str = r#"
    [[audiences]]
    name = "search"
    aud = "https://search.example.org"
    [[audiences]]
    name = "chatbot"
    algorithm = "HS256"
    send_aud = false
"#;
const CHATBOT: (&str, &str) = ("BOOKPLATE_AUDIENCE_CHATBOT_SECRET", "a1b2c3d4e5f6071829304a5b6c7d8e9f00");

async fn token(client: &mut Client, query: &str) -> String {
    let reply = client.get(&format!("{TOKEN}{query}")).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    reply.json()["token"].as_str().unwrap().to_owned()
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

/// The claims of a token, verified with the published key of its `kid`.
async fn verified(app: &TestApp, token: &str) -> Map<String, Value> {
    let header = header(token);
    let jwks = app.script().get("/api/auth/jwks").await.json();
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
    assert_eq!(key["alg"], header["alg"]);
    let algorithm = Algorithm::asymmetric(header["alg"].as_str().unwrap()).unwrap();
    JwtSigner.verify(token, algorithm, key.to_string().as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_has_the_users_claims_and_verifies_with_the_published_key() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.browser();
    let full = READER
        .with("professionalRole", "other")
        .with("roleOther", "Binder")
        .with("image", "https://x.example/");
    reader.json(super::SIGN_UP, full.json()).await;
    let session = reader.get(super::GET_SESSION).await.json();
    let first = token(&mut reader, "").await;
    assert_eq!(header(&first)["alg"], "ES256");
    assert_eq!(header(&first)["typ"], "at+jwt");
    let claims = verified(&app, &first).await;
    let expected = json!({
        "iss": ORIGIN,
        "aud": ORIGIN,
        "sub": session["user"]["id"],
        "sid": session["session"]["id"],
        "jti": claims["jti"],
        "iat": 1_795_219_195,
        "nbf": 1_795_219_195,
        "exp": 1_795_219_195 + 900,
        "email": "ada@example.com",
        "email_verified": false,
        "name": "Ada Lovelace",
        "experienceLevel": "beginner",
        "professionalRole": "other",
        "roleOther": "Binder",
        "organization": null,
    });
    assert_eq!(Value::Object(claims.clone()), expected);
    let second = verified(&app, &token(&mut reader, "").await).await;
    assert_ne!(claims["jti"], second["jti"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_21_only_public_members_are_published() {
    let database = a_database().await;
    let mut app = TestApp::on(database).await;
    for algorithm in ["EdDSA", "RS256"] {
        app = app.again(&[("BOOKPLATE_JWT_ALGORITHM", algorithm)], "").await;
    }
    let reply = app.script().get("/api/auth/jwks").await;
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300, stale-while-revalidate=60"));
    assert!(reply.cookies().is_empty());
    let keys = reply.json()["keys"].as_array().unwrap().clone();
    assert_eq!(keys.len(), 3, "older keys stay: tokens they signed may be about");
    for key in keys {
        assert_eq!(key["use"], "sig", "{key:?}");
        let mut members: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        members.sort_unstable();
        let expected: &[&str] = match key["kty"].as_str().unwrap() {
            "EC" => &["alg", "crv", "kid", "kty", "use", "x", "y"],
            "OKP" => &["alg", "crv", "kid", "kty", "use", "x"],
            _ => &["alg", "e", "kid", "kty", "n", "use"],
        };
        assert_eq!(members, expected, "{key:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_algorithm_can_be_chosen() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let variables = [("BOOKPLATE_JWT_ALGORITHM", algorithm), ("BOOKPLATE_JWT_LIFETIME", "3600")];
        let chosen = app.again(&variables, "").await;
        let mut browser = chosen.browser();
        browser.keep(super::SESSION_COOKIE, reader.session().unwrap());
        let token = token(&mut browser, "").await;
        assert_eq!(header(&token)["alg"], algorithm, "{algorithm:?}");
        let claims = verified(&chosen, &token).await;
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600, "{algorithm:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_gets_its_own_tokens() {
    let database = a_database().await;
    let app = TestApp::declared(database, &[CHATBOT], AUDIENCES).await;
    let mut reader = app.reader("ada@example.com").await;
    let search = token(&mut reader, "?audience=search").await;
    assert_eq!(verified(&app, &search).await["aud"], "https://search.example.org");
    let own = token(&mut reader, &format!("?audience={ORIGIN}")).await;
    assert_eq!(verified(&app, &own).await["aud"], ORIGIN);
    let chatbot = token(&mut reader, "?audience=chatbot").await;
    assert_eq!(header(&chatbot)["alg"], "HS256");
    let claims = JwtSigner.verify(&chatbot, Algorithm::Hs256, CHATBOT.1.as_bytes()).unwrap();
    assert!(!claims.contains_key("aud"), "jwt.decode of PyJWT refuses one it was not told of");
    assert_eq!(claims["email"], "ada@example.com");
    for query in
        ["?audience=", "?audience=nobody", "?audience=Search", "?audience=a&audience=b", "?audience=%00%ff"]
    {
        let reply = reader.get(&format!("{TOKEN}{query}")).await;
        reply.refused(400, "UNKNOWN_AUDIENCE");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_21_no_token_is_issued_without_an_active_session() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    app.browser().get(TOKEN).await.refused(401, "UNAUTHORIZED");
    app.ports.clock.advance_seconds(7 * 24 * 3600);
    reader.get(TOKEN).await.refused(401, "UNAUTHORIZED");
    assert_eq!(reader.session(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_generated_once_and_survives_a_restart() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let before = token(&mut reader, "").await;
    let restarted = app.again(&[], "").await;
    assert_eq!(verified(&restarted, &before).await["email"], "ada@example.com");
    let mut browser = restarted.browser();
    browser.keep(super::SESSION_COOKIE, reader.session().unwrap());
    assert_eq!(header(&token(&mut browser, "").await)["kid"], header(&before)["kid"]);
    assert_eq!(app.database.number("select count(*) from bookplate_signing_keys").await, 1);
}
