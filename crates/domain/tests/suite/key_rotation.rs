//! Rotation of signing keys and of the secret.

use domain::{
    ClientInfo, Flash, KeyState, PUBLISHED_AHEAD, Renewal, Services, Session, SessionHandle, Settings,
    SignedIn, TokenSettings,
};
use rstest::rstest;
use testkit::databases::Kind;

use crate::{
    fixtures::book::{Book, DAY, settings, with_bearer, with_new_secret},
    token_forgery::parts,
};

fn kid(services: &Services, signed_in: &SignedIn) -> String {
    let token = services.tokens.issue(signed_in, None).unwrap();
    parts(&token).0["kid"].as_str().unwrap().to_owned()
}

fn published(services: &Services) -> Vec<String> {
    let jwks = services.tokens.jwks();
    jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn states(services: &Services) -> Vec<KeyState> {
    services.tokens.keys().await.unwrap().into_iter().map(|key| key.state).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_21_a_new_key_is_published_before_it_signs_and_the_old_one_until_its_tokens_expire(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (services, clock) = (&book.services, &book.ports.clock);
    let signed_in = book.reader("ada").await;
    let old = kid(services, &signed_in);
    let running = book.restarted(settings()).await;
    assert!(services.tokens.rotate(PUBLISHED_AHEAD).await.unwrap());
    assert_eq!(states(services).await, [KeyState::Waiting, KeyState::Signing]);
    running.run_maintenance().await.unwrap();
    for services in [services, &running] {
        assert_eq!(published(services).len(), 2);
        assert_eq!(kid(services, &signed_in), old);
    }
    clock.advance_seconds(PUBLISHED_AHEAD - 1);
    let last = running.tokens.issue(&signed_in, None).unwrap();
    assert_eq!(kid(&running, &signed_in), old);
    clock.advance_seconds(1);
    let new = kid(&running, &signed_in);
    assert_ne!(new, old, "without a restart, at the appointed time");
    assert_eq!(kid(services, &signed_in), new);
    assert_eq!(states(services).await, [KeyState::Signing, KeyState::Retiring]);
    assert!(services.tokens.verify(&last).await.is_ok());

    // The longest life of a token, and some for clocks that differ.
    clock.advance_seconds(3600 + 59);
    services.run_maintenance().await.unwrap();
    assert_eq!(published(services).len(), 2);
    clock.advance_seconds(1);
    services.run_maintenance().await.unwrap();
    assert_eq!(published(services), [new]);
    assert_eq!(book.count("bookplate_signing_keys").await, 1);
    assert!(services.tokens.verify(&last).await.is_err());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn waiting_key_prevents_another_rotation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    assert!(book.services.tokens.rotate(PUBLISHED_AHEAD).await.unwrap());
    assert!(!book.services.tokens.rotate(PUBLISHED_AHEAD).await.unwrap());
    assert_eq!(book.count("bookplate_signing_keys").await, 2);
    book.ports.clock.advance_seconds(PUBLISHED_AHEAD);
    assert!(book.services.tokens.rotate(PUBLISHED_AHEAD).await.unwrap());
    assert_eq!(states(&book.services).await, [KeyState::Waiting, KeyState::Signing, KeyState::Retiring]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_rotations_add_one_key(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let other = book.restarted(settings()).await;
    let (one, two) =
        tokio::join!(book.services.tokens.rotate(PUBLISHED_AHEAD), other.tokens.rotate(PUBLISHED_AHEAD));
    assert_eq!([one.unwrap(), two.unwrap()].iter().filter(|added| **added).count(), 1);
    assert_eq!(book.count("bookplate_signing_keys").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn key_can_be_rotated_without_delay(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let old = kid(&book.services, &signed_in);
    let token = book.services.tokens.issue(&signed_in, None).unwrap();
    assert!(book.services.tokens.rotate(0).await.unwrap());
    assert_ne!(kid(&book.services, &signed_in), old);
    assert!(book.services.tokens.verify(&token).await.is_ok());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn waiting_key_can_be_activated_at_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let old = kid(&book.services, &signed_in);
    assert!(book.services.tokens.rotate(PUBLISHED_AHEAD).await.unwrap());
    book.ports.clock.advance_seconds(60);
    assert_eq!(kid(&book.services, &signed_in), old);
    assert!(book.services.tokens.rotate(0).await.unwrap());
    assert_eq!(book.count("bookplate_signing_keys").await, 2, "the one that waited, no third");
    assert_ne!(kid(&book.services, &signed_in), old);
    assert_eq!(states(&book.services).await, [KeyState::Signing, KeyState::Retiring]);
    let restarted = book.restarted(settings()).await;
    assert_eq!(kid(&restarted, &signed_in), kid(&book.services, &signed_in));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn first_key_signs_with_a_clock_that_is_behind(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let first = kid(&book.services, &signed_in);
    book.ports.clock.advance_seconds(-30);
    assert_eq!(kid(&book.services, &signed_in), first);
    book.ports.clock.advance_seconds(30);
    assert!(book.services.tokens.rotate(PUBLISHED_AHEAD).await.unwrap());
    book.ports.clock.advance_seconds(-30);
    assert_eq!(kid(&book.services, &signed_in), first, "a later key keeps its appointed time");
}

async fn resolved(
    services: &Services,
    presented: &SessionHandle,
    renewal: Renewal,
) -> Option<(Session, bool)> {
    let resolved = services.sessions.resolve(presented, renewal).await.unwrap()?;
    Some((resolved.signed_in.session, resolved.renewed))
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn cookie_of_the_previous_secret_still_opens_its_session_and_is_renewed(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let old = book.services.sessions.cookie_value(&signed_in.session.id);
    let later = book.restarted(with_new_secret(true)).await;
    let presented = later.sessions.read_cookie(&old).unwrap();
    let (session, renewed) = resolved(&later, &presented, Renewal::WhenDue).await.unwrap();
    assert_eq!(session.id, signed_in.session.id);
    assert!(renewed, "the browser needs its cookie again");
    assert_eq!(session.expires_at, signed_in.session.expires_at, "which makes it no longer");
    let (_, renewed) = resolved(&later, &presented, Renewal::Never).await.unwrap();
    assert!(!renewed, "whoever may not set a cookie is not told to");

    let new = later.sessions.cookie_value(&session.id);
    assert_ne!(new, old);
    let last = book.restarted(with_new_secret(false)).await;
    assert!(last.sessions.read_cookie(&old).is_none(), "once the old secret is forgotten");
    let presented = last.sessions.read_cookie(&new).unwrap();
    let (_, renewed) = resolved(&last, &presented, Renewal::WhenDue).await.unwrap();
    assert!(!renewed);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn bearer_token_of_the_previous_secret_still_opens_its_session(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::with(database, with_bearer()).await;
    let signed_in = book.reader("ada").await;
    let old = book.services.sessions.token(&signed_in.session.id);
    let rotating = domain::Settings { bearer_sessions: true, ..with_new_secret(true) };
    let later = book.restarted(rotating).await;
    for bearer in [old.clone(), book.services.sessions.cookie_value(&signed_in.session.id)] {
        let presented = later.sessions.read_bearer(&bearer).unwrap();
        let (session, renewed) = resolved(&later, &presented, Renewal::WhenDue).await.unwrap();
        assert_eq!((session.id, renewed), (signed_in.session.id.clone(), true), "{bearer:?}");
    }
    let forgotten = domain::Settings { bearer_sessions: true, ..with_new_secret(false) };
    assert!(book.restarted(forgotten).await.sessions.read_bearer(&old).is_none());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn flash_message_survives_a_secret_rotation(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let session = book.reader("ada").await.session;
    book.services.sessions.browser_state(&session).set(Flash::ProfileSaved).await;
    let later = book.restarted(with_new_secret(true)).await;
    assert_eq!(later.sessions.browser_state(&session).take().await, Some(Flash::ProfileSaved));
    later.sessions.browser_state(&session).set(Flash::PasswordChanged).await;
    assert_eq!(later.sessions.browser_state(&session).take().await, Some(Flash::PasswordChanged));
    // Once the old secret is forgotten the belongings are lost, and nothing else.
    let last = book.restarted(with_new_secret(false)).await;
    last.sessions.browser_state(&session).set(Flash::ProfileSaved).await;
    assert_eq!(last.sessions.browser_state(&session).take().await, None);
    assert_eq!(book.count("bookplate_session_records").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn signing_key_of_the_previous_secret_is_encrypted_again(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    let (key, token) =
        (kid(&book.services, &signed_in), book.services.tokens.issue(&signed_in, None).unwrap());
    assert!(book.services.tokens.rotate(PUBLISHED_AHEAD).await.unwrap());
    let before = book.database.rows_of("bookplate_signing_keys").await;
    let later = book.restarted(with_new_secret(true)).await;
    assert_eq!(kid(&later, &signed_in), key, "no new key is made");
    assert!(later.tokens.verify(&token).await.is_ok());
    let after = book.database.rows_of("bookplate_signing_keys").await;
    assert!(after.len() == 2 && before.iter().all(|row| !after.contains(row)), "both are sealed anew");
    let last = book.restarted(with_new_secret(false)).await;
    assert_eq!(kid(&last, &signed_in), key, "the old secret is not needed any more");
    book.ports.clock.advance_seconds(PUBLISHED_AHEAD);
    assert_ne!(kid(&last, &signed_in), key);
    assert_eq!(published(&last).len(), 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn rate_limit_counts_restart_with_another_secret(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    book.reader("ada").await;
    for _ in 0..20 {
        let wrong = crate::fixtures::book::sign_in("ada", "not the password");
        assert!(book.services.accounts.sign_in(wrong, &ClientInfo::default()).await.is_err());
    }
    let later = book.restarted(with_new_secret(true)).await;
    let right = crate::fixtures::book::sign_in("ada", crate::fixtures::book::PASSWORD);
    later.accounts.sign_in(right, &ClientInfo::default()).await.unwrap();
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_by_themselves_and_a_verifier_that_caches_them_lives_through_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let rotating = || {
        let tokens = TokenSettings { rotation_days: Some(30), ..settings().tokens };
        Settings { tokens, ..settings() }
    };
    let book = Book::with(kind.migrated().await, rotating()).await;
    let (services, clock) = (&book.services, &book.ports.clock);
    let other = book.restarted(rotating()).await;
    let ada = book.reader("ada").await;
    let mut seen = vec![kid(services, &ada)];
    let mut cached = published(services);
    for _ in 0..2 {
        clock.advance_seconds(30 * DAY - 1200);
        // From then on both processes work every five minutes, and the verifier loads the keys anew: as seldom as it may.
        for _ in 0..8 {
            services.run_maintenance().await.unwrap();
            other.run_maintenance().await.unwrap();
            for services in [services, &other] {
                let kid = kid(services, &ada);
                assert!(cached.contains(&kid), "a verifier knows each key before it signs");
                if !seen.contains(&kid) {
                    seen.push(kid);
                }
            }
            cached = published(services);
            assert!(cached.len() <= 2, "one process rotates");
            clock.advance_seconds(300);
        }
    }
    assert_eq!(seen.len(), 3, "two rotations");
    assert!(states(services).await.contains(&KeyState::Signing));
}
