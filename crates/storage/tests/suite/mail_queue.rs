//! The queue of mail.

use rstest::rstest;
use storage::{Database, StorageError};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::fixtures::{NOW, count, link, mail, patiently, record, signed_up};

const PURPOSES: [&str; 2] = ["reset", "reset"];

async fn claimed(database: &Database, seconds: i64) -> Option<String> {
    let now = NOW.plus_seconds(seconds);
    database.claim_mail(now, now.plus_seconds(60)).await.unwrap().map(|mail| mail.id)
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn mail_is_claimed_in_the_order_in_which_it_is_due(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for (id, due) in [("third", 3), ("first", -9), ("second", 2), ("later", 10)] {
        database.queue_mail(&mail(id, None, due)).await.unwrap();
    }
    assert_eq!(database.next_mail_due().await.unwrap(), Some(NOW.plus_seconds(-9)));
    for expected in [Some("first"), Some("second"), Some("third"), None] {
        assert_eq!(claimed(&database, 9).await.as_deref(), expected, "{expected:?}");
    }
    assert_eq!(database.next_mail_due().await.unwrap(), Some(NOW.plus_seconds(10)));
    assert_eq!(claimed(&database, 10).await.as_deref(), Some("later"), "from this moment on");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_claimed_mail_is_not_claimed_again_before_its_claim_expires(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.queue_mail(&mail("one", Some("reader-1"), 0)).await.unwrap();
    let first = database.claim_mail(NOW, NOW.plus_seconds(60)).await.unwrap().unwrap();
    assert_eq!((first.sealed.as_str(), first.user_id.as_deref()), ("sealed one", Some("reader-1")));
    assert_eq!((first.attempts, first.created_at, first.due_at), (1, NOW, NOW.plus_seconds(60)));
    assert_eq!(claimed(&database, 59).await, None);
    let second = database.claim_mail(NOW.plus_seconds(60), NOW.plus_seconds(120)).await.unwrap().unwrap();
    assert_eq!((second.id.as_str(), second.attempts), ("one", 2));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_mail_is_claimed_by_one_of_many_workers(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for number in 0..30 {
        database.queue_mail(&mail(&format!("mail-{number}"), None, 0)).await.unwrap();
    }
    let mut carriers = JoinSet::new();
    for _ in 0..10 {
        let database = Database::clone(&database);
        carriers.spawn(async move {
            let mut taken = Vec::new();
            // A carrier that was not the fastest gets nothing although there is more.
            while patiently(|| database.next_mail_due()).await.is_some_and(|due| due <= NOW) {
                let mail = patiently(|| database.claim_mail(NOW, NOW.plus_seconds(60))).await;
                taken.extend(mail.map(|mail| (mail.id, mail.attempts)));
            }
            taken
        });
    }
    let mut taken = carriers.join_all().await.concat();
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), 30);
    assert!(taken.iter().all(|(_, attempts)| *attempts == 1), "{taken:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_postponed_or_deleted(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    database.queue_mail(&mail("one", None, 0)).await.unwrap();
    database.queue_mail(&mail("two", None, 0)).await.unwrap();
    claimed(&database, 0).await.unwrap();
    claimed(&database, 0).await.unwrap();
    database.postpone_mail("one", NOW.plus_seconds(5)).await.unwrap();
    database.remove_mail("two").await.unwrap();
    database.remove_mail("two").await.unwrap();
    assert_eq!(claimed(&database, 4).await, None);
    assert_eq!(claimed(&database, 5).await.as_deref(), Some("one"));
    database.remove_mail("one").await.unwrap();
    assert_eq!(database.next_mail_due().await.unwrap(), None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_replaced_with_its_mail_and_its_link_in_one_step(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.add_link(&link("older", "reader-1", "reset"), PURPOSES).await.unwrap();
    database.queue_mail(&mail("request", None, 0)).await.unwrap();
    let (newer, letter) = (link("newer", "reader-1", "reset"), mail("letter", Some("reader-1"), 0));
    assert!(
        database.replace_request_with_mail("request", &newer, PURPOSES, Some((&letter, None))).await.unwrap()
    );
    assert_eq!(claimed(&database, 0).await.as_deref(), Some("letter"));
    assert_eq!(claimed(&database, 0).await, None, "the request is gone");
    assert!(database.find_link("older").await.unwrap().is_none());
    assert!(database.find_link("newer").await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_of_twenty_workers_one_replaces_a_request_with_its_mail(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.queue_mail(&mail("request", None, 0)).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let link = link(&format!("link-{number}"), "reader-1", "reset");
            let letter = mail(&format!("letter-{number}"), Some("reader-1"), 0);
            patiently(|| {
                database.replace_request_with_mail("request", &link, PURPOSES, Some((&letter, None)))
            })
            .await
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|answered| *answered).count(), 1);
    assert_eq!(count(&database, "bookplate_mails").await, 1);
    assert_eq!(count(&database, "bookplate_links").await, 1);
}

/// The letter's id is taken, so neither the link may be stored nor the request be lost.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_that_cannot_be_stored_leaves_the_request(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.add_link(&link("older", "reader-1", "reset"), PURPOSES).await.unwrap();
    database.queue_mail(&mail("request", None, 0)).await.unwrap();
    database.queue_mail(&mail("letter", None, 0)).await.unwrap();
    let before = database.rows().await;
    let newer = link("newer", "reader-1", "reset");
    let failed = database
        .replace_request_with_mail("request", &newer, PURPOSES, Some((&mail("letter", None, 0), None)))
        .await;
    assert!(matches!(failed, Err(StorageError::Fault(_))), "{failed:?}");
    assert_eq!(database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_of_twenty_concurrent_requests_one_consumes_the_link_and_queues_its_mail(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let good = link("hash-1", "reader-1", "confirm");
    database.add_link(&good, ["confirm", "finish"]).await.unwrap();
    let mut late = mail("late", None, 0);
    late.created_at = good.expires_at;
    assert!(!database.consume_link_and_queue_mail(&good, &late).await.unwrap(), "too old by then");
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (database, good) = (Database::clone(&database), good.clone());
        tasks.spawn(async move {
            let letter = mail(&format!("letter-{number}"), Some("reader-1"), 0);
            patiently(|| database.consume_link_and_queue_mail(&good, &letter)).await
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|spent| *spent).count(), 1);
    assert_eq!(count(&database, "bookplate_mails").await, 1);
    assert_eq!(count(&database, "bookplate_links").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_is_deleted_with_its_user_unless_it_has_none(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.queue_mail(&mail("theirs", Some("reader-1"), 0)).await.unwrap();
    database.queue_mail(&mail("nobodys", None, 1)).await.unwrap();
    assert!(database.delete_user("reader-1", &record()).await.unwrap());
    assert_eq!(claimed(&database, 1).await.as_deref(), Some("nobodys"));
    assert_eq!(claimed(&database, 1).await, None);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_mail_to_a_deleted_user_is_not_queued_and_is_no_error(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut told = record();
    told.mails = vec![mail("theirs", Some("reader-1"), 0), mail("nobodys", None, 0)];
    database.record(&told).await.unwrap();
    database.queue_mail(&mail("theirs too", Some("reader-1"), 0)).await.unwrap();
    assert_eq!(claimed(&database, 0).await.as_deref(), Some("nobodys"));
    assert_eq!(count(&database, "bookplate_mails").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_change_and_its_mails_are_stored_together_or_not_at_all(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mut told = record();
    told.mails = vec![mail("one", None, 0), mail("two", None, 0)];
    database.record(&told).await.unwrap();
    assert_eq!(count(&database, "bookplate_mails").await, 2);
    let mut twice = record();
    twice.mails = vec![mail("three", None, 0), mail("one", None, 0)];
    assert!(database.record(&twice).await.is_err());
    assert_eq!(count(&database, "bookplate_mails").await, 2);
    assert_eq!(count(&database, "bookplate_events").await, 1);
}
