use domain::{Authorized, ClientInfo};
use testkit::databases::Kind;

use super::{answered, query_of, request, way_back};
use crate::fixtures::book::{Book, DAY};

#[tokio::test]
async fn security_32_prompt_login_is_answered_by_a_session_opened_since_and_by_no_other() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    book.ports.clock.advance_seconds(1);
    let asked = book.authorize(&request(&[("prompt", "login")]), Some(&ada)).await;
    let next = way_back(&asked).clone();
    assert!(book.services.oidc.return_to(&next, Some(&ada)).unwrap().has_to_sign_in);
    // Coming back with the same session changes nothing, and asks for the same time.
    let again = book.authorize(query_of(&next), Some(&ada)).await;
    assert_eq!(way_back(&again), &next);
    book.ports.clock.advance_seconds(30);
    let anew = book.enters("ada", &book.visit_with(&ada)).await;
    assert!(!book.services.oidc.return_to(&next, Some(&anew)).unwrap().has_to_sign_in);
    assert!(answered(&book.authorize(query_of(&next), Some(&anew)).await, "code").is_some());
    // The same request begun anew asks anew.
    book.ports.clock.advance_seconds(1);
    let begun_anew = book.authorize(&request(&[("prompt", "login")]), Some(&anew)).await;
    assert!(matches!(begun_anew, Authorized::SignIn(_)));
    // The time cannot be taken to another request.
    let added = query_of(&next).rsplit_once("&interaction=").unwrap().1;
    let other = format!("{}&interaction={added}", request(&[("prompt", "login"), ("state", "other")]));
    assert!(matches!(book.authorize(&other, Some(&anew)).await, Authorized::SignIn(_)));
    // And it is worth nothing after an hour.
    book.ports.clock.advance_seconds(3601);
    assert!(matches!(book.authorize(query_of(&next), Some(&anew)).await, Authorized::SignIn(_)));
}

#[tokio::test]
async fn max_age_asks_for_a_session_that_is_not_older() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    book.ports.clock.advance_seconds(DAY);
    let hour = request(&[("max_age", "3600")]);
    let none = book.authorize(&format!("{hour}&prompt=none"), Some(&ada)).await;
    assert_eq!(answered(&none, "error").as_deref(), Some("login_required"));
    let asked = book.authorize(&hour, Some(&ada)).await;
    let anew = book.enters("ada", &ClientInfo::default()).await;
    assert!(answered(&book.authorize(query_of(way_back(&asked)), Some(&anew)).await, "code").is_some());
    assert!(answered(&book.authorize(&hour, Some(&anew)).await, "code").is_some());
    // Zero is always too old, but for the session that was opened on the way.
    book.ports.clock.advance_seconds(1);
    let zero = book.authorize(&request(&[("max_age", "0")]), Some(&anew)).await;
    book.ports.clock.advance_seconds(5);
    let newest = book.enters("ada", &ClientInfo::default()).await;
    assert!(answered(&book.authorize(query_of(way_back(&zero)), Some(&newest)).await, "code").is_some());
}

#[tokio::test]
async fn prompt_create_leads_the_signed_in_to_sign_up_and_back() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let ada = book.reader("ada").await;
    book.ports.clock.advance_seconds(1);
    let asked = book.authorize(&request(&[("prompt", "create")]), Some(&ada)).await;
    let Authorized::SignUp(next) = &asked else { panic!("{asked:?}") };
    book.ports.clock.advance_seconds(60);
    let bea = book.reader("bea").await;
    assert!(answered(&book.authorize(query_of(next), Some(&bea)).await, "code").is_some());
}

#[tokio::test]
async fn an_id_token_hint_of_another_reader_asks_for_that_one() {
    let book = Book::with_clients(Kind::Sqlite.migrated().await).await;
    let (ada, bea) = (book.reader("ada").await, book.reader("bea").await);
    let hint = book.tokens(&ada).await.id_token.unwrap();
    let asked = request(&[("id_token_hint", &hint), ("prompt", "none")]);
    assert!(answered(&book.authorize(&asked, Some(&ada)).await, "code").is_some());
    let other = book.authorize(&asked, Some(&bea)).await;
    assert_eq!(answered(&other, "error").as_deref(), Some("login_required"));
    // With a page the reader may sign in as the one that is meant; whoever does so as another is not asked for ever.
    book.ports.clock.advance_seconds(1);
    let shown = request(&[("id_token_hint", &hint)]);
    let asked = book.authorize(&shown, Some(&bea)).await;
    let next = way_back(&asked);
    assert!(book.services.oidc.return_to(next, Some(&bea)).unwrap().has_to_sign_in);
    book.ports.clock.advance_seconds(1);
    let bea = book.enters("bea", &ClientInfo::default()).await;
    let other = book.authorize(query_of(next), Some(&bea)).await;
    assert_eq!(answered(&other, "error").as_deref(), Some("login_required"));
    let ada = book.enters("ada", &ClientInfo::default()).await;
    assert!(answered(&book.authorize(query_of(next), Some(&ada)).await, "code").is_some());
    // A token that is none of ours is no hint.
    assert!(
        answered(&book.authorize(&request(&[("id_token_hint", "x.y.z")]), Some(&ada)).await, "code")
            .is_some()
    );
}
