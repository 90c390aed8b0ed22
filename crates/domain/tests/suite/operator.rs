//! What the operator does from the command line.

use domain::{
    NewReader, OperatorError, Retention, Settings, SignInError, User, Visit,
    contract::{Email, PersonName},
};
use testkit::{databases::TestDatabase, on_each_database};

use crate::book::{Book, DAY, PASSWORD, email, new_password, settings, sign_in};

on_each_database!(
    an_account_that_the_operator_made_can_be_used,
    an_account_without_a_password_gets_one_with_a_link,
    a_taken_address_is_told_to_the_operator,
    a_reader_is_found_by_address_or_id,
    readers_are_listed_and_searched_for_exactly_what_was_typed,
    security_11_a_ban_ends_every_session_at_once,
    a_deleted_reader_is_told_by_mail_and_gone,
    security_22_a_handed_over_link_kills_the_older,
    what_has_served_its_time_is_swept,
);

fn new(name: &str) -> NewReader {
    NewReader {
        email: email(name),
        name: PersonName::parse(name).unwrap(),
        password: Some(new_password(PASSWORD)),
        email_verified: true,
    }
}

async fn made(book: &Book, name: &str) -> User {
    book.services.operator.create(new(name)).await.unwrap()
}

async fn an_account_that_the_operator_made_can_be_used(database: TestDatabase) {
    let book = Book::open(database).await;
    let user = made(&book, "ada").await;
    assert!(book.posted().await.is_empty());
    let signed_in = book.enters("ada", &Visit::default()).await;
    assert_eq!(signed_in.user.id, user.id);
    assert!(signed_in.user.email_verified);
    assert_eq!(book.services.operator.sessions(&user).await.unwrap(), 1);
}

async fn an_account_without_a_password_gets_one_with_a_link(database: TestDatabase) {
    let book = Book::open(database).await;
    let without = NewReader { password: None, email_verified: false, ..new("ada") };
    let user = book.services.operator.create(without).await.unwrap();
    let shut = book.services.accounts.sign_in(sign_in("ada", PASSWORD), &Visit::default()).await;
    assert!(matches!(shut, Err(SignInError::WrongCredentials)), "{shut:?}");
    let token = book.services.operator.reset_token(&user).await.unwrap();
    assert!(book.services.accounts.reset_link_is_good(&token).await.unwrap());
    book.services.accounts.reset_password(&token, new_password(PASSWORD), &Visit::default()).await.unwrap();
    book.enters("ada", &Visit::default()).await;
}

async fn a_taken_address_is_told_to_the_operator(database: TestDatabase) {
    let book = Book::open(database).await;
    book.reader("ada").await;
    let before = book.database.rows().await;
    let taken = NewReader { email: Email::parse("ADA@example.com").unwrap(), ..new("ada") };
    let refused = book.services.operator.create(taken).await;
    assert!(matches!(refused, Err(OperatorError::EmailTaken)), "{refused:?}");
    assert_eq!(book.database.rows().await, before);
}

async fn a_reader_is_found_by_address_or_id(database: TestDatabase) {
    let book = Book::open(database).await;
    let user = made(&book, "ada").await;
    for named in [user.id.as_str(), "ada@example.com", "Ada@Example.com"] {
        assert_eq!(book.services.operator.find(named).await.unwrap().id, user.id);
    }
    for unknown in ["grace@example.com", "", "ada", "%"] {
        let found = book.services.operator.find(unknown).await;
        assert!(matches!(found, Err(OperatorError::Unknown)), "{unknown:?}: {found:?}");
    }
}

