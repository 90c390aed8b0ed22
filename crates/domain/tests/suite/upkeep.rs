//! What is done from time to time.

use domain::{NewReader, Retention, Settings, contract::PersonName};
use testkit::{databases::TestDatabase, on_each_database};

use crate::book::{Book, DAY, email, settings};

on_each_database!(what_has_served_its_time_is_swept);

fn new(name: &str, email_verified: bool) -> NewReader {
    NewReader { email: email(name), name: PersonName::parse(name).unwrap(), password: None, email_verified }
}

async fn what_has_served_its_time_is_swept(database: TestDatabase) {
    let retention = Retention { events_days: 30, unverified_days: Some(7) };
    let book = Book::with(database, Settings { retention, ..settings() }).await;
    book.reader("ada").await;
    book.services.operator.create(new("never", false)).await.unwrap();
    book.services.operator.create(new("grace", true)).await.unwrap();
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
