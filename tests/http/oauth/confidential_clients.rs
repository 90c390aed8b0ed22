use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use super::{SECRET, app, encoded, page_of_book, to, token};
use crate::{app::TestApp, client::FORM, fields::Fields};

const CALLBACK: &str = "https://service.example.com/callback";

/// The code of a reader who allows the service what it asks for.
async fn code(app: &TestApp, scope: &str) -> String {
    let mut reader = app.reader("ada@example.com").await;
    let asked = super::request(&[("client_id", "service"), ("redirect_uri", CALLBACK), ("scope", scope)]);
    let led = reader.get(&asked).await;
    let page = reader.get(to(&led)).await;
    let hidden = |name: &str| super::hidden(&page, name);
    let form =
        Fields::new(&[("decision", "allow")]).with("next", &hidden("next")).with("reader", &hidden("reader"));
    let allowed = reader.form(to(&led), form).await;
    super::led_with(&reader.get(to(&allowed)).await, "code").unwrap()
}

fn exchange(code: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "authorization_code"),
        ("redirect_uri", CALLBACK),
        ("code_verifier", super::VERIFIER),
        ("code", code),
    ]
}

#[tokio::test]
async fn it_proves_its_secret_in_the_header_or_the_body_and_in_one_of_them() {
    let app = app().await;
    let basic = format!("Basic {}", STANDARD.encode(format!("service:{SECRET}")));
    let wrong = format!("Basic {}", STANDARD.encode("service:wrong"));
    let mut server = app.script();
    let first = code(&app, "openid offline_access").await;
    let named = [("client_id", "service")];
    let secret = [("client_id", "service"), ("client_secret", SECRET)];
    let cases = [
        (None, &named[..], "invalid_client"),
        (Some(wrong.as_str()), &[], "invalid_client"),
        (Some("Bearer x"), &[], "invalid_client"),
        (Some(&basic), &secret[..], "invalid_request"),
        (Some(&basic), &[("client_id", "book")][..], "invalid_request"),
    ];
    for (header, sent, error) in cases {
        let mut asking =
            header.map_or(server.clone(), |header| server.clone().sending("authorization", header));
        let reply = token(&mut asking, &[&exchange(&first)[..], sent].concat()).await;
        assert_eq!(reply.json()["error"], error, "{sent:?}");
        let challenged = reply.header("www-authenticate").is_some();
        assert_eq!((reply.status == 401, challenged), (error == "invalid_client", error == "invalid_client"));
    }
    // None of these has spent the code.
    let reply = token(&mut server, &[&exchange(&first)[..], &secret].concat()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let refresh = reply.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(reply.header("set-cookie"), None);
    let mut server = server.sending("authorization", &basic);
    let renewed = token(&mut server, &[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert!(renewed.json()["refresh_token"].is_string());
}

#[tokio::test]
async fn without_offline_access_there_is_no_refresh_token() {
    let app = app().await;
    let code = code(&app, "openid").await;
    let sent = [&exchange(&code)[..], &[("client_id", "service"), ("client_secret", SECRET)]].concat();
    let reply = token(&mut app.script(), &sent).await;
    assert_eq!(reply.status, 200);
    assert!(reply.json().get("refresh_token").is_none());
}

#[tokio::test]
async fn it_asks_about_and_revokes_its_tokens_and_reads_userinfo() {
    let app = app().await;
    let code = code(&app, "openid email").await;
    let own = [("client_id", "service"), ("client_secret", SECRET)];
    let issued = token(&mut app.script(), &[&exchange(&code)[..], &own].concat()).await.json();
    let access = issued["access_token"].as_str().unwrap();
    let mut server = app.script();
    let about = encoded(&[&own[..], &[("token", access)]].concat());
    let active = server.post("/oauth2/introspect", FORM, about.clone()).await;
    assert_eq!(
        (active.json()["active"].as_bool(), active.json()["client_id"].as_str()),
        (Some(true), Some("service"))
    );
    let anonymous = server.post("/oauth2/introspect", FORM, encoded(&[("token", access)])).await;
    assert_eq!(anonymous.status, 401);
    let bearer = format!("Bearer {access}");
    let userinfo = server.clone().sending("authorization", &bearer).get("/oauth2/userinfo").await;
    assert_eq!(userinfo.json()["email"], json!("ada@example.com"));
    let posted = server.clone().sending("authorization", &bearer).post("/oauth2/userinfo", FORM, "").await;
    assert_eq!(posted.json(), userinfo.json());
    let none = server.get("/oauth2/userinfo").await;
    assert_eq!((none.status.as_u16(), none.header("www-authenticate")), (401, Some("Bearer")));
    assert_eq!(server.post("/oauth2/revoke", FORM, about.clone()).await.status, 200);
    assert_eq!(server.post("/oauth2/introspect", FORM, about).await.json(), json!({ "active": false }));
    let dead = server.sending("authorization", &bearer).get("/oauth2/userinfo").await;
    assert_eq!(dead.status, 401);
    assert!(dead.header("www-authenticate").unwrap().starts_with("Bearer error=\"invalid_token\""));
}

#[tokio::test]
async fn security_33_no_page_of_another_origin_reads_what_the_token_endpoint_answers() {
    let app = app().await;
    let mut evil = page_of_book(&app).sending("origin", "https://evil.example");
    let sent = [("grant_type", "refresh_token"), ("client_id", "service"), ("client_secret", SECRET)];
    let reply = token(&mut evil, &sent).await;
    assert_eq!(reply.header("access-control-allow-origin"), None);
}
