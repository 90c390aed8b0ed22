//! Origins of clients: first-party ones are trusted, those of clients that ask for consent act by tokens alone.

use http::Method;
use serde_json::{Value, json};

use super::{BOOK, OTHER_BOOK, app};
use crate::{
    app::{TestApp, a_database},
    client::{Client, READER},
    fields::Fields,
    reply::Reply,
};

/// Pages and forms, which are not in the document of the API.
const PAGES: [&str; 17] = [
    "/",
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/account",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/account/security",
    "/account/security/password",
    "/account/sessions",
    "/account/data",
    "/account/data/export",
    "/conversations",
    "/conversations/-/list",
    "/conversations/-/import",
    "/no-such-page",
];

/// Every address with its methods. Parameters stand for themselves.
fn addresses() -> Vec<(String, Method)> {
    let document: Value = serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap();
    let mut addresses = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace(['{', '}'], "");
        for method in operations.as_object().unwrap().keys() {
            let method = method.to_uppercase().parse().unwrap();
            addresses.push((path.clone(), method));
        }
    }
    assert!(addresses.len() > 40, "{addresses:?}");
    let others = ["/api", "/api/", "/api/nothing", "/api/auth", "/api/auth/nothing"];
    for path in PAGES.into_iter().chain(others) {
        addresses.extend([Method::GET, Method::POST].map(|method| (path.to_owned(), method)));
    }
    addresses
}

/// Whether a client that asks for consent may use the address with a token.
fn is_by_token(path: &str) -> bool {
    ["/api/conversations", "/api/search", "/api/me"].iter().any(|prefix| path.starts_with(prefix))
}

/// Whether this is a document of the API, which holds nothing of anybody.
fn is_for_everybody(path: &str, method: &Method, reply: &Reply) -> bool {
    path.starts_with("/api/openapi") && method == Method::GET && reply.status == 200
}

async fn preflight(client: &mut Client, path: &str, method: &Method) -> Reply {
    let request = client
        .request(Method::OPTIONS, path)
        .header("access-control-request-method", method.as_str())
        .header("access-control-request-headers", "authorization,content-type");
    client.send(request, "").await
}

/// The origin that may read, and whether with cookies.
fn cors(reply: &Reply) -> (Option<&str>, Option<&str>) {
    (reply.header("access-control-allow-origin"), reply.header("access-control-allow-credentials"))
}

/// What is sent with a preflight and with the request itself.
async fn answers(app: &TestApp, origin: &str, path: &str, method: &Method) -> [Reply; 2] {
    let mut page = app.script().sending("origin", origin).sending("sec-fetch-site", "cross-site");
    let asked = preflight(&mut page, path, method).await;
    let request = page.request(method.clone(), path).header("content-type", "application/json");
    [asked, page.send(request, "{}").await]
}

#[tokio::test(flavor = "multi_thread")]
async fn security_33_the_origin_of_a_client_with_consent_reads_by_token_alone() {
    let app = app(a_database().await).await;
    for (path, method) in addresses() {
        // Declared, the book in development is no longer trusted by default.
        for origin in [OTHER_BOOK, "http://localhost:3000"] {
            for reply in answers(&app, origin, &path, &method).await {
                let expected = match () {
                    () if is_for_everybody(&path, &method, &reply) => Some("*"),
                    () => is_by_token(&path).then_some(origin),
                };
                assert_eq!(cors(&reply), (expected, None), "{method} {path} {origin}");
            }
        }
        for origin in
            ["https://evil.example", "https://book.example.org.evil.example", "http://book.example.org"]
        {
            for reply in answers(&app, origin, &path, &method).await {
                let expected = is_for_everybody(&path, &method, &reply).then_some("*");
                assert_eq!(cors(&reply), (expected, None), "{method} {path} {origin}");
            }
        }
        // The documents of the API are the same for everybody.
        let is_api = path.starts_with("/api") && !path.starts_with("/api/openapi");
        for origin in [BOOK, "http://localhost:4000"] {
            for reply in answers(&app, origin, &path, &method).await {
                if !is_for_everybody(&path, &method, &reply) {
                    let expected = if is_api { (Some(origin), Some("true")) } else { (None, None) };
                    assert_eq!(cors(&reply), expected, "{method} {path} {origin}: {}", reply.status);
                }
            }
        }
    }
}

