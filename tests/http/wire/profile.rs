//! `POST /update-user` (section 6.5).

use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use super::{GET_SESSION, SESSION_COOKIE, UPDATE_USER};
use crate::app::{TestApp, a_database};

#[tokio::test(flavor = "multi_thread")]
async fn only_the_given_fields_change() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let mut expected = reader.get(GET_SESSION).await.json()["user"].clone();
    let steps = [
        (json!({ "name": "Countess" }), ("name", json!("Countess"))),
        (json!({ "name": "" }), ("name", json!(""))),
        (json!({ "image": "https://example.com/a.png" }), ("image", json!("https://example.com/a.png"))),
        (json!({ "experienceLevel": "advanced", "unknown": 1 }), ("experienceLevel", json!("advanced"))),
        (
            json!({ "organization": "Navy", "emailVerified": true, "id": "x" }),
            ("organization", json!("Navy")),
        ),
        (json!({ "roleOther": "Admiral" }), ("roleOther", json!("Admiral"))),
    ];
    for (minutes, (body, (member, value))) in (1..).zip(steps) {
        app.ports.clock.advance_seconds(60);
        let reply = reader.json(UPDATE_USER, body.clone()).await;
        assert_eq!(reply.json(), json!({ "status": true }), "{body}");
        assert_eq!(
            reply.cookie(SESSION_COOKIE).unwrap().max_age(),
            Some(604_800 - 60 * minutes),
            "{minutes:?} {member:?} {value:?}"
        );
        expected[member] = value;
        expected["updatedAt"] = json!(format!("2026-11-21T00:0{minutes}:00.000Z"));
        assert_eq!(reader.get(GET_SESSION).await.json()["user"], expected, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_update_is_refused_without_a_code() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    for body in [
        json!({}),
        json!({ "unknown": 1 }),
        json!({ "emailVerified": true }),
        json!({ "email": "" }),
        json!({ "email": null, "password": "quiet paper, pen" }),
    ] {
        let reply = reader.json(UPDATE_USER, body.clone()).await;
        reply.refused(400, "");
        assert_eq!(reply.message(), "No fields to update", "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn update_user_does_not_change_the_address() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let before = app.database.rows().await;
    for email in [json!("grace@example.com"), json!("x"), json!(5), json!({}), json!(true)] {
        let reply = reader.json(UPDATE_USER, json!({ "email": email, "name": "Grace" })).await;
        reply.refused(400, "EMAIL_CAN_NOT_BE_UPDATED");
        assert_eq!(reply.message(), "Email can not be updated", "{email:?}");
    }
    assert_eq!(app.database.rows().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn null_clears_optional_fields_only() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let full =
        json!({ "image": "https://example.com/a.png", "organization": "Navy", "roleOther": "Admiral" });
    reader.json(UPDATE_USER, full).await;
    let reply =
        reader.json(UPDATE_USER, json!({ "image": null, "organization": null, "roleOther": null })).await;
    assert_eq!(reply.status, 200);
    let user = reader.get(GET_SESSION).await.json()["user"].clone();
    assert!(["image", "organization", "roleOther"].iter().all(|name| user[*name].is_null()), "{user}");
    for name in ["name", "experienceLevel", "professionalRole"] {
        let mut body = json!({});
        body[name] = Value::Null;
        let reply = reader.json(UPDATE_USER, body).await;
        reply.refused(400, "VALIDATION_ERROR");
        assert_eq!(
            reply.message(),
            format!("[body.{name}] Invalid input: expected string, received null"),
            "{name:?}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn two_concurrent_updates_both_take_effect(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let (mut one, mut other) = (reader.clone(), reader.clone());
    let (first, second) = tokio::join!(
        one.json(UPDATE_USER, json!({ "name": "Countess" })),
        other.json(UPDATE_USER, json!({ "organization": "Navy" })),
    );
    assert_eq!([first.status.as_u16(), second.status.as_u16()], [200, 200]);
    let user = app.stored("ada@example.com").await;
    assert_eq!((&user["name"], &user["organization"]), (&json!("Countess"), &json!("Navy")));
}
