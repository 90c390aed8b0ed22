use std::sync::Arc;

use domain::{Client, ClientInfo, OAuthErrorCode, Renewal};
use rstest::rstest;
use testkit::databases::Kind;

use super::{claims, pages, parameters, service};
use crate::fixtures::book::{Book, DAY, ISSUER};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_31_a_refresh_token_rotates_and_its_reuse_ends_the_family(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with_clients(kind.migrated().await).await;
    let ada = book.reader("ada").await;
    let first = book.tokens(&ada).await.refresh_token.unwrap();
    let second = book.refresh(&first).await.unwrap().refresh_token.unwrap();
    assert_ne!(first, second);
    book.ports.clock.advance_seconds(11);
    assert_eq!(book.refresh(&first).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
    assert_eq!(book.refresh(&second).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
    assert_eq!(book.grants().await, 0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_given_again_within_ten_seconds_with_the_same_successor(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with_clients(kind.migrated().await).await;
    let ada = book.reader("ada").await;
    let first = book.tokens(&ada).await.refresh_token.unwrap();
    let second = book.refresh(&first).await.unwrap().refresh_token.unwrap();
    book.ports.clock.advance_seconds(10);
    assert_eq!(book.refresh(&first).await.unwrap().refresh_token.unwrap(), second);
    let third = book.refresh(&second).await.unwrap().refresh_token.unwrap();
    // The first is no predecessor of the newest any more.
    assert!(book.refresh(&first).await.is_err());
    assert!(book.refresh(&third).await.is_err(), "reuse has ended the family");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn tabs_that_refresh_at_once_get_the_same_successor(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Arc::new(Book::with_clients(kind.migrated().await).await);
    let ada = book.reader("ada").await;
    let first = book.tokens(&ada).await.refresh_token.unwrap();
    let tabs: Vec<_> = (0..8)
        .map(|_| {
            let (book, first) = (Arc::clone(&book), first.clone());
            tokio::spawn(async move { book.refresh(&first).await.unwrap().refresh_token.unwrap() })
        })
        .collect();
    let mut successors = Vec::new();
    for tab in tabs {
        successors.push(tab.await.unwrap());
    }
    successors.dedup();
    assert_eq!(successors.len(), 1);
    assert!(book.refresh(&successors[0]).await.is_ok());
}

#[tokio::test]
async fn security_31_a_refresh_token_is_its_clients_alone_and_never_grows() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let oidc = &book.services.oidc;
    let token = book.tokens(&ada).await.refresh_token.unwrap();
    let foreign = oidc.refresh(&service(), &token, &parameters(&[])).await.unwrap_err();
    assert_eq!(foreign.code, OAuthErrorCode::InvalidGrant);
    let grown = parameters(&[("scope", "openid conversations:read")]);
    let refused = oidc.refresh(&pages(), &token, &grown).await.unwrap_err();
    assert_eq!(refused.code, OAuthErrorCode::InvalidScope);
    let elsewhere = parameters(&[("resource", "https://other.example")]);
    let refused = oidc.refresh(&pages(), &token, &elsewhere).await.unwrap_err();
    assert_eq!(refused.code, OAuthErrorCode::InvalidTarget);
    // None of these was a use of the token.
    let fewer = oidc.refresh(&pages(), &token, &parameters(&[("scope", "openid")])).await.unwrap();
    assert_eq!(fewer.access_token.scopes.to_string(), "openid");
    let next = oidc.refresh(&pages(), &fewer.refresh_token.unwrap(), &parameters(&[])).await.unwrap();
    assert_eq!(next.access_token.scopes.to_string(), "openid profile email conversations:write");
    assert_eq!(
        oidc.refresh(&pages(), "made-up", &parameters(&[])).await.unwrap_err().code,
        OAuthErrorCode::InvalidGrant
    );
}

#[tokio::test]
async fn a_refresh_is_a_use_of_the_session_which_ends_after_ninety_days_all_the_same() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let mut token = book.tokens(&ada).await.refresh_token.unwrap();
    for elapsed in (1..=14).map(|renewals| renewals * 6 * DAY) {
        book.ports.clock.advance_seconds(6 * DAY);
        let issued = book.refresh(&token).await.unwrap();
        assert_eq!(issued.refresh_lifetime, Some((7 * DAY).min(90 * DAY - elapsed)));
        token = issued.refresh_token.unwrap();
    }
    assert!(book.resolve(&ada, Renewal::Never).await.is_some(), "84 days after it was opened");
    book.ports.clock.advance_seconds(6 * DAY);
    assert_eq!(book.refresh(&token).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
}

#[tokio::test]
async fn families_end_with_a_changed_password_elsewhere_a_ban_and_deletion() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let elsewhere = book.enters("ada", &ClientInfo::default()).await;
    let token = book.tokens(&elsewhere).await.refresh_token.unwrap();
    let device = domain::ClientMetadata::default();
    book.services.sessions.revoke_all(&ada.user.id, Some(&ada.session), &device).await.unwrap();
    assert!(book.refresh(&token).await.is_err());
    assert_eq!(book.grants().await, 0);
}

#[tokio::test]
async fn a_first_party_client_has_tokens_for_each_of_its_audiences_and_others_for_the_granted_one() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let code = book.code(&[("resource", "https://chatbot.example")], &ada).await;
    let mut token = book.exchange(&code).await.unwrap().refresh_token.unwrap();
    for (resource, aud) in [
        ("", "https://chatbot.example"),
        (ISSUER, ISSUER),
        ("https://reader.example", "https://reader.example"),
        ("https://chatbot.example", "https://chatbot.example"),
    ] {
        let sent = parameters(&[("resource", resource)]);
        let issued = book.services.oidc.refresh(&pages(), &token, &sent).await.unwrap();
        assert_eq!(claims(&issued.access_token.token)["aud"], aud, "{resource}");
        token = issued.refresh_token.unwrap();
    }
    let consenting = Client { first_party: false, ..pages() };
    for (resource, is_granted) in [("https://reader.example", false), (ISSUER, false), ("", true)] {
        let sent = parameters(&[("resource", resource)]);
        let refreshed = book.services.oidc.refresh(&consenting, &token, &sent).await;
        assert_eq!(refreshed.is_ok(), is_granted, "{resource}: {refreshed:?}");
    }
}
