//! Response headers that other tests do not cover.

use http::Method;

use crate::{
    app::{TestApp, a_database},
    client::READER,
};

const BOOK: &str = "https://book.example.org";

#[tokio::test(flavor = "multi_thread")]
async fn security_37_other_sites_cannot_embed_responses() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for path in ["/", "/sign-in", "/no-such-page", "/login", "/api/auth/ok", "/api/auth/jwks", "/api/auth/x"]
    {
        let reply = app.browser().get(path).await;
        assert_eq!(reply.header("cross-origin-resource-policy"), Some("same-origin"), "{path}");
    }
    let refused = app.browser().form("/sign-in", READER.with("email", "nobody")).await;
    assert_eq!(refused.header("cross-origin-resource-policy"), Some("same-origin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_37_a_page_has_a_permissions_policy() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = app.browser().get("/sign-in").await;
    let policy = reply.header("permissions-policy").unwrap();
    let given_up: Vec<&str> = policy.split(", ").map(|it| it.strip_suffix("=()").unwrap()).collect();
    for feature in ["camera", "display-capture", "geolocation", "microphone", "payment", "serial", "usb"] {
        assert!(given_up.contains(&feature), "{feature}: {policy}");
    }
    assert!(given_up.iter().all(|it| it.chars().all(|c| c.is_ascii_lowercase() || c == '-')), "{policy}");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_37_cors_responses_are_readable_across_origins() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_TRUSTED_ORIGINS", BOOK)]).await;
    let reply = app.script().sending("origin", BOOK).get("/api/auth/get-session").await;
    assert_eq!(reply.header("access-control-allow-origin"), Some(BOOK));
    assert_eq!(reply.header("access-control-allow-credentials"), Some("true"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_options_request_without_preflight_headers_is_a_wrong_method() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_TRUSTED_ORIGINS", BOOK)]).await;
    for path in ["/api/auth/ok", "/api/auth/sign-in/email", "/api/auth/nothing", "/api/auth", "/api/auth/"] {
        for headers in [&[][..], &[("origin", BOOK)], &[("access-control-request-method", "POST")]] {
            let mut request = app.script().request(Method::OPTIONS, path);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let reply = app.script().send(request, "").await;
            assert_eq!((reply.status.as_u16(), reply.body.len()), (404, 0), "{path} {headers:?}");
        }
    }
}

/// Pages are not compressed (ADR 10). Ten segments of 1460 bytes are sent before the first acknowledgement (RFC 6928):
/// up to there, compression would not be faster.
#[tokio::test(flavor = "multi_thread")]
async fn every_page_fits_into_the_initial_congestion_window() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    for path in ["/", "/account", "/account/security", "/account/sessions", "/account/data"] {
        let page = reader.get(path).await.body;
        assert!(page.len() < 13_000, "{path}: {}", page.len());
    }
    for path in
        ["/", "/sign-in", "/sign-up", "/forgot-password", "/reset-password", "/verify-email", "/no-such-page"]
    {
        let page = app.browser().get(path).await.body;
        assert!(page.len() < 13_000, "{path}: {}", page.len());
    }
}
