//! Invalid fields.

use serde_json::{Value, json};

use crate::{
    app::{TestApp, a_database},
    client::{Client, READER},
};

const SIGN_UP: &str = "/api/auth/sign-up/email";
const SIGN_IN: &str = "/api/auth/sign-in/email";
const UPDATE_USER: &str = "/api/auth/update-user";

/// Values of every type except string, with their names.
fn mistyped() -> [(Value, &'static str); 6] {
    [
        (json!(5), "number"),
        (json!(-0.5e300), "number"),
        (json!(true), "boolean"),
        (json!(["a"]), "array"),
        (json!({ "$ne": null }), "object"),
        (json!([[[[]]]]), "array"),
    ]
}

async fn with(client: &mut Client, path: &str, member: &str, value: Value) -> crate::reply::Reply {
    let mut body =
        if path == UPDATE_USER { json!({}) } else { READER.with("email", "grace@example.com").json() };
    body[member] = value;
    client.json(path, body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_a_field_of_the_wrong_type_is_named_with_the_expected_type() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    let members: [(&str, &[&str]); 3] = [
        (
            SIGN_UP,
            &["name", "email", "password", "image", "experienceLevel", "professionalRole", "roleOther"],
        ),
        (SIGN_IN, &["email", "password"]),
        (UPDATE_USER, &["name", "image", "experienceLevel", "organization"]),
    ];
    for (path, members) in members {
        for member in members {
            for (value, received) in mistyped() {
                let reply = with(&mut reader, path, member, value).await;
                reply.refused(400, "VALIDATION_ERROR");
                let message = format!("[body.{member}] Invalid input: expected string, received {received}");
                assert_eq!(reply.message(), message, "{path}");
            }
        }
        for (value, received) in [(json!(5), "number"), (json!("yes"), "string"), (json!([]), "array")] {
            if path != UPDATE_USER {
                let reply = with(&mut reader, path, "rememberMe", value).await;
                reply.refused(400, "VALIDATION_ERROR");
                let message =
                    format!("[body.rememberMe] Invalid input: expected boolean, received {received}");
                assert_eq!(reply.message(), message, "{path}");
            }
        }
    }
    for member in ["name", "email", "password"] {
        let reply = with(&mut reader, SIGN_UP, member, Value::Null).await;
        reply.refused(400, "VALIDATION_ERROR");
        assert_eq!(
            reply.message(),
            format!("[body.{member}] Invalid input: expected string, received null"),
            "{member:?}"
        );
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_wrong_fields_are_named_in_the_order_of_the_schema() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reply = app.script().json(SIGN_UP, json!({ "password": "", "email": "x", "rememberMe": 1 })).await;
    reply.refused(400, "VALIDATION_ERROR");
    let message = "[body.name] Invalid input: expected string, received undefined; \
                   [body.email] Invalid email address; \
                   [body.password] Too small: expected string to have >=1 characters; \
                   [body.rememberMe] Invalid input: expected boolean, received number";
    assert_eq!(reply.message(), message);
    let reply = app.script().json(SIGN_IN, json!({})).await;
    let message = "[body.email] Invalid input: expected string, received undefined; \
                   [body.password] Invalid input: expected string, received undefined";
    assert_eq!(reply.message(), message);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_a_body_that_is_not_an_object_is_a_validation_error() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (path, expected) in [(SIGN_UP, "object"), (SIGN_IN, "object"), (UPDATE_USER, "record")] {
        for (body, received) in [
            (json!([]), "array"),
            (json!([{ "email": "ada@example.com" }]), "array"),
            (json!("text"), "string"),
            (json!(5), "number"),
            (json!(true), "boolean"),
            (json!(null), "null"),
        ] {
            let reply = app.script().json(path, body).await;
            reply.refused(400, "VALIDATION_ERROR");
            let message = format!("[body] Invalid input: expected {expected}, received {received}");
            assert_eq!(reply.message(), message, "{path}");
        }
    }
    for path in ["/api/auth/sign-out", "/api/auth/session/refresh"] {
        for body in [json!([]), json!(5), json!(null), json!("text")] {
            let status = app.script().json(path, body).await.status;
            assert!(status == 200 || status == 401, "{path} has no schema: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_nul_and_control_characters_are_refused_or_stored_safely() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    for text in ["\0", "a\0b", "\u{7}", "a\u{1b}[2Jb", "a\u{85}b", "a\u{2029}b", "\u{202e}txt.exe"] {
        for member in ["name", "email", "image", "experienceLevel", "organization", "roleOther"] {
            with(&mut reader, SIGN_UP, member, json!(text)).await.refused(400, "VALIDATION_ERROR");
        }
        for member in ["name", "image", "experienceLevel", "organization"] {
            with(&mut reader, UPDATE_USER, member, json!(text)).await.refused(400, "VALIDATION_ERROR");
        }
        with(&mut reader, SIGN_IN, "email", json!(text)).await.refused(400, "INVALID_EMAIL");
        with(&mut reader, SIGN_IN, "password", json!(text)).await.refused(401, "INVALID_EMAIL_OR_PASSWORD");
    }
    // Text that is only unusual is kept as it is.
    for name in [
        "\u{feff}",
        "é\u{301}\u{301}",
        "𝔘𝔫𝔦",
        "\u{fffd}",
        "نص",
        "'; drop table bookplate_users; --",
        "{{7*7}}",
    ] {
        assert_eq!(reader.json(UPDATE_USER, json!({ "name": name })).await.status, 200, "{name:?}");
        assert_eq!(app.stored("ada@example.com").await["name"], name, "{name:?}");
        assert_eq!(reader.get("/").await.status, 200, "{name:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_05_a_too_long_text_is_refused() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let long = "x".repeat(60_000);
    for member in ["name", "email", "image", "experienceLevel", "organization", "roleOther"] {
        with(&mut reader, SIGN_UP, member, json!(long)).await.refused(400, "VALIDATION_ERROR");
    }
    for path in [SIGN_UP, SIGN_IN] {
        with(&mut reader, path, "password", json!(long)).await.refused(400, "PASSWORD_TOO_LONG");
        with(&mut reader, path, "callbackURL", json!(format!("/{long}")))
            .await
            .refused(403, "INVALID_CALLBACK_URL");
    }
    with(&mut reader, SIGN_IN, "email", json!(format!("{long}@example.com")))
        .await
        .refused(400, "INVALID_EMAIL");
    for email in [format!("{}@example.com", "a".repeat(64)), format!("a@{}example.com", "b.".repeat(120))] {
        let reply = with(&mut reader, SIGN_UP, "email", json!(email)).await;
        assert!(reply.status == 200 || reply.status == 400, "{email}");
    }
    assert_eq!(app.ports.hasher.work().verified, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_duplicate_members_counts_and_unknown_ones_are_ignored() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let twice = READER.json().to_string().replacen('{', "{\"email\":5,\"__proto__\":{\"admin\":true},", 1);
    let reply = app.browser().post(SIGN_UP, "application/json", twice).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let unknown = format!("{}&x=1&x=2&%00=%00&constructor=y&a[b]=c&__path=/evil&__err=x", READER.form());
    for (path, status) in [("/sign-in", [303, 400]), (SIGN_IN, [200, 200])] {
        let reply = app.browser().post(path, crate::client::FORM, unknown.clone()).await;
        assert!(status.contains(&reply.status.as_u16()), "{path} {}", reply.text());
    }
}