/// A signed-in browser on a page of this origin, which belongs to the same site, so that the cookie is sent.
fn on_page(app: &TestApp, reader: &Client, origin: &str) -> Client {
    let mut page = app.script().sending("origin", origin).sending("sec-fetch-site", "same-site");
    page.keep("better-auth.session_token", reader.session().unwrap());
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_a_cookie_counts_from_first_party_clients_and_not_from_those_with_consent() {
    let app = app(a_database().await).await;
    let mut ada = app.reader("ada@example.com").await;
    let token = ada.get("/api/auth/token").await.json()["token"].as_str().unwrap().to_owned();

    let mut own = on_page(&app, &ada, BOOK);
    assert_eq!(own.json("/api/conversations", json!({"id": "c"})).await.status, 201);
    assert_eq!(own.get("/api/conversations/c").await.status, 200);
    assert_eq!(own.json("/api/auth/update-user", json!({"name": "Ada King"})).await.status, 200);

    let rows = app.rows_but_events().await;
    let mut other = on_page(&app, &ada, OTHER_BOOK);
    for (method, path) in [
        (Method::GET, "/api/conversations"),
        (Method::GET, "/api/conversations/c/messages"),
        (Method::GET, "/api/search?q=paper"),
        (Method::GET, "/api/me"),
        (Method::POST, "/api/conversations"),
        (Method::DELETE, "/api/conversations/c"),
        (Method::POST, "/api/auth/update-user"),
        (Method::POST, "/api/auth/sign-out"),
    ] {
        let request = other.request(method.clone(), path).header("content-type", "application/json");
        let reply = other.send(request, r#"{"name":"Eve"}"#).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "INVALID_ORIGIN".into()), "{method} {path}");
    }
    assert_eq!(app.rows_but_events().await, rows);

    let mut by_token =
        app.script().sending("origin", OTHER_BOOK).sending("authorization", &format!("Bearer {token}"));
    assert_eq!(by_token.get("/api/conversations/c").await.status, 200);
    assert_eq!(by_token.json("/api/conversations", json!({"id": "d"})).await.status, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_nobody_is_signed_in_from_the_page_of_a_client_with_consent() {
    let app = app(a_database().await).await;
    app.reader("ada@example.com").await;
    for (origin, expected) in [(BOOK, 200), (OTHER_BOOK, 403), ("https://evil.example", 403)] {
        let mut page = app.script().sending("origin", origin).sending("sec-fetch-site", "cross-site");
        page.set("sec-fetch-mode", "cors");
        let reply = page.json("/api/auth/sign-in/email", READER.json()).await;
        assert_eq!(reply.status, expected, "{origin} {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_18_a_callback_may_be_on_the_origin_of_a_first_party_client() {
    let app = app(a_database().await).await;
    let mut ada = app.reader("ada@example.com").await;
    for (origin, expected) in [(BOOK, 200), (OTHER_BOOK, 403), ("https://evil.example", 403)] {
        let body = json!({"email": "ada@example.com", "callbackURL": format!("{origin}/chapter/1")});
        let reply = ada.json("/api/auth/send-verification-email", body).await;
        assert_eq!(reply.status, expected, "{origin} {}", reply.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_forms_are_sent_from_our_own_origin_alone() {
    let app = app(a_database().await).await;
    app.reader("ada@example.com").await;
    for origin in [BOOK, OTHER_BOOK] {
        let mut page = app.browser().sending("origin", origin).sending("sec-fetch-site", "cross-site");
        let fields: Fields = READER;
        assert_eq!(page.form("/sign-in", fields).await.status, 403, "{origin}");
        assert_eq!(page.session(), None);
    }
}
