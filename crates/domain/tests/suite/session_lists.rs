//! The list of a user's sessions, and revoking them from another browser.

use domain::{ClientInfo, ClientMetadata, Renewal, SignedIn};
use rstest::rstest;
use testkit::{FixedClock, databases::Kind};

use crate::fixtures::book::{Book, DAY, with_bearer};

async fn listed(book: &Book, signed_in: &SignedIn) -> Vec<String> {
    let sessions = book.services.sessions.list(&signed_in.user.id).await.unwrap();
    sessions.into_iter().map(|session| session.id).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_by_last_use(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let first = book.reader("ada").await;
    let stranger = book.reader("grace").await;
    book.ports.clock.advance_seconds(DAY);
    let device = ClientMetadata { ip_address: "192.0.2.7".into(), user_agent: "Browser/1.0".into() };
    let second = book.enters("ada", &ClientInfo { device, ..ClientInfo::default() }).await;
    assert_eq!(listed(&book, &first).await, [second.session.id.clone(), first.session.id.clone()]);
    book.ports.clock.advance_seconds(DAY);
    assert!(book.lives(&first).await);
    assert_eq!(listed(&book, &first).await, [first.session.id.clone(), second.session.id.clone()]);
    let sessions = book.services.sessions.list(&first.user.id).await.unwrap();
    assert_eq!(
        (sessions[1].ip_address.as_str(), sessions[1].user_agent.as_str()),
        ("192.0.2.7", "Browser/1.0")
    );
    book.ports.clock.advance_seconds(5 * DAY);
    assert_eq!(listed(&book, &first).await, [second.session.id], "those that have ended are not");
    assert!(listed(&book, &stranger).await.is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn last_use_is_recorded_to_within_five_minutes(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let seen = async || book.services.sessions.list(&signed_in.user.id).await.unwrap()[0].last_seen_at;
    book.ports.clock.advance_seconds(299);
    book.resolve(&signed_in, Renewal::Never).await.unwrap();
    assert_eq!(seen().await, FixedClock::START, "no write for each request");
    book.ports.clock.advance_seconds(1);
    book.resolve(&signed_in, Renewal::Never).await.unwrap();
    assert_eq!(seen().await, FixedClock::START.plus_seconds(300));
    book.ports.clock.advance_seconds(10);
    book.resolve(&signed_in, Renewal::Now).await.unwrap();
    assert_eq!(seen().await, FixedClock::START.plus_seconds(310), "a renewal writes anyway");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_14_a_listed_token_opens_nothing_unless_bearer_sessions_are_on(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let on = book.restarted(with_bearer()).await.sessions;
    let session = &book.services.sessions.list(&signed_in.user.id).await.unwrap()[0];
    let token = book.services.sessions.body(session).token;
    for sessions in [&book.services.sessions, &on] {
        assert!(sessions.read_cookie(&token).is_none() && sessions.read_bearer(&token).is_none());
    }
    let usable = on.body(session).token;
    assert!(on.read_bearer(&usable).is_some(), "as the option promises");
    assert!(book.services.sessions.read_bearer(&usable).is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_session_is_ended_by_the_token_or_the_id_in_the_list(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_bearer()).await;
    let own = book.reader("ada").await;
    let sessions = &book.services.sessions;
    for form in 0..3 {
        let other = book.enters("ada", &ClientInfo::default()).await;
        let token = match form {
            0 => other.session.id.clone(),
            1 => other.session.id.replace('-', ""),
            _ => sessions.token(&other.session.id),
        };
        assert!(sessions.names(&token, &other.session) && !sessions.names(&token, &own.session), "{form:?}");
        sessions.revoke(&own, &token, &ClientMetadata::default()).await.unwrap();
        assert!(!book.lives(&other).await && book.lives(&own).await, "{token}");
    }
    let ended = book.happened(&own.user.id).await;
    assert_eq!(ended.iter().filter(|(kind, _)| kind == "session-end").count(), 3);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_nobody_ends_the_session_of_another_reader(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await, book.reader("grace").await);
    let before = book.database.rows().await;
    for token in [grace.session.id.as_str(), "", "unknown", "00000000000000000000000000000000", "ü"] {
        book.services.sessions.revoke(&ada, token, &ClientMetadata::default()).await.unwrap();
    }
    assert_eq!(book.database.rows().await, before, "and it is not told whether it was there");
    assert!(book.lives(&grace).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn all_or_all_other_sessions_can_be_revoked(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (own, grace) = (book.reader("ada").await, book.reader("grace").await);
    for _ in 0..3 {
        book.enters("ada", &ClientInfo::default()).await;
    }
    let sessions = &book.services.sessions;
    sessions.revoke_all(&own.user.id, Some(&own.session), &ClientMetadata::default()).await.unwrap();
    assert_eq!(listed(&book, &own).await, std::slice::from_ref(&own.session.id));
    sessions.revoke_all(&own.user.id, None, &ClientMetadata::default()).await.unwrap();
    assert!(listed(&book, &own).await.is_empty());
    assert!(book.lives(&grace).await);
    assert_eq!(book.count("bookplate_session_records").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_fresh_for_a_day_however_often_it_is_renewed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(DAY - 1);
    assert!(book.services.sessions.is_fresh(&signed_in.session));
    book.ports.clock.advance_seconds(1);
    let renewed = book.resolve(&signed_in, Renewal::Now).await.unwrap().signed_in.session;
    assert!(!book.services.sessions.is_fresh(&renewed));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn signing_out_is_recorded_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    for _ in 0..3 {
        book.signs_out(&signed_in).await;
    }
    assert!(!book.lives(&signed_in).await);
    let events = book.happened(&signed_in.user.id).await;
    assert_eq!(events.iter().filter(|(kind, _)| kind == "sign-out").count(), 1);
}
