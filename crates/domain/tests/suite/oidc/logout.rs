use domain::{ClientInfo, LoggedOut, LogoutError, SignedIn};
use testkit::databases::Kind;
use url::form_urlencoded;

use crate::fixtures::book::Book;

const BYE: &str = "https://pages.example/bye";

async fn log_out(
    book: &Book,
    pairs: &[(&str, &str)],
    signed_in: Option<&SignedIn>,
) -> Result<LoggedOut, LogoutError> {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    book.services.oidc.log_out(&query, signed_in, &ClientInfo::default()).await
}

#[tokio::test]
async fn a_client_signs_out_the_session_of_its_id_token() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let issued = book.tokens(&ada).await;
    // An ID token counts here long after it has expired.
    book.ports.clock.advance_seconds(7200);
    let hint = issued.id_token.unwrap();
    let sent = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE), ("state", "a b")];
    let outcome = log_out(&book, &sent, Some(&ada)).await.unwrap();
    assert_eq!(outcome, LoggedOut::Respond(Some(format!("{BYE}?state=a+b"))));
    assert!(!book.lives(&ada).await);
    assert!(book.refresh(&issued.refresh_token.unwrap()).await.is_err());
    // Once more, with nobody signed in.
    assert_eq!(log_out(&book, &sent[..2], None).await.unwrap(), LoggedOut::Respond(Some(BYE.into())));
}

#[tokio::test]
async fn without_a_hint_of_this_session_the_reader_is_asked_first() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let (ada, bea) = (book.reader("ada").await, book.reader("bea").await);
    let hint = book.tokens(&ada).await.id_token.unwrap();
    let access = book.tokens(&ada).await.access_token.token;
    let named = [("client_id", "pages"), ("post_logout_redirect_uri", BYE)];
    let hinted = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", BYE)];
    let no_hint = [("id_token_hint", access.as_str()), named[0], named[1]];
    let cases: [(&[(&str, &str)], &SignedIn); 4] =
        [(&[], &ada), (&named, &ada), (&hinted, &bea), (&no_hint, &ada)];
    for (sent, signed_in) in cases {
        let outcome = log_out(&book, sent, Some(signed_in)).await.unwrap();
        let LoggedOut::Ask(page) = outcome else { panic!("{sent:?}: {outcome:?}") };
        assert!(page.as_str().starts_with("/sign-out?next=/oauth2/logout%3F"), "{page:?}");
        assert!(book.lives(signed_in).await);
    }
}

#[tokio::test]
async fn security_29_nobody_is_sent_where_the_client_has_not_registered() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    let hint = book.tokens(&ada).await.id_token.unwrap();
    for uri in [
        "https://pages.example/bye/",
        "https://pages.example/bye?x",
        "https://evil.example/",
        "/bye",
        "javascript:x",
    ] {
        let sent = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", uri)];
        assert!(matches!(log_out(&book, &sent, Some(&ada)).await, Err(LogoutError::Refused(_))), "{uri}");
    }
    let unnamed = [("post_logout_redirect_uri", BYE)];
    let foreign = [("id_token_hint", hint.as_str()), ("client_id", "service"), unnamed[0]];
    let unknown = [("client_id", "nobody"), unnamed[0]];
    for sent in [&unnamed[..], &foreign, &unknown] {
        assert!(matches!(log_out(&book, sent, Some(&ada)).await, Err(LogoutError::Refused(_))), "{sent:?}");
    }
    assert!(book.lives(&ada).await);
}
