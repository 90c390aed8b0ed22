//! Leaving.

use contract::{Code, Problem};

use super::{DOORS, Wish};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::READER,
    fields::Fields,
};

#[tokio::test(flavor = "multi_thread")]
async fn security_11_by_either_door_an_account_is_deleted_at_once() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for door in DOORS {
        let email = door.address("reader");
        let mut reader = app.reader(&email).await;
        let before = reader.clone();
        app.letters().await;
        let reply = door.ask(&mut reader, Wish::DeleteAccount, &Fields::new(&[("password", PASSWORD)])).await;
        door.accepted(&reply);
        for name in ["better-auth.session_token", "better-auth.session_data", "better-auth.dont_remember"] {
            assert!(reply.cookie(name).unwrap().expires(), "{door:?} {name}");
        }
        assert!(before.clone().get("/api/auth/get-session").await.json().is_null(), "{door:?}");
        assert_eq!(app.count_letters("account-deleted", &email).await, 1, "{door:?}");
        assert!(app.database.rows_holding(&email).await.is_empty(), "{door:?}");
    }
    assert_eq!((app.accounts().await, app.sessions().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_a_wrong_password_deletes_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let fields = Fields::new(&[("password", "not the password")]);
    for door in DOORS {
        let reply = door.ask(&mut reader, Wish::DeleteAccount, &fields).await;
        let problem = Problem::on(Code::InvalidPassword, "password");
        door.refused(&reply, Wish::DeleteAccount, &fields, &problem);
    }
    assert_eq!(app.accounts().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_either_door_a_link_is_mailed_where_addresses_have_to_be_proved() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")]).await;
    for door in DOORS {
        let email = door.address("reader");
        let mut reader = app.browser();
        reader.json("/api/auth/sign-up/email", READER.with("email", &email).json()).await;
        let token = app.link("verify-email", &email).await.token;
        reader.get(&format!("/api/auth/verify-email?token={token}")).await;
        let reply = door.ask(&mut reader, Wish::DeleteAccount, &Fields::new(&[("password", PASSWORD)])).await;
        door.accepted(&reply);
        assert!(reply.cookies().is_empty(), "{door:?}");
        let link = app.link("delete-account", &email).await;
        let reply = reader.get(link.url.strip_prefix(crate::app::ORIGIN).unwrap()).await;
        assert_eq!(reply.status, 302, "{}", reply.text());
        assert!(reader.session().is_none(), "{door:?}");
        assert!(app.database.rows_holding(&email).await.is_empty(), "{door:?}");
    }
}
