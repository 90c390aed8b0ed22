//! Pagination cursors.

use rstest::rstest;
use std::collections::BTreeMap;

use domain::{ConversationError, Conversations, PageRequest, Principal, contract::Code};
use serde_json::json;
use testkit::databases::{Kind, TestDatabase};

use super::{Talk, code};
use crate::fixtures::book::{settings, with_new_secret};

/// Every list there is.
const LISTS: [&str; 8] =
    ["active", "archived", "c asc", "c desc", "d asc", "d desc", "search paper", "search ink"];

/// What a page of a list holds, as texts, and what leads on.
async fn page(
    service: &Conversations,
    list: &str,
    user_id: &str,
    asked: PageRequest<'_>,
) -> Result<(Vec<String>, Option<String>), ConversationError> {
    Ok(match list.split(' ').collect::<Vec<_>>()[..] {
        [status] => {
            let page = service
                .list(Principal::reader(user_id), status.parse().unwrap(), domain::ClientFilter::All, asked)
                .await?;
            (page.items.into_iter().map(|it| it.id.to_string()).collect(), page.next_cursor)
        }
        ["search", words] => {
            let page = service.search(Principal::reader(user_id), words, asked).await?;
            let path = |it: domain::contract::conversations::Hit| {
                format!("{}/{}", it.conversation.id, it.message.id)
            };
            (page.items.into_iter().map(path).collect(), page.next_cursor)
        }
        [id, order] => {
            let page =
                service.messages(Principal::reader(user_id), id, order.parse().unwrap(), asked).await?;
            (page.items.into_iter().map(|it| it.id.to_string()).collect(), page.next_cursor)
        }
        _ => panic!("{list}"),
    })
}

/// Two readers with the same lists, each of three.
async fn filled(database: TestDatabase) -> Talk {
    let talk = Talk::begin(database).await;
    let service = talk.service();
    for user_id in [&talk.ada, &talk.grace] {
        for id in ["c", "d", "e", "x", "y", "z"] {
            let _made_before =
                service.create(Principal::reader(user_id), super::named(id), None).await.unwrap();
            if id > "m" {
                service
                    .update(Principal::reader(user_id), id, super::changed(json!({ "status": "archived" })))
                    .await
                    .unwrap();
            }
        }
        for id in ["c", "d"] {
            let message = |at: u8| {
                super::new(json!({ "id": format!("m{at}"), "role": "user", "content": "paper ink" }))
            };
            service
                .append(super::by(user_id), id, vec![message(1), message(2), message(3)], None)
                .await
                .unwrap();
        }
    }
    talk
}

