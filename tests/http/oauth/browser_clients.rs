use serde_json::json;

use super::{BOOK, app, claims, code, exchange, page_of_book, renew, request, token};
use crate::client::FORM;

const COOKIE: &str = "__Host-bookplate.refresh-token.book";

#[tokio::test]
async fn a_page_on_another_site_gets_tokens_and_a_refresh_cookie_that_no_script_reads() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let code = code(&mut reader, &[("resource", "https://chat.example.net")]).await;
    let mut page = page_of_book(&app);
    let reply = exchange(&mut page, &code).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("access-control-allow-origin"), Some(BOOK));
    assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
    let body = reply.json();
    assert_eq!((body["token_type"].as_str(), body["expires_in"].as_i64()), (Some("Bearer"), Some(895)));
    assert!(body.get("refresh_token").is_none(), "{body}");
    assert_eq!(claims(&body["access_token"])["aud"], json!("https://chat.example.net"));
    assert_eq!(claims(&body["id_token"])["aud"], json!("book"));
    let cookies = reply.cookies();
    assert_eq!(cookies.len(), 1);
    let whole = reply.header("set-cookie").unwrap();
    assert!(whole.starts_with(&format!("{COOKIE}=")), "{whole}");
    for attribute in
        ["; Path=/", "; HttpOnly", "; Secure", "; SameSite=None", "; Partitioned", "; Max-Age=604800"]
    {
        assert!(whole.contains(attribute), "{attribute} in {whole}");
    }
    // The token opens the reader's conversations from the page.
    let access = format!("Bearer {}", body["access_token"].as_str().unwrap());
    let listed = page.clone().sending("authorization", &access).get("/api/conversations").await;
    assert_eq!(listed.status, 200, "{}", listed.text());
}

#[tokio::test]
async fn a_refresh_rotates_the_cookie_and_counts_only_from_the_clients_own_origin() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let mut page = page_of_book(&app);
    let code = code(&mut reader, &[]).await;
    assert_eq!(exchange(&mut page, &code).await.status, 200);
    let first = page.cookie(COOKIE).unwrap().to_owned();
    for origin in [
        "https://evil.example",
        "https://book.example.org.evil.example",
        "null",
        "https://accounts.example.com",
    ] {
        let refused = renew(&mut page.clone().sending("origin", origin)).await;
        assert_eq!(refused.status, 400, "{origin}");
        assert_eq!(refused.header("access-control-allow-origin"), None, "{origin}");
    }
    let no_page = renew(&mut page.clone().without("origin")).await;
    assert_eq!((no_page.status.as_u16(), no_page.json()["error"].as_str()), (400, Some("invalid_grant")));
    // In the body it counts for nothing.
    let sent = [("grant_type", "refresh_token"), ("client_id", "book"), ("refresh_token", first.as_str())];
    let mut without_cookie = page_of_book(&app);
    assert_eq!(token(&mut without_cookie, &sent).await.json()["error"], "invalid_grant");
    let renewed = renew(&mut page).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text());
    assert!(renewed.json()["id_token"].is_string() && renewed.json().get("refresh_token").is_none());
    assert_ne!(page.cookie(COOKIE), Some(first.as_str()));
    // Reuse of the first one ends the family, and the cookie goes.
    app.ports.clock.advance_seconds(11);
    let mut thief = page_of_book(&app);
    thief.keep(COOKIE, &first);
    let reused = renew(&mut thief).await;
    assert_eq!(reused.json()["error"], "invalid_grant");
    assert_eq!(thief.cookie(COOKIE), None);
    assert_eq!(renew(&mut page).await.status, 400);
}

#[tokio::test]
async fn signing_out_or_revoking_ends_renewal() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let (mut page, mut other) = (page_of_book(&app), page_of_book(&app));
    for page in [&mut page, &mut other] {
        let code = code(&mut reader, &[]).await;
        assert_eq!(exchange(page, &code).await.status, 200);
    }
    let revoked = page.post("/oauth2/revoke", FORM, "client_id=book").await;
    assert_eq!((revoked.status.as_u16(), page.cookie(COOKIE)), (200, None));
    assert_eq!(renew(&mut page).await.status, 400);
    assert_eq!(renew(&mut other).await.status, 200);
    reader.json("/api/auth/sign-out", json!({})).await;
    assert_eq!(renew(&mut other).await.status, 400);
    assert_eq!(other.cookie(COOKIE), None);
}

#[tokio::test]
async fn on_http_localhost_the_cookie_is_first_party() {
    let declared = r#"
[[clients]]
id = "book"
name = "The Other Book"
redirect_uris = ["http://localhost:3000/callback"]
origins = ["http://localhost:3000"]
first_party = true
"#;
    let app = crate::app::TestApp::declared(crate::app::a_database().await, &[], declared).await;
    let mut reader = app.reader("ada@example.com").await;
    let callback = "http://localhost:3000/callback";
    let reply = reader.get(&request(&[("redirect_uri", callback)])).await;
    let code = super::led_with(&reply, "code").unwrap();
    let mut page = app.script().sending("origin", "http://localhost:3000");
    let sent = [
        ("grant_type", "authorization_code"),
        ("client_id", "book"),
        ("redirect_uri", callback),
        ("code_verifier", super::VERIFIER),
        ("code", code.as_str()),
    ];
    let reply = token(&mut page, &sent).await;
    let cookie = reply.header("set-cookie").unwrap();
    assert!(cookie.starts_with("bookplate.refresh-token.book="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"), "{cookie}");
    assert_eq!(renew(&mut page).await.status, 200);
}

#[tokio::test]
async fn requests_that_are_none_have_oauths_errors() {
    let app = app().await;
    let mut page = page_of_book(&app);
    let cases: &[(&str, &str, u16)] = &[
        ("", "invalid_client", 401),
        ("client_id=nobody", "invalid_client", 401),
        ("client_id=book", "invalid_request", 400),
        ("client_id=book&client_id=book", "invalid_request", 400),
        ("client_id=book&grant_type=password", "unsupported_grant_type", 400),
        ("client_id=book&grant_type=client_credentials", "unsupported_grant_type", 400),
        ("client_id=book&grant_type=authorization_code", "invalid_request", 400),
        ("client_id=book&client_secret=x&grant_type=refresh_token", "invalid_client", 401),
        ("client_id=book&grant_type=refresh_token", "invalid_grant", 400),
        ("client_id=b%FFok", "invalid_request", 400),
    ];
    for (body, error, status) in cases {
        let reply = page.post("/oauth2/token", FORM, *body).await;
        assert_eq!(
            (reply.json()["error"].as_str(), reply.status.as_u16()),
            (Some(*error), *status),
            "{body}"
        );
        assert!(reply.json()["error_description"].as_str().is_some_and(str::is_ascii));
    }
    let json = page.post("/oauth2/token", "application/json", r#"{"client_id":"book"}"#).await;
    assert_eq!((json.status.as_u16(), json.json()["error"].as_str()), (415, Some("invalid_request")));
    let query = page.post("/oauth2/token?client_id=book&grant_type=refresh_token", FORM, "").await;
    assert_eq!(query.json()["error"], "invalid_client", "parameters of the address do not count");
}
