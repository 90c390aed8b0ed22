//! Clients that are registered while the server runs.

use domain::{Client, ClientKind, ClientSource, Clients, OriginTrust, RegistrationError, Settings};
use rstest::rstest;
use testkit::databases::Kind;

use crate::fixtures::book::{Book, settings};

fn client(id: &str, first_party: bool) -> Client {
    Client {
        id: id.into(),
        name: "The \"book\" – ü".into(),
        redirect_uris: vec![format!("https://{id}.example.org/callback")],
        origins: vec![format!("https://{id}.example.org")],
        post_logout_redirect_uris: vec![format!("https://{id}.example.org/")],
        audiences: vec!["search".into()],
        first_party,
        secrets: Vec::new(),
    }
}

/// A session of Ada's with a grant, a code and a consent of a client.
async fn grant(book: &Book, client_id: &str, session_id: &str, user_id: &str) {
    book.database
        .arrange(&format!(
            "insert into bookplate_grants (id, session_id, client_id, scope, generation, rotated_at, created_at)
                values ('g-{client_id}', '{session_id}', '{client_id}', 'openid', 1, 1, 1);
             insert into bookplate_authorization_codes
                (id, session_id, client_id, redirect_uri, code_challenge, scope, created_at, expires_at)
                values ('c-{client_id}', '{session_id}', '{client_id}', 'x', 'x', 'openid', 1, 2);
             insert into bookplate_consents (user_id, client_id, scope, granted_at)
                values ('{user_id}', '{client_id}', 'openid', 1)"
        ))
        .await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_registered_client_is_known_as_it_was_given(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let book = Book::open(kind.migrated().await).await;
    let clients = &book.services.clients;
    assert!(clients.register(&client("docs", true), false).await.unwrap().is_none());
    let secret = clients.register(&client("chat", false), true).await.unwrap().unwrap();
    assert_eq!(secret.len(), 43, "32 bytes, base64url");

    let restarted = book.restarted(settings()).await;
    for clients in [clients, &restarted.clients] {
        assert_eq!(*clients.find("docs").unwrap(), client("docs", true));
        let chat = clients.find("chat").unwrap();
        assert_eq!(chat.kind(), ClientKind::Confidential);
        assert!(chat.accepts_secret(&secret) && !chat.accepts_secret(""));
        assert_eq!(clients.origin_trust("https://docs.example.org"), Some(OriginTrust::FirstParty));
        assert_eq!(clients.origin_trust("https://chat.example.org"), Some(OriginTrust::Consent));
        assert_eq!(clients.origin_trust("https://other.example.org"), None);
        let known = clients.known();
        assert_eq!(known.len(), 2);
        assert!(known.iter().all(|it| matches!(it.source, ClientSource::Command { .. })));
    }
    assert!(book.database.rows_holding(secret.as_str()).await.is_empty(), "the secret itself is not stored");
    assert!(matches!(clients.register(&client("docs", true), false).await, Err(RegistrationError::Taken)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_changed_in_two_steps(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let book = Book::open(kind.migrated().await).await;
    let clients = &book.services.clients;
    let first = clients.register(&client("chat", false), true).await.unwrap().unwrap();
    let second = clients.rotate_secret("chat").await.unwrap();
    let accepted = |secret: &str| clients.find("chat").unwrap().accepts_secret(secret);
    assert!(first != second && accepted(&first) && accepted(&second));
    let third = clients.rotate_secret("chat").await.unwrap();
    assert!(!accepted(&first) && accepted(&second) && accepted(&third));
    clients.forget_previous_secret("chat").await.unwrap();
    assert!(!accepted(&second) && accepted(&third));
    let again = clients.forget_previous_secret("chat").await;
    assert!(matches!(again, Err(RegistrationError::NoPreviousSecret)), "{again:?}");

    clients.register(&client("docs", true), false).await.unwrap();
    let public = clients.rotate_secret("docs").await;
    assert!(matches!(public, Err(RegistrationError::Public)), "{public:?}");
    assert_eq!(clients.find("docs").unwrap().kind(), ClientKind::Browser);
    let unknown = clients.rotate_secret("nobody").await;
    assert!(matches!(unknown, Err(RegistrationError::Unknown)), "{unknown:?}");
    let kinds = "select count(*) from bookplate_events where user_id is null and kind = ";
    assert_eq!(book.database.number(&format!("{kinds}'client-registration'")).await, 2);
    assert_eq!(book.database.number(&format!("{kinds}'client-secret-change'")).await, 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_removed_client_keeps_nothing_it_was_granted(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let book = Book::open(kind.migrated().await).await;
    let clients = &book.services.clients;
    let ada = book.reader("ada").await;
    for id in ["docs", "chat"] {
        clients.register(&client(id, false), false).await.unwrap();
        grant(&book, id, &ada.session.id, &ada.user.id).await;
    }
    clients.remove("docs").await.unwrap();
    assert!(clients.find("docs").is_none() && clients.find("chat").is_some());
    for table in
        ["bookplate_clients", "bookplate_grants", "bookplate_authorization_codes", "bookplate_consents"]
    {
        let rows = book.database.rows_of(table).await;
        assert!(rows.len() == 1 && rows[0].contains("chat"), "{table}: {rows:?}");
    }
    assert!(book.lives(&ada).await, "the reader's session goes on");
    let again = clients.remove("docs").await;
    assert!(matches!(again, Err(RegistrationError::Unknown)), "{again:?}");
    let removals = "select count(*) from bookplate_events where kind = 'client-removal'";
    assert_eq!(book.database.number(removals).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_learns_of_a_client_at_once_and_of_its_removal_in_time() {
    let book = Book::open(Kind::Sqlite.migrated().await).await;
    let command = &book.services.clients;
    let server = book.restarted(settings()).await.clients;
    assert!(server.find_or_reload("first").await.is_none(), "the server has looked for it just now");
    command.register(&client("first", true), false).await.unwrap();
    assert!(server.find_or_reload("first").await.is_none(), "and does not look again within a second");
    book.ports.clock.advance_seconds(1);
    assert!(server.find_or_reload("first").await.is_some());

    command.register(&client("second", false), false).await.unwrap();
    server.refresh_origin("https://first.example.org").await;
    assert_eq!(server.origin_trust("https://second.example.org"), None);
    book.ports.clock.advance_seconds(1);
    server.refresh_origin("https://second.example.org").await;
    assert_eq!(server.origin_trust("https://second.example.org"), Some(OriginTrust::Consent));

    command.remove("first").await.unwrap();
    assert!(server.find_or_reload("first").await.is_some(), "what is known is used for a while");
    book.ports.clock.advance_seconds(76);
    assert!(server.find_or_reload("first").await.is_none());
    command.remove("second").await.unwrap();
    server.reload().await.unwrap();
    assert!(server.find("second").is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_client_counts_and_the_other_of_its_id_is_named() {
    let book = Book::open(Kind::Sqlite.migrated().await).await;
    book.services.clients.register(&client("docs", false), true).await.unwrap();
    let declared = Settings { clients: vec![client("docs", true)], ..settings() };
    let declared_clients = declared.clients.clone();
    let twice = async || Clients::registered_twice(&book.database, &declared_clients).await.unwrap();
    let clients = book.restarted(declared).await.clients;
    assert_eq!(twice().await, ["docs"]);
    assert_eq!(*clients.find("docs").unwrap(), client("docs", true));
    assert_eq!(clients.known().len(), 1);
    clients.remove("docs").await.unwrap();
    assert!(twice().await.is_empty());
    for outcome in [clients.remove("docs").await, clients.rotate_secret("docs").await.map(drop)] {
        assert!(matches!(outcome, Err(RegistrationError::Declared)), "{outcome:?}");
    }
    let again = clients.register(&client("docs", true), false).await;
    assert!(matches!(again, Err(RegistrationError::Declared)), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_cannot_be_read_is_no_client_and_stops_nothing() {
    let book = Book::open(Kind::Sqlite.migrated().await).await;
    let clients = &book.services.clients;
    clients.register(&client("good", true), true).await.unwrap();
    clients.register(&client("later", true), false).await.unwrap();
    clients.register(&client("broken", true), false).await.unwrap();
    clients.register(&client("damaged", true), true).await.unwrap();
    book.database
        .arrange(
            "update bookplate_clients set declaration = '{}' where id = 'broken';
             update bookplate_clients set secret_hash = 'x' where id = 'damaged';
             update bookplate_clients set declaration = replace(declaration, '{', '{\"look\":{},') where id = 'later'",
        )
        .await;
    clients.reload().await.unwrap();
    let ids: Vec<String> = clients.known().iter().map(|it| it.client.id.clone()).collect();
    assert_eq!(ids, ["good", "later"], "a damaged secret does not make a public client");
    clients.remove("broken").await.unwrap();
}
