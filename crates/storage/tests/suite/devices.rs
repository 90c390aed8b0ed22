//! Browsers a reader is known in, and what a new password or a closed account does to what is under way.

use contract::Timestamp;
use rstest::rstest;
use storage::{ConsumeOutcome, Database, KnownDevice, NewAccount, NewSession};
use testkit::databases::Kind;

use crate::{
    credentials::{add_link, new_hash},
    fixtures::{NOW, account, count, device, hash, link, mail, open, record, session, signed_up, trace_at},
};

async fn known(database: &Database) -> Vec<String> {
    database.devices_of("reader-1").await.unwrap().into_iter().map(|device| device.id).collect()
}

async fn enter(database: &Database, number: u32, browser: &KnownDevice) {
    let session = session("reader-1", number);
    let opening = NewSession { session: &session, replaced: None, device: Some(browser) };
    assert!(database.open_session(&opening, &hash(1), None, &record()).await.unwrap());
}

fn seen_at(number: u32, at: Timestamp) -> KnownDevice {
    KnownDevice { last_seen_at: at, ..device(number) }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_stored_with_the_device_its_password_was_chosen_on(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let new = NewAccount { device: Some(device(7)), ..account(1) };
    assert!(database.create_account(&new, None, &record()).await.unwrap());
    assert!(database.knows_device("reader-1", "device-7").await.unwrap());
    assert!(!database.knows_device("reader-1", "device-8").await.unwrap());
    let taken = NewAccount { device: Some(device(8)), ..account(1) };
    assert!(!database.create_account(&taken, None, &record()).await.unwrap());
    assert_eq!(known(&database).await, ["device-7"], "who finds the address taken is not known by that");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_user_is_known_on_the_device_the_password_was_given_on(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    database.touch_unverified("reader-1", NOW, None, &record()).await.unwrap();
    assert!(known(&database).await.is_empty());
    database.touch_unverified("reader-1", NOW, Some(&device(1)), &record()).await.unwrap();
    assert_eq!(known(&database).await, ["device-1"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_one_devices_the_one_not_used_for_longest_is_forgotten(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let theirs = session("reader-2", 99);
    let opening = NewSession { session: &theirs, replaced: None, device: Some(&device(99)) };
    assert!(database.open_session(&opening, &hash(2), None, &record()).await.unwrap());
    for number in 10..30 {
        enter(&database, number, &seen_at(number, NOW.plus_seconds(i64::from(number)))).await;
    }
    assert_eq!(known(&database).await.len(), 20);
    enter(&database, 40, &seen_at(10, NOW.plus_seconds(40))).await;
    assert_eq!(known(&database).await.len(), 20, "one of the twenty again");
    enter(&database, 41, &seen_at(41, NOW.plus_seconds(41))).await;
    let known = known(&database).await;
    assert_eq!((known.len(), known[0].as_str(), known[1].as_str()), (20, "device-41", "device-10"));
    assert!(!known.contains(&"device-11".to_owned()), "{known:?}");
    assert!(database.knows_device("reader-2", "device-99").await.unwrap(), "another reader's stay");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_new_password_forgets_every_device_but_the_one_it_was_set_on(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    enter(&database, 2, &device(1)).await;
    enter(&database, 3, &device(2)).await;
    let same = hash(1);
    let new = new_hash("reader-1", &same);
    let changed = database.change_password(&new, &same, None, &record()).await;
    assert!(changed.unwrap());
    assert_eq!(known(&database).await.len(), 2, "who keeps the sessions keeps the browsers");
    let (own, rotated) = (device(2), session("reader-1", 4));
    let opening = NewSession { session: &rotated, replaced: None, device: Some(&own) };
    assert!(database.change_password(&new, &same, Some(&opening), &record()).await.unwrap());
    assert_eq!(known(&database).await, ["device-2"]);
    let reset = add_link(&database, "reset", "reset-password").await;
    let spent = database.reset_password(&reset, &new, Some(&device(3)), &record()).await.unwrap();
    assert_eq!((spent, known(&database).await), (ConsumeOutcome::Now, vec!["device-3".to_owned()]));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_mail_requested_before_a_new_password_is_not_sent_after_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let same = hash(1);
    let (new, later) = (new_hash("reader-1", &same), trace_at(NOW.plus_seconds(9)));
    assert!(database.change_password(&new, &same, None, &later).await.unwrap());
    let purposes =
        ["reset-password", "confirm-email-change", "verify-new-email", "delete-account", "verify-email"];
    for purpose in purposes {
        for (asked_at, written) in [(0, purpose == "verify-email"), (8, purpose == "verify-email"), (9, true)]
        {
            database.arrange("delete from bookplate_links; delete from bookplate_mails").await;
            database.queue_mail(&mail("request", None, 0)).await.unwrap();
            let link =
                storage::Link { created_at: NOW.plus_seconds(asked_at), ..link("link", "reader-1", purpose) };
            let letter = mail("letter", Some("reader-1"), 0);
            let replaces = [purpose, purpose];
            assert!(
                database
                    .replace_request_with_mail("request", &link, replaces, Some((&letter, None)))
                    .await
                    .unwrap(),
                "{asked_at:?} {written:?}"
            );
            let rows = (count(&database, "bookplate_links").await, count(&database, "bookplate_mails").await);
            assert_eq!(rows, (i64::from(written), i64::from(written)), "{purpose} asked for at {asked_at}");
        }
    }
    database.arrange("delete from bookplate_links; delete from bookplate_mails").await;
    database.queue_mail(&mail("request", None, 0)).await.unwrap();
    let silent = storage::Link { created_at: NOW.plus_seconds(9), ..link("link", "reader-1", purposes[2]) };
    assert!(database.replace_request_with_mail("request", &silent, [purposes[2]; 2], None).await.unwrap());
    assert!(database.find_link("link").await.unwrap().is_some(), "a link nobody has");
    assert_eq!(count(&database, "bookplate_mails").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_no_session_is_opened_for_a_user_banned_meanwhile(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let end = NOW.plus_seconds(60);
    for (banned_until, opened) in [(None, false), (Some(end), false), (Some(NOW), true)] {
        let until = banned_until.map_or("null".to_owned(), |end| end.millis().to_string());
        let ban = format!("update bookplate_users set banned_at = 1, ban_expires_at = {until}");
        database.arrange(&ban).await;
        let second = session("reader-1", 2);
        let before = database.rows().await;
        assert_eq!(open(&database, &second, None).await.unwrap(), opened, "until {until}");
        if !opened {
            assert_eq!(database.rows().await, before, "{banned_until:?} {opened:?}");
            let (new, rotated) = (new_hash("reader-1", "$hash$new"), crate::fixtures::opening(&second));
            assert!(
                !database.change_password(&new, &hash(1), Some(&rotated), &record()).await.unwrap(),
                "{banned_until:?} {opened:?}"
            );
            assert_eq!(database.rows().await, before, "{banned_until:?} {opened:?}");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_link_from_the_operator_verifies_no_address(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let handed = add_link(&database, "handed", "operator-reset").await;
    let new = new_hash("reader-1", "$hash$new");
    assert_eq!(database.reset_password(&handed, &new, None, &record()).await.unwrap(), ConsumeOutcome::Now);
    let found = database.find_credentials("reader1@example.com", None).await.unwrap().unwrap();
    assert_eq!((found.password_hash.as_str(), found.user.email_verified), ("$hash$new", false));
    assert!(database.find_session("handle-1").await.unwrap().is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_verifying_in_another_browser_revokes_the_password_and_its_sessions(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    enter(&database, 3, &device(1)).await;
    let verify = add_link(&database, "verify", "verify-email").await;
    // Asked for by whoever had the account until now.
    add_link(&database, "move", "verify-new-email").await;
    let reset = link("new", "reader-1", "reset-password");
    let moved = storage::Link { email: "moved@example.com".into(), ..verify.clone() };
    let before = database.rows().await;
    assert_eq!(
        database.verify_email_and_revoke_password(&moved, &reset, &record()).await.unwrap(),
        ConsumeOutcome::Not
    );
    assert_eq!(database.rows().await, before, "an address that is not the reader's any more");
    assert_eq!(
        database.verify_email_and_revoke_password(&verify, &reset, &record()).await.unwrap(),
        ConsumeOutcome::Now
    );
    assert!(database.find_user("reader-1").await.unwrap().unwrap().email_verified);
    assert_eq!(database.find_password("reader-1").await.unwrap(), None);
    assert_eq!(database.sessions_of("reader-1", NOW).await.unwrap().len(), 0);
    assert!(known(&database).await.is_empty());
    assert!(database.find_link("new").await.unwrap().is_some());
    assert!(database.find_link("move").await.unwrap().is_none());
    assert!(database.find_link("verify").await.unwrap().unwrap().used_at.is_some());
    assert_eq!(database.find_password("reader-2").await.unwrap(), Some(hash(2)));
    assert_eq!(database.sessions_of("reader-2", NOW).await.unwrap().len(), 1);
    let after = database.rows().await;
    let again = link("newer", "reader-1", "reset-password");
    assert_eq!(
        database.verify_email_and_revoke_password(&verify, &again, &record()).await.unwrap(),
        ConsumeOutcome::Not
    );
    assert_eq!(database.rows().await, after);
}
