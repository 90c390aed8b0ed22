use domain::{Authorized, ClientMetadata, SignedIn, contract::LocalPath};
use rstest::rstest;
use testkit::databases::Kind;

use super::{answered, parameters, query_of, request, service, way_back};
use crate::fixtures::book::Book;

/// A request of the client that needs consent.
fn of_service(changes: &[(&str, &str)]) -> String {
    let own = [("client_id", "service"), ("redirect_uri", "https://service.example/callback")];
    let scope = [("scope", "openid offline_access conversations:read")];
    let scope = if changes.iter().any(|(name, _)| *name == "scope") { &[][..] } else { &scope };
    request(&[&own, scope, changes].concat())
}

async fn decide(book: &Book, next: &LocalPath, reader: &SignedIn, allow: bool) -> LocalPath {
    let device = ClientMetadata::default();
    book.services.oidc.decide_consent(next, reader, allow, &device).await.unwrap().unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_32_a_reader_is_asked_once_and_again_for_more(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with_clients(kind.migrated().await).await;
    let ada = book.reader("ada").await;
    let none = book.authorize(&of_service(&[("prompt", "none")]), Some(&ada)).await;
    assert_eq!(answered(&none, "error").as_deref(), Some("consent_required"));
    let asked = book.authorize(&of_service(&[]), Some(&ada)).await;
    let next = match &asked {
        Authorized::Consent(next) => next,
        other => panic!("{other:?}"),
    };
    let to = book.services.oidc.return_to(next, Some(&ada)).unwrap();
    assert_eq!(to.scopes.to_string(), "openid offline_access conversations:read");
    let next = decide(&book, next, &ada, true).await;
    assert!(answered(&book.authorize(query_of(&next), Some(&ada)).await, "code").is_some());
    // Now it is known, without a page.
    assert!(
        answered(&book.authorize(&of_service(&[("prompt", "none")]), Some(&ada)).await, "code").is_some()
    );
    let fewer = of_service(&[("scope", "openid")]);
    assert!(answered(&book.authorize(&fewer, Some(&ada)).await, "code").is_some());
    let more = of_service(&[("scope", "openid email")]);
    let asked = book.authorize(&more, Some(&ada)).await;
    let next = decide(&book, way_back(&asked), &ada, true).await;
    assert!(answered(&book.authorize(query_of(&next), Some(&ada)).await, "code").is_some());
    assert!(
        answered(&book.authorize(&of_service(&[]), Some(&ada)).await, "code").is_some(),
        "both stay allowed"
    );
    let anew = book.authorize(&of_service(&[("prompt", "consent")]), Some(&ada)).await;
    assert!(matches!(anew, Authorized::Consent(_)));
    let bea = book.reader("bea").await;
    assert!(matches!(book.authorize(&fewer, Some(&bea)).await, Authorized::Consent(_)));
}

#[tokio::test]
async fn a_reader_who_refuses_is_sent_back_with_access_denied_and_nothing_is_kept() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let asked = book.authorize(&of_service(&[]), Some(&ada)).await;
    let refused = decide(&book, way_back(&asked), &ada, false).await;
    let authorized = book.authorize(query_of(&refused), Some(&ada)).await;
    assert_eq!(answered(&authorized, "error").as_deref(), Some("access_denied"));
    assert_eq!(answered(&authorized, "state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(book.count("bookplate_consents").await, 0);
    // The refusal is this reader's for this request.
    let bea = book.reader("bea").await;
    assert!(matches!(book.authorize(query_of(&refused), Some(&bea)).await, Authorized::Consent(_)));
    assert!(matches!(book.authorize(&of_service(&[]), Some(&ada)).await, Authorized::Consent(_)));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn withdrawing_a_consent_ends_what_the_client_was_granted(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = Book::with_clients(kind.migrated().await).await;
    let ada = book.reader("ada").await;
    let pages = book.tokens(&ada).await.refresh_token.unwrap();
    let asked = book.authorize(&of_service(&[]), Some(&ada)).await;
    let next = decide(&book, way_back(&asked), &ada, true).await;
    let code = answered(&book.authorize(query_of(&next), Some(&ada)).await, "code").unwrap();
    let sent = [
        ("code", code.as_str()),
        ("redirect_uri", "https://service.example/callback"),
        ("code_verifier", super::VERIFIER),
    ];
    let issued = book.services.oidc.exchange_code(&service(), &parameters(&sent)).await.unwrap();
    let consents = book.services.oidc.consents(&ada.user.id).await.unwrap();
    assert_eq!(consents[0].1.as_ref().unwrap().name, "A Service");
    let device = ClientMetadata::default();
    book.services.oidc.withdraw_consent(&ada.user.id, "service", &device).await.unwrap();
    let refresh = issued.refresh_token.unwrap();
    assert!(book.services.oidc.refresh(&service(), &refresh, &parameters(&[])).await.is_err());
    assert!(book.services.tokens.verify_for_conversations(&issued.access_token.token).await.is_err());
    assert!(book.services.oidc.consents(&ada.user.id).await.unwrap().is_empty());
    assert!(book.refresh(&pages).await.is_ok(), "other clients are not affected");
    assert!(matches!(book.authorize(&of_service(&[]), Some(&ada)).await, Authorized::Consent(_)));
    let mut kinds: Vec<String> =
        book.happened(&ada.user.id).await.into_iter().map(|(kind, _)| kind).collect();
    // All at one moment of the clock.
    kinds.sort();
    assert_eq!(kinds, ["consent", "consent-withdrawal", "sign-up"]);
}

#[tokio::test]
async fn security_31_a_consent_is_for_the_audience_that_it_was_asked_for() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let asked = book.authorize(&of_service(&[]), Some(&ada)).await;
    decide(&book, way_back(&asked), &ada, true).await;
    let elsewhere = of_service(&[("resource", "https://reader.example"), ("prompt", "none")]);
    let none = book.authorize(&elsewhere, Some(&ada)).await;
    assert_eq!(answered(&none, "error").as_deref(), Some("consent_required"));
    let asked = book.authorize(&of_service(&[("resource", "https://reader.example")]), Some(&ada)).await;
    decide(&book, way_back(&asked), &ada, true).await;
    for known in [elsewhere, of_service(&[("prompt", "none")])] {
        assert!(answered(&book.authorize(&known, Some(&ada)).await, "code").is_some(), "{known}");
    }
}
