//! Which tokens of declared audiences open conversations.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bookplate::adapters::JwtSigner;
use domain::{Algorithm, Signer, SigningKey};
use serde_json::{Map, Value, json};
use testkit::databases::TestDatabase;

use super::{ALL, Chat, ME, ROUTES, SEARCH, assert_problem, bearing, call, drawn, path};
use crate::app::{TestApp, a_database};

const USER: &str = "/api/auth/user";
const READ: &str = "conversations:read";
const WRITE: &str = "conversations:read conversations:write";
const FIRST: &str = "a1b2c3d4e5f6071829304a5b6c7d8e9f00";
const SECOND: &str = "0918273645546372819009182736455463728190";

/// Two audiences of each kind of key, and the variables they need.
const SECRETS: [(&str, &str); 2] =
    [("BOOKPLATE_AUDIENCE_BARE_SECRET", FIRST), ("BOOKPLATE_AUDIENCE_NAMED_SECRET", SECOND)];
const NAMES: [&str; 3] = ["search", "bare", "named"];

/// The audiences of [`NAMES`], each with this line.
fn audiences(line: &str) -> String {
    format!(
        "[[audiences]]\nname = \"search\"\naud = \"https://search.example.org\"\n{line}\n\
         [[audiences]]\nname = \"bare\"\nalgorithm = \"HS256\"\nsend_aud = false\n{line}\n\
         [[audiences]]\nname = \"named\"\nalgorithm = \"HS256\"\n{line}\n"
    )
}

async fn declared(database: TestDatabase, line: &str) -> Chat {
    Chat::of(TestApp::declared(database, &SECRETS, &audiences(line)).await).await
}

pub(super) fn part(token: &str, at: usize) -> Map<String, Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

/// The token with other claims, signed with the secret of its audience.
pub(super) fn signed_anew(token: &str, secret: &str, change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let mut claims = part(token, 1);
    change(&mut claims);
    let kid = part(token, 0)["kid"].as_str().unwrap().to_owned();
    let key = SigningKey { algorithm: Algorithm::Hs256, kid, private: secret.as_bytes().to_vec().into() };
    JwtSigner.sign(&key, "at+jwt", &claims).unwrap()
}

/// The routes that conversations are behind: all but `/api/me`.
fn routes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROUTES.into_iter().filter(|(_, route, _)| *route != ME)
}