/// The cursor after the first item of every list.
async fn cursors(talk: &Talk, user_id: &str) -> BTreeMap<&'static str, String> {
    let mut cursors = BTreeMap::new();
    for list in LISTS {
        let (items, cursor) = page(talk.service(), list, user_id, super::first(1)).await.unwrap();
        assert_eq!(items.len(), 1, "{list}");
        cursors.insert(list, cursor.unwrap());
    }
    cursors
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_to_the_end(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = filled(database).await;
    for (list, expected) in [
        ("active", "d c e"),
        ("archived", "z y x"),
        ("c asc", "m1 m2 m3"),
        ("c desc", "m3 m2 m1"),
        ("search paper", "d/m3 d/m2 d/m1 c/m3 c/m2 c/m1"),
    ] {
        let expected: Vec<&str> = expected.split(' ').collect();
        for limit in 1..=7 {
            let (mut items, mut cursor) = (Vec::new(), None::<String>);
            loop {
                let asked = PageRequest { limit, cursor: cursor.as_deref() };
                let (more, next) = page(talk.service(), list, &talk.ada, asked).await.unwrap();
                assert!(!more.is_empty() && more.len() <= limit as usize, "{list}: no empty page at the end");
                items.extend(more);
                cursor = next;
                if cursor.is_none() {
                    break;
                }
            }
            if list == "active" {
                // Two of one moment: the one that was made later comes first.
                items.sort_by_key(|id| expected.iter().position(|it| it == id));
            }
            assert_eq!(items, expected, "{list}, {limit} at a time");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_a_cursor_is_bound_to_its_user_and_list(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = filled(database).await;
    let of_ada = cursors(&talk, &talk.ada).await;
    for (list, cursor) in &of_ada {
        for other in LISTS {
            for user_id in [&talk.ada, &talk.grace] {
                let asked = PageRequest { limit: 9, cursor: Some(cursor) };
                let outcome = page(talk.service(), other, user_id, asked).await;
                if *list == other && *user_id == talk.ada {
                    assert!(outcome.is_ok(), "{list}");
                } else {
                    assert_eq!(code(outcome), (Code::InvalidCursor, "cursor".into()), "{list} as {other}");
                }
            }
        }
    }
    // Spelled otherwise, it is the same search.
    let asked = PageRequest { limit: 9, cursor: Some(&of_ada["search paper"]) };
    assert!(talk.service().search(Principal::reader(&talk.ada), " PÁPER", asked).await.is_ok());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_an_altered_cursor_is_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = filled(database).await;
    for (list, cursor) in cursors(&talk, &talk.ada).await {
        let mut forged = vec![
            String::new(),
            " ".to_owned(),
            "0".to_owned(),
            format!("{cursor}A"),
            format!("{cursor}="),
            format!(" {cursor}"),
            format!("{cursor}{cursor}"),
            "A".repeat(cursor.len()),
            "A".repeat(100_000),
            "\0".to_owned(),
            "é".repeat(8),
        ];
        forged.extend((0..cursor.len()).step_by(3).map(|end| cursor[..end].to_owned()));
        for at in 0..cursor.len() {
            let other = if cursor.as_bytes()[at] == b'B' { "C" } else { "B" };
            forged.push(format!("{}{other}{}", &cursor[..at], &cursor[at + 1..]));
        }
        for cursor in forged {
            let asked = PageRequest { limit: 9, cursor: Some(&cursor) };
            let outcome = page(talk.service(), list, &talk.ada, asked).await;
            assert_eq!(code(outcome).0, Code::InvalidCursor, "{list} {cursor:?}");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_a_cursor_of_another_secret_is_refused(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let talk = filled(database).await;
    let cursors = cursors(&talk, &talk.ada).await;
    let same = talk.book.restarted(settings()).await;
    let other = talk.book.restarted(with_new_secret(false)).await;
    for (list, cursor) in &cursors {
        let asked = PageRequest { limit: 9, cursor: Some(cursor) };
        assert!(page(&same.conversations, list, &talk.ada, asked).await.is_ok(), "{list} after a restart");
        let outcome = page(&other.conversations, list, &talk.ada, asked).await;
        assert_eq!(code(outcome).0, Code::InvalidCursor, "{list}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_a_page_holds_a_hundred_at_most(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    for _ in 0..2 {
        let messages = (0..60).map(|_| super::said("paper")).collect();
        talk.service().append(super::by(&talk.ada), "c", messages, None).await.unwrap();
    }
    for (limit, expected) in [(0, 1), (1, 1), (100, 100), (101, 100), (u32::MAX, 100)] {
        for list in ["c asc", "c desc", "search paper"] {
            let (items, next) = page(talk.service(), list, &talk.ada, super::first(limit)).await.unwrap();
            assert_eq!((items.len(), next.is_some()), (expected, true), "{list} {limit}");
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn items_added_between_pages_shift_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = filled(database).await;
    for (list, added, expected) in
        [("c asc", "m4", "m2 m3 m4"), ("c desc", "m5", "m3 m2 m1"), ("search paper", "m6", "d/m2 d/m1 c/m3")]
    {
        let (first, cursor) = page(talk.service(), list, &talk.ada, super::first(1)).await.unwrap();
        talk.says("c", added, "later").await;
        let asked = PageRequest { limit: 3, cursor: cursor.as_deref() };
        let (rest, _) = page(talk.service(), list, &talk.ada, asked).await.unwrap();
        assert!(!rest.contains(&first[0]), "{list}: nothing comes twice");
        assert_eq!(rest.join(" "), expected, "{list}");
    }
}
