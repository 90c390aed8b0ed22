use domain::{ClientInfo, ClientMetadata, Renewal, SignIn, SignedIn, contract::Timestamp};
use rstest::rstest;
use testkit::{FixedClock, databases::Kind};

use crate::fixtures::book::{Book, DAY, PASSWORD, sign_in};

const START: Timestamp = FixedClock::START;

async fn unremembered(book: &Book) -> SignedIn {
    let command = SignIn { remember: false, ..sign_in("ada", PASSWORD) };
    book.services.accounts.sign_in(command, &ClientInfo::default()).await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_remembered_session_lives_seven_days_unused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    assert_eq!(signed_in.session.expires_at, START.plus_seconds(7 * DAY));
    assert_eq!(book.services.sessions.seconds_left(&signed_in.session), 7 * DAY);
    book.ports.clock.advance_seconds(7 * DAY - 1);
    assert_eq!(book.services.sessions.seconds_left(&signed_in.session), 1);
    assert!(book.lives(&signed_in).await);
    book.ports.clock.advance_seconds(1);
    assert!(!book.lives(&signed_in).await);
    assert_eq!(book.services.sessions.seconds_left(&signed_in.session), 0);
    book.ports.clock.advance_seconds(DAY);
    assert_eq!(book.services.sessions.seconds_left(&signed_in.session), 0, "never negative");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_remembered_lives_one_day_however_it_is_used(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let signed_in = unremembered(&book).await;
    assert_eq!(signed_in.session.expires_at, START.plus_seconds(DAY));
    for _ in 0..23 {
        book.ports.clock.advance_seconds(3600);
        let resolved = book.resolve(&signed_in, Renewal::WhenDue).await.unwrap();
        assert!(!resolved.renewed);
        assert_eq!(resolved.signed_in.session.expires_at, START.plus_seconds(DAY));
    }
    book.ports.clock.advance_seconds(3600);
    assert!(book.resolve(&signed_in, Renewal::WhenDue).await.is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_only_when_it_is_used_after_a_day(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(DAY - 1);
    let early = book.resolve(&signed_in, Renewal::WhenDue).await.unwrap();
    assert!(!early.renewed);
    assert_eq!(early.signed_in.session.expires_at, START.plus_seconds(7 * DAY));

    book.ports.clock.advance_seconds(1);
    let due = book.resolve(&signed_in, Renewal::WhenDue).await.unwrap();
    assert!(due.renewed);
    assert_eq!(due.signed_in.session.expires_at, START.plus_seconds(8 * DAY));
    let again = book.resolve(&signed_in, Renewal::WhenDue).await.unwrap();
    assert!(!again.renewed);
    assert_eq!(again.signed_in.session.renewed_at, START.plus_seconds(DAY));
    assert_eq!(again.signed_in.session.expires_at, START.plus_seconds(8 * DAY));
    assert_eq!(again.signed_in.session.created_at, START);
    book.ports.clock.advance_seconds(7 * DAY - 1);
    assert!(book.lives(&signed_in).await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn resolving_without_renewal_never_extends_a_session(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(6 * DAY);
    let resolved = book.resolve(&signed_in, Renewal::Never).await.unwrap();
    assert!(!resolved.renewed);
    assert_eq!(resolved.signed_in.session.expires_at, START.plus_seconds(7 * DAY));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn requested_renewal_happens_at_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let short = unremembered(&book).await;
    book.ports.clock.advance_seconds(60);
    for (signed_in, lifetime) in [(signed_in, 7 * DAY), (short, DAY)] {
        assert!(book.resolve(&signed_in, Renewal::Now).await.unwrap().renewed, "{signed_in:?} {lifetime:?}");
        let stored = book.resolve(&signed_in, Renewal::Never).await.unwrap().signed_in.session;
        assert_eq!(stored.expires_at, START.plus_seconds(60 + lifetime), "{signed_in:?} {lifetime:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_after_ninety_days_however_often_it_is_used(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    for day in 1..90 {
        book.ports.clock.advance_seconds(DAY);
        let session = book.resolve(&signed_in, Renewal::WhenDue).await.unwrap().signed_in.session;
        assert_eq!(session.expires_at, START.plus_seconds((day + 7).min(90) * DAY), "day {day}");
    }
    book.ports.clock.advance_seconds(DAY - 1);
    assert!(book.resolve(&signed_in, Renewal::Now).await.is_some());
    book.ports.clock.advance_seconds(1);
    assert!(book.resolve(&signed_in, Renewal::Now).await.is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn expired_session_is_deleted_on_use(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(7 * DAY);
    assert!(book.resolve(&signed_in, Renewal::WhenDue).await.is_none());
    assert_eq!(book.count("bookplate_sessions").await, 0);
    assert_eq!(book.count("bookplate_session_records").await, 0);
    book.ports.clock.advance_seconds(-7 * DAY);
    assert!(!book.lives(&signed_in).await, "nothing brings it back");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_renewals_all_succeed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = std::sync::Arc::new(Book::open(database).await);
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(2 * DAY);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (book, signed_in) = (book.clone(), signed_in.clone());
        tasks.spawn(async move { book.resolve(&signed_in, Renewal::WhenDue).await.is_some() });
    }
    assert!(tasks.join_all().await.into_iter().all(|lives| lives));
    let session = book.resolve(&signed_in, Renewal::Never).await.unwrap().signed_in.session;
    assert_eq!(session.expires_at, START.plus_seconds(9 * DAY));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_goes_back_neither_ends_nor_renews_a_session(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(-2 * DAY);
    let resolved = book.resolve(&signed_in, Renewal::WhenDue).await.unwrap();
    assert!(!resolved.renewed);
    assert_eq!(resolved.signed_in.session.expires_at, START.plus_seconds(7 * DAY));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_session_that_was_ended_is_gone_at_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ended, other) = (book.reader("ada").await, book.reader("grace").await);
    book.signs_out(&ended).await;
    for renewal in [Renewal::Never, Renewal::WhenDue, Renewal::Now] {
        assert!(book.resolve(&ended, renewal).await.is_none(), "{renewal:?}");
    }
    book.signs_out(&ended).await;
    assert!(book.lives(&other).await);
    assert_eq!(book.count("bookplate_session_records").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn client_metadata_is_truncated(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    let device = ClientMetadata {
        ip_address: "192.0.2.1\r\nX: y".into(),
        user_agent: format!("Browser\0/1.0 (é{}", "🙂".repeat(1000)),
    };
    let visit = ClientInfo { device, ..ClientInfo::default() };
    let signed_in = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &visit).await.unwrap();
    let stored = book.resolve(&signed_in, Renewal::Never).await.unwrap().signed_in.session;
    assert_eq!(stored.ip_address, "192.0.2.1X: y");
    assert!(stored.user_agent.starts_with("Browser/1.0 (é🙂"));
    assert_eq!(stored.user_agent.chars().count(), 512);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_wire_shows_a_session_by_its_handle(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.ports.clock.advance_seconds(DAY);
    let session = book.resolve(&signed_in, Renewal::WhenDue).await.unwrap().signed_in.session;
    let body = serde_json::to_value(book.services.sessions.body(&session)).unwrap();
    let expected = serde_json::json!({
        "id": session.id, "token": session.id.replace('-', ""), "userId": signed_in.user.id,
        "expiresAt": "2026-11-29T00:00:00.000Z", "createdAt": "2026-11-21T00:00:00.000Z",
        "updatedAt": "2026-11-22T00:00:00.000Z", "ipAddress": "", "userAgent": "",
    });
    assert_eq!(body, expected);
}
