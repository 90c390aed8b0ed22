//! What the operator asks and does.

use rstest::rstest;
use storage::Ban;
use testkit::databases::{Kind, TestDatabase};

use crate::fixtures::{NOW, account, open, record, session, signed_up, trace_at};

fn ban() -> Ban {
    Ban {
        banned_at: Some(NOW.millis()),
        ban_reason: Some("spam".into()),
        ban_expires_at: Some(NOW.plus_seconds(60).millis()),
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_a_ban_revokes_every_session_of_the_user_and_is_kept(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    assert!(open(&database, &session("reader-1", 7), None).await.unwrap());
    let later = trace_at(NOW.plus_seconds(5));
    assert!(database.ban_user("reader-1", &ban(), &later).await.unwrap());
    assert!(database.sessions_of("reader-1", NOW).await.unwrap().is_empty());
    assert_eq!(database.sessions_of("reader-2", NOW).await.unwrap().len(), 1);
    let user = database.find_user("reader-1").await.unwrap().unwrap();
    assert_eq!(user.ban, ban());
    assert_eq!(user.updated_at, NOW.plus_seconds(5));
    assert!(user.ban.holds(NOW) && user.ban.holds(NOW.plus_seconds(59)));
    assert!(!user.ban.holds(NOW.plus_seconds(60)), "until then");
    assert!(Ban { ban_expires_at: None, ..ban() }.holds(NOW.plus_seconds(1 << 40)), "for good");
    assert_eq!(database.find_user("reader-2").await.unwrap().unwrap().ban, Ban::default());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn lifting_a_ban_restores_the_account(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    assert!(database.ban_user("reader-1", &ban(), &record()).await.unwrap());
    assert!(database.ban_user("reader-1", &Ban::default(), &record()).await.unwrap());
    let user = database.find_user("reader-1").await.unwrap().unwrap();
    assert_eq!(user.ban, Ban::default());
    assert!(!user.ban.holds(NOW));
    assert!(open(&database, &session("reader-1", 7), None).await.unwrap());
    assert!(database.ban_user("reader-1", &Ban::default(), &record()).await.unwrap());
    assert_eq!(database.sessions_of("reader-1", NOW).await.unwrap().len(), 1, "only a ban ends sessions");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn banning_an_unknown_user_changes_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let before = database.rows().await;
    assert!(!database.ban_user("reader-7", &ban(), &record()).await.unwrap());
    assert_eq!(database.rows().await, before);
}

async fn listed(database: &TestDatabase, after: &str, pattern: &str, limit: i64) -> Vec<String> {
    let users = database.list_users(after, pattern, limit).await.unwrap();
    users.into_iter().map(|user| user.id).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn users_are_listed_by_address_a_page_at_a_time(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for number in [3, 1, 2] {
        signed_up(&database, number).await;
    }
    assert_eq!(listed(&database, "", "%", 2).await, ["reader-1", "reader-2"]);
    assert_eq!(listed(&database, "reader2@example.com", "%", 2).await, ["reader-3"]);
    assert!(listed(&database, "reader3@example.com", "%", 2).await.is_empty());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_search_ignores_case_and_has_no_wildcards(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for (number, name) in [(1, "Ada"), (2, "100% Paper"), (3, "ink_pot"), (4, "Hey!"), (5, "O'Neil")] {
        let mut account = account(number);
        account.user.name = name.into();
        assert!(database.create_account(&account, None, &record()).await.unwrap(), "{number:?} {name:?}");
    }
    for (pattern, found) in [
        ("%ada%", "reader-1"),
        ("%ADA%", "reader-1"),
        ("%Reader1@Example%", "reader-1"),
        ("%!%%", "reader-2"),
        ("%!_%", "reader-3"),
        ("%!!%", "reader-4"),
        ("%o'n%", "reader-5"),
    ] {
        assert_eq!(listed(&database, "", pattern, 9).await, [found], "{pattern}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_search_leaves_what_is_not_ascii_to_its_caller(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for (number, name, email) in [
        (1, "Ada", "ada@example.com"),
        (2, "Zoë", "zoe@example.com"),
        (3, "Name", "name@xn--80a1acny.xn--p1ai"),
        (4, "xn--", "xn--@example.com"),
    ] {
        let mut account = account(number);
        (account.user.name, account.user.email) = (name.into(), email.into());
        assert!(database.create_account(&account, None, &record()).await.unwrap());
    }
    assert_eq!(listed(&database, "", "%nobody%", 9).await, ["reader-3", "reader-2"]);
    assert_eq!(listed(&database, "", "%ada%", 9).await, ["reader-1", "reader-3", "reader-2"]);
}
