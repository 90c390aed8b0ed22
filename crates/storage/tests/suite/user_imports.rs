use rstest::rstest;
use storage::{Ban, ImportUserOutcome};
use testkit::databases::Kind;

use crate::fixtures::{NOW, account, count, record};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_imported_with_password_and_ban(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut account = account(1);
    account.user.id = "Zq0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT".into();
    account.user.email_verified = true;
    account.user.created_at = NOW.plus_seconds(-1_000_000);
    account.user.ban = Ban {
        banned_at: Some(NOW.millis()),
        ban_reason: Some("spam".into()),
        ban_expires_at: Some(NOW.plus_seconds(60).millis()),
    };
    assert_eq!(database.import_account(&account, &record()).await.unwrap(), ImportUserOutcome::New);

    let found = database.find_credentials(&account.user.email, None).await.unwrap().unwrap();
    assert_eq!(Some(found.password_hash), account.password_hash);
    assert_eq!(found.user.id, account.user.id);
    assert_eq!(found.user.ban, account.user.ban);
    assert_eq!(found.user.answers, account.user.answers);
    assert_eq!(found.user.created_at, account.user.created_at);
    assert!(found.user.email_verified);
    assert_eq!(count(&database, "bookplate_events").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_unverified_address_counts_from_the_import_on(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut account = account(1);
    account.user.created_at = NOW.plus_seconds(-1_000_000);
    database.import_account(&account, &record()).await.unwrap();
    let since = database.number("select unverified_since from bookplate_users").await;
    assert_eq!(since, record().event.at.millis());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_existing_user_is_not_changed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    database.import_account(&account(1), &record()).await.unwrap();
    let before = database.rows().await;
    let mut again = account(1);
    again.user.name = "Somebody else".into();
    again.user.email = "another@example.com".into();
    again.password_hash = None;
    assert_eq!(database.import_account(&again, &record()).await.unwrap(), ImportUserOutcome::SameId);
    assert_eq!(database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn importing_a_taken_address_stores_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    database.import_account(&account(1), &record()).await.unwrap();
    let before = database.rows().await;
    let mut other = account(2);
    other.user.email = account(1).user.email;
    assert_eq!(database.import_account(&other, &record()).await.unwrap(), ImportUserOutcome::AddressTaken);
    assert_eq!(database.rows().await, before);
}
