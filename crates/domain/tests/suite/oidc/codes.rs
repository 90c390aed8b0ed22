use std::sync::Arc;

use domain::{Authorized, OAuthErrorCode};
use rstest::rstest;
use testkit::databases::Kind;

use super::{CALLBACK, VERIFIER, pages, parameters, request, service};
use crate::fixtures::book::Book;

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_30_a_code_is_exchanged_once_and_its_reuse_revokes_what_it_gave(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with_clients(kind.migrated().await).await;
    let ada = book.reader("ada").await;
    let code = book.code(&[], &ada).await;
    let issued = book.exchange(&code).await.unwrap();
    let (access, refresh) = (issued.access_token.token, issued.refresh_token.unwrap());
    assert!(book.services.tokens.verify_for_conversations(&access).await.is_ok());
    assert_eq!(book.exchange(&code).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
    assert!(book.services.tokens.verify_for_conversations(&access).await.is_err());
    assert_eq!(book.refresh(&refresh).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
    assert_eq!(book.grants().await, 0);
    assert!(book.lives(&ada).await, "the session itself goes on");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_30_of_32_exchanges_at_once_one_gets_tokens(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Arc::new(Book::with_clients(kind.migrated().await).await);
    let ada = book.reader("ada").await;
    let code = book.code(&[], &ada).await;
    let exchanges: Vec<_> = (0..32)
        .map(|_| {
            let (book, code) = (Arc::clone(&book), code.clone());
            tokio::spawn(async move { book.exchange(&code).await.is_ok() })
        })
        .collect();
    let mut granted = 0;
    for exchange in exchanges {
        granted += i32::from(exchange.await.unwrap());
    }
    assert_eq!(granted, 1);
    assert_eq!(book.grants().await, 0, "reuse revokes what the first one gave");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_30_a_code_that_is_presented_wrongly_is_spent(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with_clients(kind.migrated().await).await;
    let ada = book.reader("ada").await;
    let wrong_verifier = "a".repeat(43);
    let right = [("redirect_uri", CALLBACK), ("code_verifier", VERIFIER)];
    let cases = [
        (pages(), [("redirect_uri", CALLBACK), ("code_verifier", wrong_verifier.as_str())]),
        (pages(), [("redirect_uri", "https://pages.example/callback?of=book"), ("code_verifier", VERIFIER)]),
        (service(), right),
    ];
    for (client, sent) in cases {
        let code = book.code(&[], &ada).await;
        let sent = parameters(&[sent[0], sent[1], ("code", &code)]);
        let refused = book.services.oidc.exchange_code(&client, &sent).await.unwrap_err();
        assert_eq!(refused.code, OAuthErrorCode::InvalidGrant, "{sent:?}");
        assert_eq!(book.exchange(&code).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
    }
    assert_eq!(book.grants().await, 0);
}

#[tokio::test]
async fn security_30_a_verifier_is_required_and_has_the_right_length() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let code = book.code(&[], &ada).await;
    let long = "a".repeat(129);
    for verifier in ["", "short", long.as_str()] {
        let sent = parameters(&[("code", &code), ("redirect_uri", CALLBACK), ("code_verifier", verifier)]);
        let refused = book.services.oidc.exchange_code(&pages(), &sent).await.unwrap_err();
        assert_eq!(refused.code, OAuthErrorCode::InvalidRequest, "{verifier:?}");
    }
    // A request that could not be meant has not spent the code.
    assert!(book.exchange(&code).await.is_ok());
}

#[tokio::test]
async fn a_code_is_good_for_a_minute_and_noticed_for_a_day() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let (first, second) = (book.code(&[], &ada).await, book.code(&[], &ada).await);
    book.ports.clock.advance_seconds(59);
    assert!(book.exchange(&first).await.is_ok());
    book.ports.clock.advance_seconds(1);
    assert_eq!(book.exchange(&second).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
    book.services.run_maintenance().await.unwrap();
    assert_eq!(book.count("bookplate_authorization_codes").await, 2);
    book.ports.clock.advance_seconds(86_400);
    book.services.run_maintenance().await.unwrap();
    assert_eq!(book.count("bookplate_authorization_codes").await, 0);
    assert_eq!(book.exchange(&first).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
}

#[tokio::test]
async fn codes_and_grants_end_with_their_session() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let waiting = book.code(&[], &ada).await;
    let issued = book.tokens(&ada).await;
    book.signs_out(&ada).await;
    assert_eq!(book.exchange(&waiting).await.unwrap_err().code, OAuthErrorCode::InvalidGrant);
    assert!(book.refresh(&issued.refresh_token.unwrap()).await.is_err());
    assert!(book.services.tokens.verify_for_conversations(&issued.access_token.token).await.is_err());
    assert_eq!(book.grants().await, 0);
    assert!(matches!(book.authorize(&request(&[]), None).await, Authorized::SignIn(_)));
}

#[tokio::test]
async fn nothing_in_the_database_redeems_a_code_or_a_refresh_token() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let code = book.code(&[], &ada).await;
    let refresh = book.tokens(&ada).await.refresh_token.unwrap();
    let key = refresh.rsplit_once('.').unwrap().1.to_owned();
    for row in book.database.rows().await {
        assert!(!row.contains(&code) && !row.contains(&key), "{row}");
    }
}
