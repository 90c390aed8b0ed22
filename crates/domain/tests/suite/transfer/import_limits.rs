//! Limits and concurrency of imports.

use domain::{ConversationLimits, PageRequest, Settings, contract::conversations::Order};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;
use tokio::time::Instant;

use crate::{
    fixtures::book::{Book, settings},
    fixtures::conversations::{append, create, text},
    transfer::import::{ids, import, in_a_minute},
};

/// A conversation of one message, as ChatGPT writes it.
fn short(id: &str) -> Value {
    let message = json!({ "author": { "role": "user" }, "content": { "parts": ["Hello"] } });
    json!({ "id": id, "mapping": { "n": { "message": message } } })
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn user_at_the_limit_gets_missing_messages_but_no_new_conversations(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let limits = ConversationLimits { conversations: 230, ..ConversationLimits::default() };
    let book = Book::with(database, Settings { conversations: limits, ..settings() }).await;
    let ada = book.reader("ada").await.user.id;
    create(&book, &ada, json!({ "id": "thrown-away" })).await;
    book.services.conversations.delete(&ada, "thrown-away").await.unwrap();
    let own: Vec<Value> = (0..230).map(|at| json!({ "id": format!("c{at}"), "mapping": {} })).collect();
    import(&book, &ada, &json!(own)).await;
    let news = (0..3000).map(|at| short(&format!("new{at}")));
    let file: Vec<Value> = news.chain(["c0", "c229", "thrown-away"].map(short)).collect();
    let imported = import(&book, &ada, &json!(file)).await;
    assert_eq!(ids(&imported), [("c0", 1, 1), ("c229", 1, 1)]);
    assert_eq!(imported.refused.len(), 3001);
    assert_eq!((imported.refused[2999].position, imported.refused[3000].position), (3000, 3003));
    assert!(imported.refused.iter().all(|it| it.reason == "a reader has at most 230 conversations"));
    assert_eq!(imported.refused[7].id.as_deref(), Some("new7"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_imports_all_succeed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    // Nodes that say nothing, many of them.
    let nodes: serde_json::Map<String, Value> = (0..20_000).map(|at| (at.to_string(), json!({}))).collect();
    let imports = (0..5).map(|at| {
        let file = json!([{ "id": format!("many{at}"), "mapping": &nodes }, short(&format!("short{at}"))]);
        let (transfer, ada) = (book.services.transfer.clone(), ada.clone());
        let bytes = serde_json::to_vec(&file).unwrap();
        tokio::spawn(async move { transfer.import(&ada, bytes, in_a_minute()).await.unwrap() })
    });
    for import in imports.collect::<Vec<_>>() {
        let (imported, whole) = import.await.unwrap();
        assert!(whole && imported.refused.is_empty() && imported.conversations.len() == 2, "{imported:?}");
    }
    assert_eq!(book.count("bookplate_conversations").await, 10);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn import_interrupted_by_the_deadline_can_be_repeated(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    let file = json!([short("a"), short("b")]);
    let bytes = serde_json::to_vec(&file).unwrap();
    let (imported, whole) = book.services.transfer.import(&ada, bytes, Instant::now()).await.unwrap();
    assert!(!whole && imported.conversations.len() < 2 && imported.refused.is_empty(), "{imported:?}");
    let imported = import(&book, &ada, &file).await;
    assert_eq!(imported.conversations.len(), 2);
    assert_eq!(book.count("bookplate_messages").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn import_is_not_limited_to_the_size_of_an_append(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    let nodes: serde_json::Map<String, Value> = (0..500)
        .map(|at| {
            let message =
                json!({ "author": { "role": "user" }, "content": { "parts": [format!("word{at}")] } });
            (format!("n{at}"), json!({ "message": message, "parent": format!("n{}", at - 1) }))
        })
        .collect();
    let imported = import(&book, &ada, &json!([{ "id": "long", "mapping": nodes }])).await;
    assert_eq!(ids(&imported), [("long", 500, 500)]);
    // By itself, PostgreSQL would count them a minute later, and would read all of a table it takes for a small one.
    if book.database.kind() == Kind::Postgres {
        let counted =
            "select cast(reltuples as bigint) from pg_class where oid = 'bookplate_messages'::regclass";
        assert_eq!(book.database.number(counted).await, 500);
    }
    let conversations = &book.services.conversations;
    let asked = PageRequest { limit: 2, cursor: None };
    let last = conversations.messages(&ada, "long", Order::Desc, asked).await.unwrap().items;
    assert_eq!((last[0].id.as_str(), last[0].seq), ("n499", 500));
    assert_eq!(last[0].parent_id.as_ref(), Some(&last[1].id));
    // It goes on from there.
    append(&book, &ada, "long", &[text("next", "user", "And?")], None).await;
    let next = conversations.message(&ada, "long", "next").await.unwrap();
    assert_eq!((next.parent_id.unwrap().as_str(), next.seq), ("n499", 501));
}
