//! Links that were mailed: one of a kind, used once, for a while.

use rstest::rstest;
use storage::Database;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::{NOW, count, link, patiently, signed_up};

const RESET: [&str; 2] = ["reset", "reset"];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_found_as_it_was_stored(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut stored = link("hash-1", "reader-1", "change");
    stored.new_email = Some("new@example.com".into());
    database.add_link(&stored, ["change", "change"]).await.unwrap();
    let found = database.find_link("hash-1").await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.user_id.as_str()), ("hash-1", "reader-1"));
    assert_eq!((found.purpose.as_str(), found.email.as_str()), ("change", "reader1@example.com"));
    assert_eq!(found.new_email.as_deref(), Some("new@example.com"));
    assert_eq!((found.created_at, found.expires_at), (NOW, NOW.plus_seconds(3600)));
    assert_eq!(found.used_at, None);
    for id in ["hash-2", "HASH-1", "%", ""] {
        assert!(database.find_link(id).await.unwrap().is_none(), "{id}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_newer_link_replaces_those_of_its_purposes_and_no_other(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let steps = ["confirm", "finish"];
    database.add_link(&link("other-reader", "reader-2", "confirm"), steps).await.unwrap();
    database.add_link(&link("other-purpose", "reader-1", "reset"), RESET).await.unwrap();
    database.add_link(&link("first", "reader-1", "confirm"), steps).await.unwrap();
    let lives = async |id| database.find_link(id).await.unwrap().is_some();
    database.add_link(&link("second", "reader-1", "finish"), steps).await.unwrap();
    assert!(!lives("first").await, "a step of the same thing");
    database.add_link(&link("third", "reader-1", "finish"), steps).await.unwrap();
    assert!(!lives("second").await && lives("third").await);
    assert!(lives("other-reader").await && lives("other-purpose").await);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_of_twenty_concurrent_requests_one_consumes_the_link(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.add_link(&link("hash-1", "reader-1", "reset"), RESET).await.unwrap();
    let found = database.find_link("hash-1").await.unwrap().unwrap();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (database, found) = (Database::clone(&database), found.clone());
        tasks.spawn(async move { patiently(|| database.take_link(&found, NOW)).await });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|taken| *taken).count(), 1);
    assert_eq!(count(&database, "bookplate_links").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_link_is_consumed_for_its_purpose_before_it_expires_and_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let good = link("hash-1", "reader-1", "reset");
    database.add_link(&good, RESET).await.unwrap();
    assert!(
        !database.take_link(&link("hash-1", "reader-1", "delete"), NOW).await.unwrap(),
        "another purpose"
    );
    assert!(!database.take_link(&link("hash-2", "reader-1", "reset"), NOW).await.unwrap(), "unknown");
    assert!(!database.take_link(&good, good.expires_at).await.unwrap(), "too old");
    assert!(database.take_link(&good, good.expires_at.plus_seconds(-1)).await.unwrap());
    assert!(!database.take_link(&good, NOW).await.unwrap(), "spent");
}
