use contract::Timestamp;
use storage::StorageError;
use testkit::{databases::TestDatabase, on_each_database};

use crate::fixtures::{NOW, account, answers, count, session, signed_up};

on_each_database!(
    a_stored_reader_is_found_again_with_everything_that_was_said,
    any_text_comes_back_as_it_was,
    a_taken_address_leaves_nothing_behind,
    a_refused_sign_up_does_not_end_the_session_the_browser_brought_along,
    a_sign_up_ends_the_session_the_browser_brought_along,
    an_unknown_address_has_no_credentials,
    a_reader_without_a_password_has_no_credentials,
    a_failed_sign_up_leaves_nothing_behind,
    a_profile_is_changed_and_nothing_beside_it,
    a_profile_that_changed_since_it_was_read_is_not_overwritten,
    the_profile_of_a_reader_who_is_gone_is_not_stored,
    everything_of_a_reader_goes_with_the_reader,
);

async fn a_stored_reader_is_found_again_with_everything_that_was_said(database: TestDatabase) {
    let mut account = account(1);
    account.user.email_verified = true;
    account.user.updated_at = NOW.plus_seconds(5);
    assert!(database.create_account(&account, &session("reader-1", 1), None).await.unwrap());

    let found = database.find_credentials("reader1@example.com").await.unwrap().unwrap();
    assert_eq!(found.password_hash, "$hash$1");
    let by_id = database.find_user("reader-1").await.unwrap().unwrap();
    for user in [found.user, by_id] {
        assert_eq!(user.id, "reader-1");
        assert_eq!(user.email, "reader1@example.com");
        assert!(user.email_verified);
        assert_eq!(user.name, "Reader 1");
        assert_eq!(user.image.as_deref(), Some("https://example.com/a.png"));
        assert_eq!(user.answers, answers("binder"));
        assert_eq!((user.created_at, user.updated_at), (NOW, NOW.plus_seconds(5)));
    }
    let signed_in = database.find_session("handle-1").await.unwrap().unwrap();
    assert_eq!(signed_in.user.id, "reader-1");
}

async fn any_text_comes_back_as_it_was(database: TestDatabase) {
    let text = "O'Neil \"Zoë\" 𝒜📚 \\ %_; drop table bookplate_users; -- $1 {}";
    let mut account = account(1);
    account.user.name = text.into();
    account.user.image = None;
    account.user.answers = answers(text);
    assert!(database.create_account(&account, &session("reader-1", 1), None).await.unwrap());
    let user = database.find_user("reader-1").await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.image), (text, None));
    assert_eq!(user.answers.get("roleOther"), Some(text));
}

async fn a_taken_address_leaves_nothing_behind(database: TestDatabase) {
    signed_up(&database, 1).await;
    let before = database.rows().await;
    let mut second = account(2);
    second.user.email = "reader1@example.com".into();
    assert!(!database.create_account(&second, &session("reader-2", 2), None).await.unwrap());
    assert_eq!(database.rows().await, before);
}

async fn a_refused_sign_up_does_not_end_the_session_the_browser_brought_along(database: TestDatabase) {
    signed_up(&database, 1).await;
    let mut second = account(2);
    second.user.email = "reader1@example.com".into();
    assert!(!database.create_account(&second, &session("reader-2", 2), Some("handle-1")).await.unwrap());
    assert!(database.find_session("handle-1").await.unwrap().is_some());
}

async fn a_sign_up_ends_the_session_the_browser_brought_along(database: TestDatabase) {
    signed_up(&database, 1).await;
    assert!(database.create_account(&account(2), &session("reader-2", 2), Some("handle-1")).await.unwrap());
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert!(database.find_session("handle-2").await.unwrap().is_some());
}

async fn an_unknown_address_has_no_credentials(database: TestDatabase) {
    signed_up(&database, 1).await;
    for address in ["reader2@example.com", "Reader1@example.com", "reader1@example.co", "%", ""] {
        assert!(database.find_credentials(address).await.unwrap().is_none(), "{address}");
    }
    assert!(database.find_user("reader-2").await.unwrap().is_none());
}

async fn a_reader_without_a_password_has_no_credentials(database: TestDatabase) {
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    database.arrange("update bookplate_accounts set password_hash = null where user_id = 'reader-1'").await;
    database
        .arrange("update bookplate_accounts set provider_id = 'elsewhere' where user_id = 'reader-2'")
        .await;
    assert!(database.find_credentials("reader1@example.com").await.unwrap().is_none());
    assert!(database.find_credentials("reader2@example.com").await.unwrap().is_none());
}

/// The last of the three rows cannot be stored, so the first two must not stay.
async fn a_failed_sign_up_leaves_nothing_behind(database: TestDatabase) {
    signed_up(&database, 1).await;
    let before = database.rows().await;
    let failed = database.create_account(&account(2), &session("reader-2", 1), None).await;
    assert!(matches!(failed, Err(StorageError::Fault(_))), "{failed:?}");
    assert_eq!(database.rows().await, before);
}

async fn a_profile_is_changed_and_nothing_beside_it(database: TestDatabase) {
    let user = signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let others = || async {
        let rows = database.rows().await;
        rows.into_iter().filter(|row| !row.contains("reader1@example.com")).collect::<Vec<_>>()
    };
    let before = others().await;
    let mut changed = user.clone();
    changed.name = "Ada".into();
    changed.image = None;
    changed.answers = answers("printer");
    changed.updated_at = NOW.plus_seconds(1);
    // These are not part of a profile.
    changed.email = "other@example.com".into();
    changed.email_verified = true;
    changed.created_at = Timestamp::from_millis(0);
    assert!(database.update_profile(&changed, user.updated_at).await.unwrap());

    let stored = database.find_user("reader-1").await.unwrap().unwrap();
    assert_eq!((stored.name.as_str(), stored.image.as_deref()), ("Ada", None));
    assert_eq!(stored.answers, answers("printer"));
    assert_eq!(stored.updated_at, NOW.plus_seconds(1));
    assert_eq!((stored.email, stored.email_verified, stored.created_at), (user.email, false, NOW));
    assert_eq!(others().await, before);
}

async fn a_profile_that_changed_since_it_was_read_is_not_overwritten(database: TestDatabase) {
    let user = signed_up(&database, 1).await;
    let mut first = user.clone();
    first.name = "First".into();
    first.updated_at = NOW.plus_seconds(1);
    let mut second = user.clone();
    second.name = "Second".into();
    second.updated_at = NOW.plus_seconds(2);
    assert!(database.update_profile(&first, user.updated_at).await.unwrap());
    assert!(!database.update_profile(&second, user.updated_at).await.unwrap());
    assert_eq!(database.find_user("reader-1").await.unwrap().unwrap().name, "First");
}

async fn the_profile_of_a_reader_who_is_gone_is_not_stored(database: TestDatabase) {
    let user = account(1).user;
    assert!(!database.update_profile(&user, user.updated_at).await.unwrap());
    assert_eq!(count(&database, "bookplate_users").await, 0);
}

async fn everything_of_a_reader_goes_with_the_reader(database: TestDatabase) {
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    let store = storage::RecordStore::new(&database).await.unwrap();
    store.open(crate::fixtures::key(1)).await.unwrap();
    store.open(crate::fixtures::key(2)).await.unwrap();
    database.arrange("delete from bookplate_users where id = 'reader-1'").await;
    for table in ["bookplate_users", "bookplate_accounts", "bookplate_sessions", "bookplate_session_records"]
    {
        assert_eq!(count(&database, table).await, 1, "{table}");
    }
    assert!(database.find_session("handle-2").await.unwrap().is_some());
}