async fn readers_are_listed_and_searched_for_exactly_what_was_typed(database: TestDatabase) {
    let book = Book::open(database).await;
    for (name, address) in [("100% Paper", "a@example.com"), ("ink_pot!", "b@example.com"), ("Ada", "c@example.com")]
    {
        let new = NewReader {
            email: Email::parse(address).unwrap(),
            name: PersonName::parse(name).unwrap(),
            ..new("ada")
        };
        book.services.operator.create(new).await.unwrap();
    }
    let listed = async |after: &str, search: &str, limit| {
        let users = book.services.operator.list(after, search, limit).await.unwrap();
        users.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    assert_eq!(listed("", "", 9).await, ["100% Paper", "ink_pot!", "Ada"]);
    assert_eq!(listed("a@example.com", "", 1).await, ["ink_pot!"]);
    for (search, found) in [("%", "100% Paper"), ("_", "ink_pot!"), ("!", "ink_pot!"), ("ADA", "Ada"), ("c@", "Ada")] {
        assert_eq!(listed("", search, 9).await, [found], "{search}");
    }
    assert!(listed("", "%%", 9).await.is_empty());
}

async fn security_11_a_ban_ends_every_session_at_once(database: TestDatabase) {
    let book = Book::open(database).await;
    let (first, second) = (book.reader("ada").await, book.enters("ada", &Visit::default()).await);
    let grace = book.reader("grace").await;
    book.services.operator.ban(&first.user, Some("spam".into()), None).await.unwrap();
    assert!(!book.lives(&first).await && !book.lives(&second).await && book.lives(&grace).await);
    assert_eq!(book.services.operator.sessions(&first.user).await.unwrap(), 0);
    book.services.operator.unban(&first.user).await.unwrap();
    assert!(!book.lives(&first).await, "ended is ended");
    book.enters("ada", &Visit::default()).await;
    let events = book.happened(&first.user.id).await;
    assert!(events.contains(&("ban".into(), "done".into())) && events.contains(&("unban".into(), "done".into())));
}

async fn a_deleted_reader_is_told_by_mail_and_gone(database: TestDatabase) {
    let book = Book::open(database).await;
    let signed_in = book.reader("ada").await;
    book.mail().await;
    book.services.operator.delete(&signed_in.user).await.unwrap();
    assert!(!book.lives(&signed_in).await);
    assert!(book.database.rows_holding(&signed_in.user.id).await.is_empty());
    assert_eq!(book.posted().await, [("account-deleted".into(), "ada@example.com".into())]);
    let before = book.database.rows().await;
    for again in [
        book.services.operator.delete(&signed_in.user).await,
        book.services.operator.ban(&signed_in.user, None, None).await,
        book.services.operator.unban(&signed_in.user).await,
    ] {
        assert!(matches!(again, Err(OperatorError::Unknown)), "{again:?}");
    }
    assert_eq!(book.database.rows().await, before);
}

async fn security_22_a_handed_over_link_kills_the_older(database: TestDatabase) {
    let book = Book::open(database).await;
    let user = book.reader("ada").await.user;
    book.mail().await;
    book.services.accounts.request_password_reset(&email("ada"), "/", &Visit::default()).await.unwrap();
    let mailed = book.token_in("reset-password").await;
    let older = book.services.operator.reset_token(&user).await.unwrap();
    let newer = book.services.operator.reset_token(&user).await.unwrap();
    for (token, good) in [(&mailed, false), (&older, false), (&newer, true)] {
        assert_eq!(book.services.accounts.reset_link_is_good(token).await.unwrap(), good);
        assert!(book.database.rows_holding(token).await.is_empty(), "only its hash is stored");
    }
}

async fn what_has_served_its_time_is_swept(database: TestDatabase) {
    let retention = Retention { events_days: 30, unverified_days: Some(7) };
    let book = Book::with(database, Settings { retention, ..settings() }).await;
    book.reader("ada").await;
    let without = NewReader { email_verified: false, ..new("never") };
    book.services.operator.create(without).await.unwrap();
    made(&book, "grace").await;
    book.mail().await;
    book.ports.clock.advance_seconds(7 * DAY);
    let swept = book.services.keep_up().await.unwrap();
    assert_eq!((swept.sessions, swept.links, swept.accounts), (1, 1, 0), "not before the day is over");
    book.ports.clock.advance_seconds(1);
    let swept = book.services.keep_up().await.unwrap();
    assert_eq!(swept.accounts, 2, "ada and never, to whom nobody is signed in");
    assert!(book.services.operator.find("grace@example.com").await.is_ok());
    let events = book.count("bookplate_events").await;
    book.ports.clock.advance_seconds(23 * DAY);
    assert_eq!(book.services.keep_up().await.unwrap().events, u64::try_from(events).unwrap());
    assert_eq!(book.count("bookplate_events").await, 0);
}
