//! Concurrent requests.

use rstest::rstest;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::{
    app::TestApp,
    client::{Client, READER},
    fields::Fields,
    reply::Reply,
};

async fn sign_up(mut client: Client, by_form: bool, fields: Fields) -> (Client, Reply) {
    let reply = match by_form {
        true => client.form("/sign-up", fields).await,
        false => client.json("/api/auth/sign-up/email", fields.json()).await,
    };
    (client, reply)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_03_of_twenty_concurrent_sign_ups_with_one_address_exactly_one_succeeds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let mut under_way = JoinSet::new();
    for at in 0..20 {
        let address = if at % 3 == 0 { "ADA@example.com" } else { "ada@example.com" };
        under_way.spawn(sign_up(app.browser(), at % 2 == 0, READER.with("email", address)));
    }
    let mut opened = 0;
    for (mut client, reply) in under_way.join_all().await {
        let session = client.get("/api/auth/get-session").await.json();
        match reply.status.as_u16() {
            200 | 303 => {
                opened += 1;
                assert_eq!(session["user"]["email"], "ada@example.com");
            }
            422 => assert!(session.is_null()),
            other => panic!("{other}: {}", reply.text()),
        }
    }
    assert_eq!((opened, app.accounts().await, app.sessions().await), (1, 1, 1));
    assert_eq!(app.database.number("select count(*) from bookplate_accounts").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_signing_out_ends_the_session_for_concurrent_requests(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    // Due to be renewed, so that reading writes.
    app.ports.clock.advance_seconds(24 * 3600);
    let mut under_way = JoinSet::new();
    for at in 0..20 {
        let mut client = reader.clone();
        under_way.spawn(async move {
            match at % 4 {
                0 => client.form("/sign-out", Fields::new(&[])).await,
                1 => client.get("/account").await,
                2 => client.form("/account", READER).await,
                _ => client.get("/api/auth/get-session").await,
            }
        });
    }
    for reply in under_way.join_all().await {
        assert!(reply.status.as_u16() < 500, "{}", reply.text());
    }
    assert!(reader.clone().get("/api/auth/get-session").await.json().is_null());
    assert_eq!(app.sessions().await, 0);
    assert_eq!(app.database.rows_of("bookplate_session_records").await, Vec::<String>::new());
}
