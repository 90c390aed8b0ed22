//! What is removed, and what is not.

use rstest::rstest;
use storage::{CleanupCounts, RetentionCutoffs};
use testkit::databases::Kind;

use crate::fixtures::{NOW, account, count, link, open, record, session, signed_up, trace_at, trace_of};

fn cutoffs() -> RetentionCutoffs {
    RetentionCutoffs {
        now: NOW,
        events: NOW.plus_seconds(-60),
        deleted: NOW.plus_seconds(-600),
        unverified: None,
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn expired_rows_are_deleted_and_others_stay(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut expired = session("reader-1", 2);
    expired.expires_at = NOW;
    let mut ended = session("reader-1", 3);
    ended.ends_at = NOW;
    for session in [expired, ended] {
        assert!(open(&database, &session, None).await.unwrap(), "{session:?}");
    }
    for (id, purpose, seconds) in [("old", "reset", 0), ("good", "verify", 1)] {
        let mut link = link(id, "reader-1", purpose);
        link.expires_at = NOW.plus_seconds(seconds);
        database.add_link(&link, [purpose, purpose]).await.unwrap();
    }
    for (id, millis) in [("over", 60_000), ("running", 60_001)] {
        assert_eq!(
            database.record_attempt(id, NOW.plus_seconds(-60), millis, 1).await.unwrap(),
            None,
            "{id:?} {millis:?}"
        );
    }
    database.arrange("delete from bookplate_events").await;
    for seconds in [-61, -60] {
        database.record(&trace_at(NOW.plus_seconds(seconds))).await.unwrap();
    }
    let swept = database.clean_up(cutoffs()).await.unwrap();
    assert_eq!(
        swept,
        CleanupCounts { sessions: 2, links: 1, limits: 1, events: 1, ..CleanupCounts::default() }
    );
    assert!(database.find_session("handle-1").await.unwrap().is_some());
    assert!(database.find_link("good").await.unwrap().is_some());
    assert_eq!(count(&database, "bookplate_limits").await, 1);
    assert_eq!(count(&database, "bookplate_events").await, 1);
    assert_eq!(database.clean_up(cutoffs()).await.unwrap(), CleanupCounts::default());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unverified_accounts_without_a_session_are_deleted(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let day = 86_400;
    for (number, verified, age) in [(1, false, 2 * day), (2, false, day), (3, true, 2 * day)] {
        let mut account = account(number);
        account.user.email_verified = verified;
        let since = trace_at(NOW.plus_seconds(-age));
        assert!(
            database.create_account(&account, None, &since).await.unwrap(),
            "{number:?} {verified:?} {age:?}"
        );
        database.record(&trace_of(&account.user.id)).await.unwrap();
    }
    let signed_in = account(4);
    let session = session("reader-4", 4);
    let opening = crate::fixtures::opening(&session);
    let long_ago = trace_at(NOW.plus_seconds(-2 * day));
    assert!(database.create_account(&signed_in, Some(&opening), &long_ago).await.unwrap());

    let before = RetentionCutoffs {
        unverified: Some(NOW.plus_seconds(-day)),
        events: NOW.plus_seconds(-9 * day),
        ..cutoffs()
    };
    assert_eq!(
        database.clean_up(before).await.unwrap(),
        CleanupCounts { accounts: 1, ..CleanupCounts::default() }
    );
    assert!(database.rows_holding("reader-1").await.is_empty(), "nothing names the reader");
    for id in ["reader-2", "reader-3", "reader-4"] {
        assert!(database.find_user(id).await.unwrap().is_some(), "{id}");
    }
    // Who asks for the link once more is still there, and gets another while.
    database.touch_unverified("reader-2", NOW, None, &record()).await.unwrap();
    database.touch_unverified("reader-3", NOW.plus_seconds(-9 * day), None, &record()).await.unwrap();
    let later = RetentionCutoffs { unverified: Some(NOW), ..before };
    assert_eq!(database.clean_up(later).await.unwrap(), CleanupCounts::default());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unverified_accounts_stay_unless_the_operator_decides_otherwise(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let long_ago = trace_at(NOW.plus_seconds(-1_000_000));
    assert!(database.create_account(&account(1), None, &long_ago).await.unwrap());
    let kept = RetentionCutoffs { events: NOW.plus_seconds(-2_000_000), ..cutoffs() };
    assert_eq!(database.clean_up(kept).await.unwrap(), CleanupCounts::default());
    assert!(database.find_user("reader-1").await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_events_stored_while_their_user_was_deleted_are_made_anonymous(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.record(&trace_of("reader-1")).await.unwrap();
    let late = format!(
        "insert into bookplate_events values ('late', {}, 'test', 'done', 'reader-7', '192.0.2.9', 'Browser')",
        NOW.millis()
    );
    database.arrange(&late).await;
    database.clean_up(cutoffs()).await.unwrap();
    for mark in ["reader-7", "192.0.2.9"] {
        assert_eq!(database.rows_holding(mark).await, Vec::<String>::new(), "{mark}");
    }
    assert_eq!(database.rows_holding("'late'").await.len() + database.rows_holding("(late").await.len(), 1);
    assert_eq!(database.events_of("reader-1", 9).await.unwrap().len(), 1, "of a reader who is there");
}
