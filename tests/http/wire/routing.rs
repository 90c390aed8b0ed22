//! Routing, and 404s.

use http::Method;

use crate::app::{TestApp, a_database};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_404_without_a_body() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let paths = [
        "/api/auth",
        "/api/auth/",
        "/api/auth/nothing",
        "/api/auth/ok/",
        "/api/auth//ok",
        "/api/auth/OK",
        "/api/auth/sign-in",
        "/api/auth/sign-in/email/",
        "/api/auth/sign-in//email",
        "/api/auth/get-session/x",
        "/api/auth/%6fk%00",
        "/api/auth/../auth/ok",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let request = reader.request(method.clone(), path).header("content-type", "text/plain");
            let reply = reader.send(request, "anything").await;
            reply.is_empty_404();
            assert!(reply.cookies().is_empty(), "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_known_path_with_a_wrong_method_is_404_without_a_body() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut script = app.script();
    let get = ["session", "user", "token", "jwks", "ok", "error"];
    let post = [
        "sign-up/email",
        "sign-in/email",
        "sign-out",
        "update-user",
        "session/refresh",
        "signup/email",
        "signout",
    ];
    for path in get {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            script.send(script.request(method, &format!("/api/auth/{path}")), "").await.is_empty_404();
        }
    }
    for path in post {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH] {
            script.send(script.request(method, &format!("/api/auth/{path}")), "").await.is_empty_404();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn get_session_by_post_names_the_required_mode() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = app.browser().json(super::GET_SESSION, serde_json::json!({})).await;
    reply.refused(405, "METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED");
    assert_eq!(reply.message(), "POST method requires deferSessionRefresh to be enabled in session config");
}

#[tokio::test(flavor = "multi_thread")]
async fn ok_is_answered() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = app.script().get("/api/auth/ok").await;
    assert_eq!(reply.json(), serde_json::json!({ "ok": true }));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_link_redirects_home_with_its_code_only() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (query, location) in [
        ("?error=INVALID_TOKEN", "/?error=INVALID_TOKEN"),
        ("?error=please_restart_the_process", "/?error=please_restart_the_process"),
        ("", "/?error=UNKNOWN"),
        ("?error=", "/?error=UNKNOWN"),
        ("?error=%3Cscript%3E", "/?error=UNKNOWN"),
        ("?error=a%0d%0aSet-Cookie:%20x=y", "/?error=UNKNOWN"),
        ("?error=a&error=b", "/?error=UNKNOWN"),
        ("?error=%ff", "/?error=UNKNOWN"),
    ] {
        let reply = app.browser().get(&format!("/api/auth/error{query}")).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (302, Some(location)), "{query}");
        assert!(reply.body.is_empty(), "{query:?} {location:?}");
    }
}
