use rstest::rstest;
use storage::SessionRecordStore;
use testkit::databases::{Kind, TestDatabase};

use crate::fixtures::{NOW, count, key, open, record, session, signed_up, trace_of};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_found_with_its_user(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut stored = session("reader-1", 7);
    stored.remembered = false;
    stored.renewed_at = NOW.plus_seconds(1);
    stored.ip_address = "2001:db8::1".into();
    assert!(open(&database, &stored, None).await.unwrap());

    let found = database.find_session("handle-7").await.unwrap().unwrap();
    assert_eq!(found.session.id, "handle-7");
    assert_eq!(found.session.user_id, "reader-1");
    assert_eq!(found.session.record_id, key(7).stored_id());
    assert_eq!(found.session.ip_address, "2001:db8::1");
    assert_eq!(found.session.user_agent, "Browser/1.0");
    assert!(!found.session.remembered);
    assert_eq!((found.session.created_at, found.session.renewed_at), (NOW, NOW.plus_seconds(1)));
    assert_eq!((found.session.expires_at, found.session.ends_at), (stored.expires_at, stored.ends_at));
    assert_eq!(found.session.last_seen_at, NOW);
    assert_eq!(found.user.id, "reader-1");
    assert_eq!(found.user.email, "reader1@example.com");
    assert_eq!((found.user.created_at, found.user.updated_at), (NOW, NOW));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_session_is_not_found(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for id in ["handle-2", "HANDLE-1", "%", ""] {
        assert!(database.find_session(id).await.unwrap().is_none(), "{id}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_expired_session_is_found_because_the_caller_decides(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut old = session("reader-1", 2);
    old.expires_at = NOW.plus_seconds(-1);
    old.ends_at = NOW.plus_seconds(-1);
    assert!(open(&database, &old, None).await.unwrap());
    assert!(database.find_session("handle-2").await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn opening_a_session_deletes_the_one_it_replaces(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    assert!(open(&database, &session("reader-1", 2), None).await.unwrap());
    assert!(open(&database, &session("reader-1", 3), Some("handle-1")).await.unwrap());
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert!(database.find_session("handle-2").await.unwrap().is_some(), "of another browser");
    assert!(database.find_session("handle-3").await.unwrap().is_some());
    assert!(open(&database, &session("reader-1", 4), Some("handle-1")).await.unwrap());
    assert!(database.find_session("handle-4").await.unwrap().is_some(), "one that is gone can be replaced");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_of_an_unknown_user_is_refused_and_the_replaced_one_stays(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let before = database.rows().await;
    assert!(!open(&database, &session("nobody", 2), Some("handle-1")).await.unwrap());
    assert_eq!(database.rows().await, before);
    assert!(database.find_session("handle-1").await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn renewing_a_session_changes_its_expiry_and_nothing_else(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut renewed = session("reader-1", 1);
    renewed.renewed_at = NOW.plus_seconds(10);
    renewed.expires_at = NOW.plus_seconds(20);
    renewed.ends_at = NOW.plus_seconds(30);
    renewed.user_agent = "Another".into();
    assert!(database.renew_session(&renewed, NOW).await.unwrap());
    let found = database.find_session("handle-1").await.unwrap().unwrap().session;
    assert_eq!((found.renewed_at, found.expires_at), (NOW.plus_seconds(10), NOW.plus_seconds(20)));
    assert_eq!(found.last_seen_at, NOW.plus_seconds(10), "and that it was used");
    let opened = session("reader-1", 1);
    assert_eq!((found.created_at, found.ends_at, found.user_agent), (NOW, opened.ends_at, opened.user_agent));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_renewed_since_it_was_read_is_not_renewed_again(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for later in [10, 20] {
        let mut renewed = session("reader-1", 1);
        renewed.renewed_at = NOW.plus_seconds(later);
        renewed.expires_at = NOW.plus_seconds(later + 100);
        assert_eq!(database.renew_session(&renewed, NOW).await.unwrap(), later == 10, "{later:?}");
    }
    let found = database.find_session("handle-1").await.unwrap().unwrap().session;
    assert_eq!((found.renewed_at, found.expires_at), (NOW.plus_seconds(10), NOW.plus_seconds(110)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn renewing_an_ended_session_does_not_revive_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.end_session("handle-1").await.unwrap();
    assert!(!database.renew_session(&session("reader-1", 1), NOW).await.unwrap());
    assert!(database.find_session("handle-1").await.unwrap().is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn ending_a_session_deletes_its_record(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    assert!(open(&database, &session("reader-1", 2), None).await.unwrap());
    let store = SessionRecordStore::new(&database).await.unwrap();
    store.open(key(1)).await.unwrap();
    store.open(key(2)).await.unwrap();
    database.end_session("handle-1").await.unwrap();
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert!(database.find_session("handle-2").await.unwrap().is_some());
    assert_eq!(count(&database, "bookplate_session_records").await, 1);
    assert!(database.rows_holding(key(1).stored_id()).await.is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn ending_a_session_twice_is_no_error(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.end_session("handle-1").await.unwrap();
    database.end_session("handle-1").await.unwrap();
    database.end_session("never").await.unwrap();
}

async fn listed(database: &TestDatabase, user_id: &str) -> Vec<String> {
    let sessions = database.sessions_of(user_id, NOW).await.unwrap();
    sessions.into_iter().map(|session| session.id).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_active_sessions_of_a_user_are_listed_the_last_used_first(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 9).await;
    let mut expired = session("reader-1", 2);
    expired.expires_at = NOW;
    let mut ended = session("reader-1", 3);
    ended.ends_at = NOW;
    let mut older = session("reader-1", 4);
    older.last_seen_at = NOW.plus_seconds(-60);
    let mut newer = session("reader-1", 5);
    newer.last_seen_at = NOW.plus_seconds(60);
    for session in [expired, ended, older, newer] {
        assert!(open(&database, &session, None).await.unwrap(), "{session:?}");
    }
    assert_eq!(listed(&database, "reader-1").await, ["handle-5", "handle-1", "handle-4"]);
    assert_eq!(listed(&database, "reader-9").await, ["handle-9"]);
    assert!(listed(&database, "nobody").await.is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_session_is_revoked_by_its_own_user_only(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let before = database.rows().await;
    for (user_id, id) in [("reader-2", "handle-1"), ("reader-1", "handle-7"), ("nobody", "handle-1")] {
        assert!(
            !database.revoke_session(user_id, id, &trace_of(user_id)).await.unwrap(),
            "{user_id:?} {id:?}"
        );
    }
    assert_eq!(database.rows().await, before, "not even noted");
    assert!(database.revoke_session("reader-1", "handle-1", &trace_of("reader-1")).await.unwrap());
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert!(database.find_session("handle-2").await.unwrap().is_some());
    assert_eq!(database.events_of("reader-1", 10).await.unwrap().len(), 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_all_sessions_of_a_user_are_revoked_but_the_named_one(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 9).await;
    for number in 2..5 {
        assert!(open(&database, &session("reader-1", number), None).await.unwrap(), "{number:?}");
    }
    database.revoke_sessions("reader-1", Some("handle-3"), &record()).await.unwrap();
    assert_eq!(listed(&database, "reader-1").await, ["handle-3"]);
    database.revoke_sessions("reader-1", None, &record()).await.unwrap();
    assert!(listed(&database, "reader-1").await.is_empty());
    assert_eq!(listed(&database, "reader-9").await, ["handle-9"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_last_use_moves_forward_only(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let seen = async || database.find_session("handle-1").await.unwrap().unwrap().session.last_seen_at;
    database.touch_session("handle-1", NOW.plus_seconds(-5)).await.unwrap();
    assert_eq!(seen().await, NOW, "the clock of another instance may be behind");
    database.touch_session("handle-1", NOW.plus_seconds(5)).await.unwrap();
    assert_eq!(seen().await, NOW.plus_seconds(5));
}