#[track_caller]
fn assert_insufficient(reply: &crate::reply::Reply, needed: &str) {
    assert_eq!(reply.status, 403, "{}", reply.text());
    let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{needed}\"");
    assert_eq!(reply.header("www-authenticate"), Some(challenge.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_20_an_audience_opens_no_conversations_unless_its_entry_says_so() {
    let database = a_database().await;
    let mut chat = declared(database, "").await;
    let before = chat.stored().await;
    for name in NAMES {
        let token = drawn(&mut chat.ada, &format!("?audience={name}")).await;
        assert!(!part(&token, 1).contains_key("scope"), "{name}");
        // A cookie beside it does not help.
        for client in [chat.app.script(), chat.ada.clone()] {
            let mut bot = client.sending("authorization", &format!("Bearer {token}"));
            for (method, route, body) in routes() {
                let reply = call(&mut bot, method, &path(route, "c", "m"), body).await;
                assert_eq!(reply.status, 401, "{name} {method} {route}");
                assert_eq!(reply.header("www-authenticate"), Some("Bearer error=\"invalid_token\""));
                if method != "HEAD" {
                    assert_problem(&reply, 401, "INVALID_TOKEN");
                    let said = reply.json()["detail"].as_str().unwrap().to_owned();
                    let names = [format!("\"{name}\""), "bookplate.toml".into(), "conversations = ".into()];
                    assert!(names.iter().all(|words| said.contains(words)), "{said}");
                }
            }
        }
        let shared = name != "search";
        let mut bot = bearing(&chat.app, &token);
        assert_eq!(bot.get(USER).await.status == 200, shared, "{name}");
        assert_eq!(bot.get(ME).await.status == 200, shared, "{name}");
    }
    assert_eq!(chat.stored().await, before);
    let mut own = bearing(&chat.app, &drawn(&mut chat.ada, "").await);
    assert_eq!(
        call(&mut own, "POST", ALL, "{}").await.status,
        201,
        "a token for Bookplate opens what it opened"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_that_reads_gets_tokens_that_read() {
    let database = a_database().await;
    let mut chat = declared(database, "conversations = \"read\"").await;
    let before = chat.stored().await;
    for name in NAMES {
        let token = drawn(&mut chat.ada, &format!("?audience={name}")).await;
        let claims = part(&token, 1);
        assert_eq!(claims["scope"], READ, "{name}");
        assert!(claims.get("aud").is_none_or(Value::is_string), "{name}: aud stays one string");
        let mut bot = bearing(&chat.app, &token);
        for (method, route, body) in routes() {
            let reply = call(&mut bot, method, &path(route, "c", "m"), body).await;
            if matches!(method, "GET" | "HEAD") {
                assert_eq!(reply.status, 200, "{name} {method} {route}");
            } else {
                assert_problem(&reply, 403, "INSUFFICIENT_SCOPE");
                assert_insufficient(&reply, "conversations:write");
                assert!(reply.json()["detail"].as_str().unwrap().contains("conversations:write"));
            }
        }
        for path in ["/api/conversations/export", "/api/conversations/c/export", SEARCH, ME] {
            assert_eq!(bot.get(path).await.status, 200, "{name} {path}");
        }
        let import = call(&mut bot, "POST", "/api/conversations/import", r#"{"conversations":[]}"#).await;
        assert_problem(&import, 403, "INSUFFICIENT_SCOPE");
        assert_eq!(bot.get(USER).await.status == 200, name != "search", "{name}: as without the entry");
    }
    assert_eq!(chat.stored().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audience_that_writes_gets_tokens_that_read_and_write() {
    let database = a_database().await;
    let mut chat = declared(database, "conversations = \"write\"").await;
    for name in NAMES {
        let token = drawn(&mut chat.ada, &format!("?audience={name}")).await;
        assert_eq!(part(&token, 1)["scope"], WRITE, "{name}");
        let mut bot = bearing(&chat.app, &token);
        let made = call(&mut bot, "POST", ALL, &json!({ "id": name }).to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let messages = format!("{ALL}/{name}/messages");
        let said = call(&mut bot, "POST", &messages, r#"{"role":"user","content":"x"}"#).await;
        assert_eq!(said.status, 201, "{}", said.text());
        assert_eq!(bot.get(&messages).await.json()["items"].as_array().unwrap().len(), 1);
        // Another reader's stays another reader's.
        let theirs = bearing(&chat.app, &drawn(&mut chat.grace, &format!("?audience={name}")).await)
            .get(&messages)
            .await;
        assert_problem(&theirs, 404, "CONVERSATION_NOT_FOUND");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_entry_decides_again_when_a_token_is_presented() {
    let database = a_database().await;
    let mut chat = declared(database, "conversations = \"write\"").await;
    let mut written = Vec::new();
    for name in NAMES {
        written.push((name, drawn(&mut chat.ada, &format!("?audience={name}")).await));
    }
    let reading = chat.app.again(&SECRETS, &audiences("conversations = \"read\"")).await;
    for (name, token) in &written {
        let mut bot = bearing(&reading, token);
        assert_eq!(bot.get(ALL).await.status, 200, "{name}");
        assert_insufficient(&call(&mut bot, "POST", ALL, "{}").await, "conversations:write");
    }
    let mut browser = reading.browser();
    browser.keep("better-auth.session_token", chat.ada.session().unwrap());
    let mut read = Vec::new();
    for name in NAMES {
        read.push(drawn(&mut browser, &format!("?audience={name}")).await);
    }
    let closed = reading.again(&SECRETS, &audiences("")).await;
    for token in written.iter().map(|(_, token)| token).chain(&read) {
        assert_problem(&bearing(&closed, token).get(ALL).await, 401, "INVALID_TOKEN");
    }
    let open = closed.again(&SECRETS, &audiences("conversations = \"write\"")).await;
    for token in &read {
        let mut bot = bearing(&open, token);
        assert_eq!(bot.get(ALL).await.status, 200);
        assert_insufficient(&call(&mut bot, "POST", ALL, "{}").await, "conversations:write");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_scope_says_what_a_token_opens_and_no_more() {
    let database = a_database().await;
    let mut chat = declared(database, "conversations = \"write\"").await;
    let token = drawn(&mut chat.ada, "?audience=bare").await;
    for (scope, reads, writes) in [
        (json!("conversations:write conversations:read"), true, true),
        (json!("openid conversations:read email"), true, false),
        (json!("conversations:write"), false, true),
        (json!("conversations:Read"), false, false),
        (json!("conversations:reading"), false, false),
        (json!("openid"), false, false),
        (json!(""), false, false),
        (json!([READ]), false, false),
        (json!(true), false, false),
        (Value::Null, false, false),
    ] {
        let changed = signed_anew(&token, FIRST, |claims| drop(claims.insert("scope".into(), scope.clone())));
        let mut bot = bearing(&chat.app, &changed);
        let (read, written) = (bot.get(ALL).await, call(&mut bot, "POST", ALL, "{}").await);
        assert_eq!((read.status == 200, written.status == 201), (reads, writes), "{scope}");
        match (reads, writes) {
            (false, false) => assert_problem(&read, 401, "INVALID_TOKEN"),
            (false, true) => assert_insufficient(&read, READ),
            (true, false) => assert_insufficient(&written, "conversations:write"),
            (true, true) => {}
        }
    }
    let without = signed_anew(&token, FIRST, |claims| drop(claims.remove("scope")));
    assert_problem(&bearing(&chat.app, &without).get(ALL).await, 401, "INVALID_TOKEN");
    // The secret of one audience signs for no other, whatever the token says.
    let other = signed_anew(&token, SECOND, |_| {});
    assert_problem(&bearing(&chat.app, &other).get(ALL).await, 401, "INVALID_TOKEN");
    let aud = signed_anew(&token, FIRST, |claims| {
        drop(claims.insert("aud".into(), "https://search.example.org".into()));
    });
    assert_problem(&bearing(&chat.app, &aud).get(ALL).await, 401, "INVALID_TOKEN");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_audience_of_jwt_secret_opens_no_conversations_unless_the_file_says_so() {
    let database = a_database().await;
    let variables = [("JWT_SECRET", FIRST)];
    let mut chat = Chat::of(TestApp::declared(database, &variables, "").await).await;
    let mut bot = bearing(&chat.app, &drawn(&mut chat.ada, "?audience=default").await);
    assert_problem(&bot.get(ALL).await, 401, "INVALID_TOKEN");
    assert_eq!(bot.get(USER).await.status, 200);
    let entry = "[[audiences]]\nname = \"default\"\nalgorithm = \"HS256\"\nsend_aud = false\n\
                 conversations = \"write\"";
    let opened = chat.app.again(&variables, entry).await;
    let mut browser = opened.browser();
    browser.keep("better-auth.session_token", chat.ada.session().unwrap());
    let mut bot = bearing(&opened, &drawn(&mut browser, "?audience=default").await);
    assert_eq!(call(&mut bot, "POST", ALL, "{}").await.status, 201);
}
