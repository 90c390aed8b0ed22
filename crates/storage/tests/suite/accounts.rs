use contract::Timestamp;
use rstest::rstest;
use storage::{NewSession, StorageError};
use testkit::databases::Kind;

use crate::{
    conversations::spoken,
    fixtures::{
        NOW, account, answers, count, device, hash, key, link, mail, opening, record, replacing, session,
        signed_up, trace_of,
    },
};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_account_is_found_with_all_its_fields(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let mut account = account(1);
    account.user.email_verified = true;
    account.user.updated_at = NOW.plus_seconds(5);
    assert!(
        database.create_account(&account, Some(&opening(&session("reader-1", 1))), &record()).await.unwrap()
    );

    let found = database.find_credentials("reader1@example.com", None).await.unwrap().unwrap();
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

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn any_text_is_stored_unchanged(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let text = "O'Neil \"Zoë\" 𝒜📚 \\ %_; drop table bookplate_users; -- $1 {}";
    let mut account = account(1);
    account.user.name = text.into();
    account.user.image = None;
    account.user.answers = answers(text);
    assert!(
        database.create_account(&account, Some(&opening(&session("reader-1", 1))), &record()).await.unwrap()
    );
    let user = database.find_user("reader-1").await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.image), (text, None));
    assert_eq!(user.answers.get("roleOther"), Some(text));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_taken_address_leaves_nothing_behind(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let before = database.rows().await;
    let mut second = account(2);
    second.user.email = "reader1@example.com".into();
    assert!(
        !database.create_account(&second, Some(&opening(&session("reader-2", 2))), &record()).await.unwrap()
    );
    assert_eq!(database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_up_keeps_the_session_the_browser_had(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let mut second = account(2);
    second.user.email = "reader1@example.com".into();
    assert!(
        !database
            .create_account(&second, Some(&replacing(&session("reader-2", 2), "handle-1")), &record())
            .await
            .unwrap()
    );
    assert!(database.find_session("handle-1").await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_deletes_the_session_the_browser_had(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    assert!(
        database
            .create_account(&account(2), Some(&replacing(&session("reader-2", 2), "handle-1")), &record())
            .await
            .unwrap()
    );
    assert!(database.find_session("handle-1").await.unwrap().is_none());
    assert!(database.find_session("handle-2").await.unwrap().is_some());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_address_has_no_credentials(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    for address in ["reader2@example.com", "Reader1@example.com", "reader1@example.co", "%", ""] {
        assert!(database.find_credentials(address, None).await.unwrap().is_none(), "{address}");
    }
    assert!(database.find_user("reader-2").await.unwrap().is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_user_without_a_password_has_no_credentials(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    database.arrange("update bookplate_accounts set password_hash = null where user_id = 'reader-1'").await;
    database
        .arrange("update bookplate_accounts set provider_id = 'elsewhere' where user_id = 'reader-2'")
        .await;
    assert!(database.find_credentials("reader1@example.com", None).await.unwrap().is_none());
    assert!(database.find_credentials("reader2@example.com", None).await.unwrap().is_none());
}

/// The last of the three rows cannot be stored, so the first two must not stay.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_failed_sign_up_leaves_nothing_behind(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    let before = database.rows().await;
    let failed =
        database.create_account(&account(2), Some(&opening(&session("reader-2", 1))), &record()).await;
    assert!(matches!(failed, Err(StorageError::Fault(_))), "{failed:?}");
    assert_eq!(database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_changed_and_nothing_else(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
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

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_changed_since_it_was_read_is_not_overwritten(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
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

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_profile_of_a_deleted_user_is_not_stored(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let user = account(1).user;
    assert!(!database.update_profile(&user, user.updated_at).await.unwrap());
    assert_eq!(count(&database, "bookplate_users").await, 0);
}

/// What a client was granted in a session, with the code and the consent.
async fn grant(database: &storage::Database, user_id: &str, session_id: &str, number: u32) {
    let code = storage::AuthorizationCode {
        id: format!("authorization-code-{number}"),
        session_id: session_id.to_owned(),
        client_id: "book".into(),
        redirect_uri: "https://book.example/callback".into(),
        code_challenge: "challenge".into(),
        audience: None,
        scope: "openid".into(),
        nonce: None,
        created_at: NOW,
        expires_at: NOW.plus_seconds(60),
    };
    database.add_authorization_code(&code).await.unwrap();
    let grant_id = format!("grant-{number}");
    database.redeem_authorization_code(&code.id, &grant_id, NOW, |_| true).await.unwrap();
    let consent = storage::Consent { client_id: "book".into(), scope: "openid".into(), granted_at: NOW };
    database.add_consent(user_id, &consent, &record()).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn everything_of_a_user_is_deleted_with_the_user(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let store = storage::SessionRecordStore::new(&database).await.unwrap();
    for number in [1, 2] {
        let user = signed_up(&database, number).await;
        store.open(key(number)).await.unwrap();
        let (second, browser) = (session(&user.id, number + 10), device(number));
        let opening = NewSession { session: &second, replaced: None, device: Some(&browser) };
        let mut told = trace_of(&user.id);
        told.mails.push(mail(&format!("mail-{number}"), Some(&user.id), 0));
        assert!(database.open_session(&opening, &hash(number), None, &told).await.unwrap(), "{number:?}");
        let link = link(&format!("link-{number}"), &user.id, "reset");
        database.add_link(&link, ["reset", "reset"]).await.unwrap();
        let invitation = storage::Invitation {
            id: format!("invitation-{number}"),
            email: Some(user.email.clone()),
            uses_left: 1,
            created_at: NOW,
            expires_at: NOW.plus_seconds(60),
        };
        database.add_invitation(&invitation, &record()).await.unwrap();
        let request = mail(&format!("request-{number}"), Some(&user.id), 0);
        database.queue_mail(&request).await.unwrap();
        let verification = crate::fixtures::link(&format!("verify-{number}"), &user.id, "verify-email");
        let code = storage::NewCode {
            device_id: browser.id.clone(),
            hash: format!("code-{number}"),
            expires_at: NOW.plus_seconds(60),
        };
        let message = mail(&format!("message-{number}"), Some(&user.id), 0);
        let purposes = ["verify-email", "verify-email"];
        let composed = Some((&message, Some(&code)));
        let replaced =
            database.replace_request_with_mail(&request.id, &verification, purposes, composed).await;
        assert!(replaced.unwrap(), "{number:?}");
        assert!(database.accept_terms(&user.id, "1", &record()).await.unwrap());
        grant(&database, &user.id, &second.id, number).await;
        spoken(&database, &user.id, number).await;
    }
    let tables = database.tables().await;
    for table in &tables {
        let kept =
            ["bookplate_migrations", "bookplate_limits", "bookplate_signing_keys", "bookplate_clients"];
        assert!(
            kept.contains(&table.as_str())
                // What FTS5 keeps for itself, in its own way.
                || table.starts_with("bookplate_search_")
                || count(&database, table).await >= 2,
            "{table} is walked in vain"
        );
    }
    let others = database.rows_holding("reader-2").await;
    let before = count(&database, "bookplate_events").await;
    assert!(database.delete_user("reader-1", &record()).await.unwrap());
    for trait_of_theirs in [
        "reader-1",
        "reader1@example.com",
        "Reader 1",
        &hash(1),
        "link-1",
        "code-1",
        "mail-1",
        "device-1",
        "talk-1",
        "said-1",
        "request-1",
    ] {
        assert_eq!(database.rows_holding(trait_of_theirs).await, Vec::<String>::new(), "{trait_of_theirs}");
    }
    assert!(database.rows_holding(key(1).stored_id()).await.is_empty());
    assert_eq!(database.rows_holding("reader-2").await, others);
    assert_eq!(count(&database, "bookplate_events").await, before + 1, "what happened is still counted");
    assert!(database.find_session("handle-2").await.unwrap().is_some());
    assert_eq!(count(&database, "bookplate_session_records").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_last_sign_in_method_cannot_be_removed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    signed_up(&database, 1).await;
    signed_up(&database, 2).await;
    assert!(!database.remove_sign_in_method("reader-1", "credential-1").await.unwrap());
    database
        .arrange(
            "insert into bookplate_accounts (id, user_id, provider_id, account_id, created_at, updated_at)
            values ('elsewhere', 'reader-1', 'elsewhere', 'e1', 2000000000000, 2000000000000)",
        )
        .await;
    let methods = database.sign_in_methods("reader-1").await.unwrap();
    assert_eq!(
        methods.iter().map(|it| it.provider_id.as_str()).collect::<Vec<_>>(),
        ["credential", "elsewhere"]
    );
    assert!(!database.remove_sign_in_method("reader-1", "credential-2").await.unwrap(), "somebody else's");
    assert!(database.remove_sign_in_method("reader-1", "credential-1").await.unwrap());
    assert!(!database.remove_sign_in_method("reader-1", "elsewhere").await.unwrap());
    assert_eq!(database.sign_in_methods("reader-2").await.unwrap().len(), 1);
}

/// Each costs another amount of work, so each is told apart; our own is none of them.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn one_legacy_hash_of_each_algorithm_is_found(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    for (number, hash) in
        [(1, "$argon2id$a"), (2, "$2b$10$x"), (3, "$2b$10$y"), (4, "$2a$12$z"), (5, "aa:bb"), (6, "cc:dd")]
    {
        let account = storage::NewAccount { password_hash: Some(hash.into()), ..account(number) };
        assert!(database.create_account(&account, None, &record()).await.unwrap());
    }
    let mut found = database.foreign_hashes().await.unwrap();
    found.sort();
    assert_eq!(found, ["$2a$12$z", "$2b$10$x", "aa:bb"]);
}
