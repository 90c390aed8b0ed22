//! An expired token can finish the answer it began, within an hour.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bookplate::adapters::JwtSigner;
use domain::{Algorithm, Signer, SigningKey};
use serde_json::{Map, Value, json};

use super::{Chat, ROUTES, assert_problem, bearing, call, call_json, drawn, path};
use crate::app::{TestApp, a_database};

const MESSAGE: &str = "/api/conversations/c/messages/m";

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_can_finish_the_answer_it_began() {
    let database = a_database().await;
    let mut chat = Chat::on(database).await;
    chat.app.ports.clock.advance_seconds(895);
    assert_problem(&chat.bot.get(MESSAGE).await, 401, "INVALID_TOKEN");
    let body = json!({ "content": "paper and ink" });
    let reply = call_json(&mut chat.bot, "PATCH", MESSAGE, body).await;
    assert_eq!(
        (reply.status.as_u16(), &reply.json()["status"]),
        (200, &json!("in_progress")),
        "{}",
        reply.text()
    );
    chat.app.ports.clock.advance_seconds(3599);
    let finish = || json!({ "status": "complete" });
    assert_eq!(call_json(&mut chat.bot, "PATCH", MESSAGE, finish()).await.status, 200);
    let reply = call_json(&mut chat.bot, "PATCH", MESSAGE, json!({ "content": "more" })).await;
    assert_problem(&reply, 401, "INVALID_TOKEN");
    let stored = chat.ada.get(MESSAGE).await.json();
    assert_eq!(
        (&stored["status"], &stored["parts"][0]["text"]),
        (&json!("complete"), &json!("paper and ink"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_can_do_nothing_else() {
    let database = a_database().await;
    let mut chat = Chat::on(database).await;
    let mut another = bearing(&chat.app, &drawn(&mut chat.ada, "").await);
    let before = chat.stored().await;
    chat.app.ports.clock.advance_seconds(895);
    for (method, route, body) in ROUTES.into_iter().filter(|(method, ..)| *method != "HEAD") {
        let route = path(route, "c", "m");
        if (method, route.as_str()) != ("PATCH", MESSAGE) {
            assert_problem(&call(&mut chat.bot, method, &route, body).await, 401, "INVALID_TOKEN");
        }
        assert_problem(&call(&mut another, method, &route, body).await, 401, "INVALID_TOKEN");
    }
    assert_eq!(chat.stored().await, before);
    chat.app.ports.clock.advance_seconds(3600);
    let finish = || json!({ "status": "complete" });
    assert_problem(&call_json(&mut chat.bot, "PATCH", MESSAGE, finish()).await, 401, "INVALID_TOKEN");
    chat.app.ports.clock.advance_seconds(-3600);
    call(&mut chat.ada, "POST", "/api/auth/sign-out", "{}").await;
    let reply = call_json(&mut chat.bot, "PATCH", MESSAGE, finish()).await;
    assert_problem(&reply, 401, "INVALID_TOKEN");
    assert_eq!(chat.stored().await, before, "with the session, everything ends");
}

/// A chatbot with a shared secret may sign tokens itself, without a `jti`.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_an_id_cannot_finish_an_answer() {
    const SECRET: &str = "a1b2c3d4e5f6071829304a5b6c7d8e9f00";
    let database = a_database().await;
    let audiences = "[[audiences]]\nname = \"chatbot\"\nalgorithm = \"HS256\"\nconversations = \"write\"\n";
    let variables = [("BOOKPLATE_AUDIENCE_CHATBOT_SECRET", SECRET)];
    let mut chat = Chat::of(TestApp::declared(database, &variables, audiences).await).await;
    let token = drawn(&mut chat.ada, "?audience=chatbot").await;
    let part = |at: usize| -> Map<String, Value> {
        let part = token.split('.').nth(at).unwrap();
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
    };
    let kid = part(0)["kid"].as_str().unwrap().to_owned();
    let key = SigningKey { algorithm: Algorithm::Hs256, kid, private: SECRET.as_bytes().to_vec().into() };
    let mut claims = part(1);
    claims.remove("jti");
    let mut nameless = bearing(&chat.app, &JwtSigner.sign(&key, "at+jwt", &claims).unwrap());
    let begun = json!({ "id": "n", "role": "assistant", "content": "x", "status": "in_progress" });
    let reply = call_json(&mut nameless, "POST", "/api/conversations/c/messages", begun).await;
    assert_eq!(reply.status, 201, "{}", reply.text());
    let finish = async |client: &mut crate::client::Client| {
        call_json(client, "PATCH", "/api/conversations/c/messages/n", json!({ "model": "m" })).await
    };
    assert_eq!(finish(&mut nameless).await.status, 200);
    chat.app.ports.clock.advance_seconds(895);
    assert_problem(&finish(&mut nameless).await, 401, "INVALID_TOKEN");
}
