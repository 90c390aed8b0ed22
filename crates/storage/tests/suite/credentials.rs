//! Changes of what opens an account, and what ends with them.

use rstest::rstest;
use storage::{ConsumeOutcome, Database, NewPasswordHash, NewSession};
use testkit::databases::Kind;

use crate::fixtures::{
    NOW, account, count, device, hash, link, mail, open, opening, record, session, signed_up, trace_at,
};

pub(crate) fn new_hash<'a>(user_id: &'a str, hash: &'a str) -> NewPasswordHash<'a> {
    NewPasswordHash { user_id, credential_id: "credential-new", hash }
}

pub(crate) async fn add_link(database: &Database, id: &str, purpose: &str) -> storage::Link {
    let link = link(id, "reader-1", purpose);
    database.add_link(&link, [purpose, purpose]).await.unwrap();
    link
}

async fn password(database: &Database, number: u32) -> Option<String> {
    database.find_password(&format!("reader-{number}")).await.unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_not_opened_for_a_password_that_has_changed_meanwhile(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let before = database.rows().await;
    let (second, browser) = (session("reader-1", 2), device(1));
    let opening = NewSession { session: &second, replaced: Some("handle-1"), device: Some(&browser) };
    let mut told = record();
    told.mails.push(mail("notice", Some("reader-1"), 0));
    assert!(!database.open_session(&opening, "$hash$another", Some("$hash$better"), &told).await.unwrap());
    assert_eq!(database.rows().await, before, "no session, no browser, no hash, no mail, no event");
    assert!(database.open_session(&opening, &hash(1), None, &told).await.unwrap());
    assert_eq!(count(&database, "bookplate_sessions").await, 1);
    assert_eq!(count(&database, "bookplate_mails").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_rehashed_password_replaces_the_hash_that_was_compared(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let second = session("reader-1", 3);
    let opened = database.open_session(&opening(&second), &hash(1), Some("$hash$better"), &record()).await;
    assert!(opened.unwrap());
    assert_eq!(password(&database, 1).await.as_deref(), Some("$hash$better"));
    assert_eq!(password(&database, 2).await, Some(hash(2)));
    assert!(!open(&database, &session("reader-1", 4), None).await.unwrap(), "the old one is no more");
    let method = &database.sign_in_methods("reader-1").await.unwrap()[0];
    assert_eq!(method.updated_at, NOW, "it is the same password");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_changed_password_revokes_every_session_and_link_of_the_user(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    assert!(open(&database, &session("reader-1", 3), None).await.unwrap());
    add_link(&database, "reset", "reset").await;
    add_link(&database, "delete", "delete").await;
    database.add_link(&link("theirs", "reader-2", "reset"), ["reset", "reset"]).await.unwrap();
    let (rotated, later) = (session("reader-1", 4), trace_at(NOW.plus_seconds(9)));
    let new = new_hash("reader-1", "$hash$new");
    assert!(database.change_password(&new, &hash(1), Some(&opening(&rotated)), &later).await.unwrap());
    let left: Vec<String> =
        database.sessions_of("reader-1", NOW).await.unwrap().into_iter().map(|session| session.id).collect();
    assert_eq!(left, ["handle-4"]);
    assert_eq!(count(&database, "bookplate_links").await, 1, "that of the other reader");
    assert_eq!(database.sessions_of("reader-2", NOW).await.unwrap().len(), 1);
    assert_eq!(password(&database, 1).await.as_deref(), Some("$hash$new"));
    assert_eq!(password(&database, 2).await, Some(hash(2)));
    let methods = database.sign_in_methods("reader-1").await.unwrap();
    assert_eq!(methods.len(), 1);
    assert_eq!((methods[0].created_at, methods[0].updated_at), (NOW, NOW.plus_seconds(9)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_can_keep_the_sessions_but_never_the_links(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    assert!(open(&database, &session("reader-1", 3), None).await.unwrap());
    add_link(&database, "reset", "reset").await;
    let new = new_hash("reader-1", "$hash$new");
    assert!(database.change_password(&new, &hash(1), None, &record()).await.unwrap());
    assert_eq!(database.sessions_of("reader-1", NOW).await.unwrap().len(), 2);
    assert_eq!(count(&database, "bookplate_links").await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_has_changed_since_it_was_compared_is_not_changed_again(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    add_link(&database, "reset", "reset").await;
    let before = database.rows().await;
    let rotated = session("reader-1", 4);
    let new = new_hash("reader-1", "$hash$new");
    let refused = database.change_password(&new, "$hash$another", Some(&opening(&rotated)), &record()).await;
    assert!(!refused.unwrap());
    assert_eq!(database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_12_a_reset_revokes_every_session_and_link_and_verifies_the_address(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let reset = add_link(&database, "reset", "reset-password").await;
    add_link(&database, "delete", "delete").await;
    let (new, browser) = (new_hash("reader-1", "$hash$new"), device(1));
    let spent = database.reset_password(&reset, &new, Some(&browser), &trace_at(NOW.plus_seconds(9))).await;
    assert_eq!(spent.unwrap(), ConsumeOutcome::Now);
    assert_eq!(count(&database, "bookplate_links").await, 0);
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert!(database.find_session("handle-2").await.unwrap().is_some());
    let found = database.find_credentials("reader1@example.com", Some("device-1")).await.unwrap().unwrap();
    assert_eq!(found.password_hash, "$hash$new");
    assert!(found.user.email_verified && found.device_known);
    assert_eq!(found.user.updated_at, NOW.plus_seconds(9));
    let waiting = "select count(*) from bookplate_users where unverified_since is not null";
    assert_eq!(database.number(waiting).await, 1, "the other reader");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_reset_link_does_nothing_once_it_is_used_or_expired(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let reset = add_link(&database, "reset", "reset").await;
    let new = new_hash("reader-1", "$hash$new");
    let before = database.rows().await;
    let late = trace_at(reset.expires_at);
    assert_eq!(database.reset_password(&reset, &new, None, &late).await.unwrap(), ConsumeOutcome::Not);
    let other = link("reset", "reader-1", "delete");
    assert_eq!(database.reset_password(&other, &new, None, &record()).await.unwrap(), ConsumeOutcome::Not);
    assert_eq!(database.rows().await, before);
    assert_eq!(database.reset_password(&reset, &new, None, &record()).await.unwrap(), ConsumeOutcome::Now);
    let after = database.rows().await;
    let again = new_hash("reader-1", "$hash$third");
    assert_eq!(database.reset_password(&reset, &again, None, &record()).await.unwrap(), ConsumeOutcome::Not);
    assert_eq!(database.rows().await, after);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_reset_verifies_no_other_address_and_creates_a_missing_password(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let without = storage::NewAccount { password_hash: None, ..account(1) };
    assert!(database.create_account(&without, None, &record()).await.unwrap());
    assert!(database.find_credentials("reader1@example.com", None).await.unwrap().is_none());
    let reset = add_link(&database, "reset", "reset").await;
    database.arrange("update bookplate_users set email = 'moved@example.com'").await;
    let new = new_hash("reader-1", "$hash$new");
    assert_eq!(database.reset_password(&reset, &new, None, &record()).await.unwrap(), ConsumeOutcome::Now);
    let found = database.find_credentials("moved@example.com", None).await.unwrap().unwrap();
    assert_eq!(found.password_hash, "$hash$new");
    assert!(!found.user.email_verified);
    assert_eq!(count(&database, "bookplate_accounts").await, 1);
    database.arrange("delete from bookplate_accounts").await;
    let reset = add_link(&database, "second", "reset").await;
    assert_eq!(database.reset_password(&reset, &new, None, &record()).await.unwrap(), ConsumeOutcome::Now);
    assert_eq!(database.sign_in_methods("reader-1").await.unwrap()[0].id, "credential-new");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_verification_link_works_once_and_stays_marked_as_used(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let verify = add_link(&database, "verify", "verify").await;
    let second = session("reader-1", 2);
    let before = database.rows().await;
    let late = trace_at(verify.expires_at);
    assert_eq!(
        database.verify_email(&verify, Some(&opening(&second)), &late).await.unwrap(),
        ConsumeOutcome::Not
    );
    assert_eq!(database.rows().await, before);
    let later = trace_at(NOW.plus_seconds(9));
    assert_eq!(
        database.verify_email(&verify, Some(&opening(&second)), &later).await.unwrap(),
        ConsumeOutcome::Now
    );
    let user = database.find_user("reader-1").await.unwrap().unwrap();
    assert!(user.email_verified);
    assert_eq!(user.updated_at, NOW.plus_seconds(9));
    assert!(database.find_session("handle-2").await.unwrap().is_some());
    let marked = database.find_link("verify").await.unwrap().unwrap();
    assert_eq!(marked.used_at, Some(NOW.plus_seconds(9).millis()));
    let after = database.rows().await;
    let third = session("reader-1", 3);
    assert_eq!(
        database.verify_email(&verify, Some(&opening(&third)), &record()).await.unwrap(),
        ConsumeOutcome::Not
    );
    assert_eq!(database.rows().await, after);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_former_address_verifies_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let verify = add_link(&database, "verify", "verify").await;
    database.arrange("update bookplate_users set email = 'moved@example.com'").await;
    let before = database.rows().await;
    assert_eq!(database.verify_email(&verify, None, &record()).await.unwrap(), ConsumeOutcome::Not);
    assert_eq!(database.rows().await, before, "not even marked as used");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn changing_the_address_works_once_and_deletes_the_other_links(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let change = add_link(&database, "change", "change").await;
    add_link(&database, "reset", "reset").await;
    let later = trace_at(NOW.plus_seconds(9));
    assert_eq!(database.change_email(&change, "new@example.com", &later).await.unwrap(), ConsumeOutcome::Now);
    let user = database.find_user_by_email("new@example.com").await.unwrap().unwrap();
    assert_eq!((user.id.as_str(), user.email_verified), ("reader-1", false));
    assert_eq!(user.updated_at, NOW.plus_seconds(9));
    assert_eq!(count(&database, "bookplate_links").await, 0);
    assert!(database.find_session("handle-1").await.unwrap().is_some());
    let after = database.rows().await;
    assert_eq!(
        database.change_email(&change, "third@example.com", &record()).await.unwrap(),
        ConsumeOutcome::Not
    );
    assert_eq!(database.rows().await, after);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_is_refused_and_the_link_is_deleted(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let mine = signed_up(&database, 1).await;
    let theirs = signed_up(&database, 2).await;
    let change = add_link(&database, "change", "change").await;
    let events = count(&database, "bookplate_events").await;
    assert_eq!(
        database.change_email(&change, &theirs.email, &record()).await.unwrap(),
        ConsumeOutcome::Taken
    );
    assert_eq!(database.find_user("reader-1").await.unwrap().unwrap().email, mine.email);
    assert!(database.find_link("change").await.unwrap().is_none());
    assert_eq!(count(&database, "bookplate_events").await, events);
}
