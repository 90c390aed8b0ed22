//! Account deletion.

use contract::{Code, Problem};

use super::{ENTRY_POINTS, Operation};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::READER,
    fields::Fields,
};

#[tokio::test(flavor = "multi_thread")]
async fn security_11_by_form_and_json_an_account_is_deleted_at_once() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for entry in ENTRY_POINTS {
        let email = entry.address("reader");
        let mut reader = app.reader(&email).await;
        let before = reader.clone();
        app.mails().await;
        let reply =
            entry.ask(&mut reader, Operation::DeleteAccount, &Fields::new(&[("password", PASSWORD)])).await;
        entry.accepted(&reply);
        for name in ["better-auth.session_token", "better-auth.session_data", "better-auth.dont_remember"] {
            assert!(reply.cookie(name).unwrap().expires(), "{entry:?} {name}");
        }
        assert!(before.clone().get("/api/auth/get-session").await.json().is_null(), "{entry:?}");
        assert_eq!(app.count_mails("account-deleted", &email).await, 1, "{entry:?}");
        assert!(app.database.rows_holding(&email).await.is_empty(), "{entry:?}");
    }
    assert_eq!((app.accounts().await, app.sessions().await), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_a_wrong_password_deletes_nothing() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut reader = app.reader("ada@example.com").await;
    let fields = Fields::new(&[("password", "not the password")]);
    for entry in ENTRY_POINTS {
        let reply = entry.ask(&mut reader, Operation::DeleteAccount, &fields).await;
        let problem = Problem::on(Code::InvalidPassword, "password");
        entry.refused(&reply, Operation::DeleteAccount, &fields, &problem);
    }
    assert_eq!(app.accounts().await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_deletion_is_confirmed_by_mail_where_verification_is_required() {
    let database = a_database().await;
    let app = TestApp::with(database, &[("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")]).await;
    for entry in ENTRY_POINTS {
        let email = entry.address("reader");
        let mut reader = app.browser();
        reader.json("/api/auth/sign-up/email", READER.with("email", &email).json()).await;
        let token = app.link("verify-email", &email).await.token;
        reader.get(&format!("/api/auth/verify-email?token={token}")).await;
        let reply =
            entry.ask(&mut reader, Operation::DeleteAccount, &Fields::new(&[("password", PASSWORD)])).await;
        entry.accepted(&reply);
        assert!(reply.cookies().is_empty(), "{entry:?}");
        let link = app.link("delete-account", &email).await;
        let reply = reader.get(link.url.strip_prefix(crate::app::ORIGIN).unwrap()).await;
        assert_eq!(reply.status, 302, "{}", reply.text());
        assert!(reader.session().is_none(), "{entry:?}");
        assert!(app.database.rows_holding(&email).await.is_empty(), "{entry:?}");
    }
}
