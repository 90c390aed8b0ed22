//! Changes of what opens an account, many at once.

use contract::Timestamp;
use rstest::rstest;
use storage::{ConsumeOutcome, Database, NewAccount};
use testkit::databases::Kind;
use tokio::task::JoinSet;

use crate::{
    credentials::{add_link, new_hash},
    fixtures::{NOW, account, count, hash, link, mail, open, opening, patiently, record, session, signed_up},
};

/// Whatever the order, no session is left that the old password has opened after it was changed.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_no_session_opened_for_the_old_password_outlives_its_change(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    for round in 0..10 {
        let (number, first) = (1000 + round, round * 100);
        let user = signed_up(&database, number).await;
        let mut tasks = JoinSet::new();
        for handle in first + 1..first + 20 {
            let (database, id) = (Database::clone(&database), user.id.clone());
            tasks.spawn(async move {
                if handle == first + 10 {
                    let (rotated, record) = (session(&id, handle), record());
                    let (new, opening) = (new_hash(&id, "$hash$new"), opening(&rotated));
                    let old = hash(number);
                    patiently(|| database.change_password(&new, &old, Some(&opening), &record)).await;
                } else {
                    let session = session(&id, handle);
                    patiently(|| open(&database, &session, None)).await;
                }
            });
        }
        tasks.join_all().await;
        let left = database.sessions_of(&user.id, NOW).await.unwrap();
        let left: Vec<String> = left.into_iter().map(|session| session.id).collect();
        assert_eq!(left, [format!("handle-{}", first + 10)], "round {round}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_concurrent_changes_of_one_password_one_succeeds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut tasks = JoinSet::new();
    for number in 2..22 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let (session, record) = (session("reader-1", number), record());
            let (wanted, compared) = (format!("$hash$new{number}"), hash(1));
            let (new, opening) = (new_hash("reader-1", &wanted), opening(&session));
            let done = patiently(|| database.change_password(&new, &compared, Some(&opening), &record)).await;
            done.then_some((wanted, session.id))
        });
    }
    let done: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(database.find_password("reader-1").await.unwrap().as_ref(), Some(&done[0].0));
    assert_eq!(count(&database, "bookplate_sessions").await, 1);
    assert!(database.find_session(&done[0].1).await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_of_twenty_concurrent_resets_with_one_link_one_succeeds(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let reset = add_link(&database, "reset", "reset").await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (database, reset) = (Database::clone(&database), reset.clone());
        tasks.spawn(async move {
            let (wanted, record) = (format!("$hash$new{number}"), record());
            let new = new_hash("reader-1", &wanted);
            let spent = patiently(|| database.reset_password(&reset, &new, None, &record)).await;
            (spent == ConsumeOutcome::Now).then_some(wanted)
        });
    }
    let done: Vec<String> = tasks.join_all().await.into_iter().flatten().collect();
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(database.find_password("reader-1").await.unwrap(), done.first().cloned());
}

