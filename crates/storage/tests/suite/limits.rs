//! Counts of what was tried.

use contract::Timestamp;
use rstest::rstest;
use storage::Database;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::{NOW, count, patiently};

const WINDOW: i64 = 10_000;

/// Three tries within ten seconds; when the next one may be, if this one may not.
async fn take(database: &Database, id: &str, at: Timestamp) -> Option<Timestamp> {
    database.record_attempt(id, at, WINDOW, 3).await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_window_begins_anew_with_each_allowed_attempt(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for seconds in [0, 4, 8] {
        assert_eq!(take(&database, "id", NOW.plus_seconds(seconds)).await, None, "{seconds}");
    }
    let end = NOW.plus_seconds(18);
    assert_eq!(take(&database, "id", NOW.plus_seconds(9)).await, Some(end), "ten seconds after the last");
    let just_before = Timestamp::from_millis(end.millis() - 1);
    assert_eq!(take(&database, "id", just_before).await, Some(end));
    for seconds in [18, 18, 27] {
        assert_eq!(take(&database, "id", NOW.plus_seconds(seconds)).await, None, "counted from one again");
    }
    assert_eq!(take(&database, "id", NOW.plus_seconds(28)).await, Some(NOW.plus_seconds(37)));
    assert_eq!(count(&database, "bookplate_limits").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_26_refused_attempts_do_not_extend_the_wait(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    for _ in 0..3 {
        assert_eq!(take(&database, "id", NOW).await, None);
    }
    for second in 0..10 {
        let refused = take(&database, "id", NOW.plus_seconds(second)).await;
        assert_eq!(refused, Some(NOW.plus_seconds(10)), "second {second}");
    }
    assert_eq!(take(&database, "id", NOW.plus_seconds(10)).await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_25_of_two_hundred_concurrent_attempts_exactly_the_limit_is_allowed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut tasks = JoinSet::new();
    for _ in 0..200 {
        let database = Database::clone(&database);
        tasks.spawn(async move { patiently(|| database.record_attempt("id", NOW, WINDOW, 7)).await });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_none()).count(), 7);
    let refused = outcomes.iter().flatten();
    assert!(refused.clone().all(|end| *end == NOW.plus_seconds(10)), "{refused:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_26_each_key_is_counted_separately(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for _ in 0..4 {
        take(&database, "loud", NOW).await;
    }
    assert!(take(&database, "loud", NOW).await.is_some());
    for id in ["quiet", "Loud", "loud ", ""] {
        assert_eq!(take(&database, id, NOW).await, None, "{id:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_is_refunded(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for _ in 0..20 {
        assert_eq!(take(&database, "id", NOW).await, None);
        database.refund_attempt("id").await.unwrap();
    }
    for _ in 0..5 {
        database.refund_attempt("id").await.unwrap();
    }
    database.refund_attempt("never").await.unwrap();
    for _ in 0..3 {
        assert_eq!(take(&database, "id", NOW).await, None);
    }
    assert!(take(&database, "id", NOW).await.is_some(), "no more can be given back than was taken");
}
