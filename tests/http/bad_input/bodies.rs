//! Unreadable bodies.

use http::Method;

use super::{ENDPOINTS, FORMS};
use crate::{
    app::{TestApp, a_database},
    client::{FORM, READER},
};

const JSON: &str = "application/json";

#[tokio::test(flavor = "multi_thread")]
async fn security_09_a_too_large_body_is_refused_as_form_and_as_json() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    let two_megabytes = "x".repeat(2 * 1024 * 1024);
    for (path, reads_forms) in ENDPOINTS {
        let body = format!("{{\"name\":\"{two_megabytes}\"}}");
        let reply = reader.clone().post(path, JSON, body).await;
        reply.refused(413, "PAYLOAD_TOO_LARGE");
        assert_eq!(reply.message(), "Request body is too large", "{path:?} {reads_forms:?}");
        if reads_forms {
            let reply = app.script().post(path, FORM, format!("name={two_megabytes}")).await;
            reply.refused(413, "PAYLOAD_TOO_LARGE");
        }
    }
    for path in FORMS {
        let visitor =
            if path.starts_with("/sign-i") || path == "/sign-up" { app.browser() } else { reader.clone() };
        let reply = visitor.clone().post(path, FORM, format!("name={two_megabytes}")).await;
        assert_eq!(reply.status, 413, "{path}");
        if ["/reset-password", "/verify-email"].contains(&path) {
            // Without the link that leads there these pages have no form to come back.
            continue;
        }
        let page = reply.page();
        assert!(page.title().starts_with("Error: "), "{path}: {}", page.title());
        assert_eq!(
            page.problem_title(),
            Some("That is too much text. Shorten it and send it again."),
            "{path}"
        );
        assert!(reply.body.len() < 20_000, "what was too much is not sent back");
        let mut script = visitor.sending("accept", JSON);
        script.post(path, FORM, format!("name={two_megabytes}")).await.refused(413, "PAYLOAD_TOO_LARGE");
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_09_a_body_nested_too_deep_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (path, _) in ENDPOINTS {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let deep = format!("{}1{}", open.repeat(5_000), close.repeat(5_000));
            app.script().post(path, JSON, deep).await.refused(400, "BAD_REQUEST");
            let endless = open.repeat(10_000);
            app.script().post(path, JSON, endless).await.refused(400, "BAD_REQUEST");
        }
    }
    let deep = format!("a{}=1", "[b]".repeat(5_000));
    for path in FORMS {
        let status = app.browser().post(path, FORM, deep.clone()).await.status;
        assert!(status.is_client_error() || status == 303, "{path} {status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_09_a_compressed_body_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    // Two kilobytes that would unpack to two megabytes, were they looked at.
    let bomb = vec![0x1f_u8; 2048];
    for encoding in ["gzip", "br", "deflate", "zstd", "gzip, gzip", "x-unknown"] {
        for (path, _) in ENDPOINTS {
            let mut script = app.script().sending("content-encoding", encoding);
            script.post(path, JSON, bomb.clone()).await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
        }
        for path in ["/sign-in", "/sign-up"] {
            let mut browser = app.browser().sending("content-encoding", encoding);
            let reply = browser.post(path, FORM, bomb.clone()).await;
            assert_eq!(reply.status, 415, "{path} {encoding}");
            assert!(reply.page().title().starts_with("Error: "), "{path:?}");
        }
    }
    let mut script = app.script().sending("content-encoding", "identity");
    assert_eq!(script.json("/api/auth/sign-up/email", READER.json()).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_a_body_that_is_not_utf8_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let invalid: [&[u8]; 6] = [
        b"{\"name\":\"\xff\xfe\",\"email\":\"a@example.com\"}",
        b"{\"name\":\"\\ud800\",\"email\":\"a@example.com\"}",
        b"{\"name\":\"\\udc00\\ud800\"}",
        b"{\"name\":\"\xed\xa0\x80\"}",
        b"\xff\xfe{\x00}\x00",
        b"{\"name\":\"a\x00b\"}",
    ];
    for (path, _) in ENDPOINTS {
        for body in invalid {
            app.script().post(path, JSON, body).await.refused(400, "BAD_REQUEST");
        }
    }
    for body in
        [&b"email=\xff\xfe&password=x"[..], b"email=%ff%fe&password=x", b"email=%ed%a0%80", b"%c0%80=1"]
    {
        for (path, reads_forms) in ENDPOINTS {
            if reads_forms {
                app.script().post(path, FORM, body).await.refused(400, "BAD_REQUEST");
            }
        }
        for path in ["/sign-in", "/sign-up"] {
            let reply = app.browser().post(path, FORM, body).await;
            assert_eq!(reply.status, 400, "{path}");
            let said = "The form did not arrive in one piece. Load the page again and send it once more.";
            assert_eq!(reply.page().problem_title(), Some(said), "{path:?}");
        }
    }
    assert_eq!(app.accounts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_09_a_form_of_another_type_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for content_type in ["application/json", "multipart/form-data; boundary=x", "text/plain", "", "\u{e9}"] {
        for path in ["/sign-in", "/sign-up"] {
            let body = if content_type == JSON { READER.json().to_string() } else { READER.form() };
            let mut browser = app.browser().sending("accept", "text/html");
            let reply = browser.post(path, content_type, body).await;
            assert_eq!(reply.status, 415, "{path} {content_type}");
            assert!(reply.page().problem().is_some(), "{path:?}");
        }
    }
    let mut browser = app.browser();
    let reply = browser.send(browser.request(Method::POST, "/sign-in"), READER.form()).await;
    assert_eq!(reply.status, 415);
    assert_eq!(app.accounts().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_form_is_rendered_again() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let bodies = [
        "",
        "&",
        "=",
        "&&==&",
        "email",
        "email=",
        "email[]=a",
        "email[a]=b",
        "email=a&email=b",
        "email=a&email[b]=c",
        "form=x",
        "[=",
        "]",
        "email[",
        "a[0]=1&a[1]=2",
        "%",
        "%zz=%zz",
        "email=%",
        "+",
        "password=x&password=y",
    ];
    for path in ["/sign-in", "/sign-up"] {
        for body in bodies {
            let reply = app.browser().post(path, FORM, body).await;
            assert_eq!(reply.status, 400, "{path} {body:?}");
            let page = reply.page();
            assert!(page.title().starts_with("Error: ") && page.problem().is_some(), "{path} {body:?}");
        }
    }
}