/// Each locks rows the others want; in another order, PostgreSQL would end one of them.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_change_a_reset_and_a_sign_in_never_deadlock(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for round in 0..20 {
        let stored = database.find_password("reader-1").await.unwrap().unwrap();
        let reset = add_link(&database, &format!("reset-{round}"), "reset").await;
        let mut tasks = JoinSet::new();
        for part in 0..8 {
            let (database, reset, stored) = (Database::clone(&database), reset.clone(), stored.clone());
            tasks.spawn(async move {
                let (record, wanted) = (record(), format!("$hash${round}-{part}"));
                let session = session("reader-1", 10 + round * 10 + part);
                let (new, opening) = (new_hash("reader-1", &wanted), opening(&session));
                match part {
                    0 => drop(patiently(|| database.reset_password(&reset, &new, None, &record)).await),
                    1 | 2 => {
                        patiently(|| database.change_password(&new, &stored, Some(&opening), &record)).await;
                    }
                    3 => {
                        let other = link(&format!("other-{round}"), "reader-1", "reset");
                        patiently(|| database.add_link(&other, ["reset", "reset"])).await;
                    }
                    _ => drop(patiently(|| database.open_session(&opening, &stored, None, &record)).await),
                }
            });
        }
        tasks.join_all().await;
    }
    assert_eq!(count(&database, "bookplate_accounts").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_among_sign_ins_and_changes_leaves_nothing_and_no_request_fails(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    for round in 0..10 {
        signed_up(&database, 1).await;
        let verify = add_link(&database, "verify", "verify").await;
        let mut tasks = JoinSet::new();
        for part in 0..8 {
            let (database, verify) = (Database::clone(&database), verify.clone());
            tasks.spawn(async move {
                let (record, compared) = (record(), hash(1));
                let session = session("reader-1", 10 + part);
                let (new, opening) = (new_hash("reader-1", "$hash$new"), opening(&session));
                match part {
                    3 => assert!(patiently(|| database.delete_user("reader-1", &record)).await, "{part:?}"),
                    4 => {
                        patiently(|| database.change_password(&new, &compared, Some(&opening), &record))
                            .await;
                    }
                    5 => drop(patiently(|| database.verify_email(&verify, Some(&opening), &record)).await),
                    6 => {
                        let mut told = record.clone();
                        told.mails.push(mail(&format!("mail-{round}"), Some("reader-1"), 0));
                        patiently(|| database.record(&told)).await;
                    }
                    _ => drop(patiently(|| database.open_session(&opening, &compared, None, &record)).await),
                }
            });
        }
        tasks.join_all().await;
        for table in ["users", "accounts", "sessions", "links", "mails"] {
            let left = count(&database, &format!("bookplate_{table}")).await;
            assert_eq!(left, 0, "{table} in round {round}");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_verification_link_opened_twenty_times_concurrently_opens_one_session(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    assert!(database.create_account(&account(1), None, &record()).await.unwrap());
    let verify = add_link(&database, "verify", "verify").await;
    let mut tasks = JoinSet::new();
    for number in 0..20 {
        let (database, verify) = (Database::clone(&database), verify.clone());
        tasks.spawn(async move {
            let (session, record) = (session("reader-1", number), record());
            let opening = opening(&session);
            patiently(|| database.verify_email(&verify, Some(&opening), &record)).await
        });
    }
    let done = tasks.join_all().await.into_iter().filter(|spent| *spent == ConsumeOutcome::Now).count();
    assert_eq!((done, count(&database, "bookplate_sessions").await), (1, 1));
}

/// Nineteen change their address to it, one signs up with it.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_concurrent_requests_for_one_address_one_gets_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let wanted = "wanted@example.com";
    for number in 1..20 {
        signed_up(&database, number).await;
        let link = link(&format!("change-{number}"), &format!("reader-{number}"), "change");
        database.add_link(&link, ["change", "change"]).await.unwrap();
    }
    let mut tasks = JoinSet::new();
    for number in 1..21 {
        let database = Database::clone(&database);
        tasks.spawn(async move {
            let record = record();
            if number == 20 {
                let NewAccount { mut user, credential_id, password_hash, device } = account(number);
                user.email = wanted.into();
                let account = NewAccount { user, credential_id, password_hash, device };
                return patiently(|| database.create_account(&account, None, &record)).await;
            }
            let link = database.find_link(&format!("change-{number}")).await.unwrap().unwrap();
            let spent = patiently(|| database.change_email(&link, wanted, &record)).await;
            assert!(spent != ConsumeOutcome::Not, "the link was good: {spent:?}");
            spent == ConsumeOutcome::Now
        });
    }
    assert_eq!(tasks.join_all().await.into_iter().filter(|got| *got).count(), 1);
    let now: Timestamp = NOW;
    assert_eq!(database.find_user_by_email(wanted).await.unwrap().unwrap().created_at, now);
}
