//! Limits and concurrency of imports.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use domain::{
    ConversationError, ConversationLimits, FileSource, ImportStop, PageRequest, Principal, Settings,
    contract::{Code, Problem, Problems, conversations::Order},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use crate::{
    fixtures::book::{Book, settings},
    fixtures::conversations::{append, create, text},
    transfer::export::all,
    transfer::import::{MINUTE, ids, import, whole},
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
    book.services.conversations.delete(Principal::reader(&ada), "thrown-away").await.unwrap();
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
        tokio::spawn(
            async move { transfer.import(Principal::reader(&ada), whole(bytes), MINUTE).await.unwrap() },
        )
    });
    for import in imports.collect::<Vec<_>>() {
        let (imported, stop) = import.await.unwrap();
        assert!(
            stop.is_none() && imported.refused.is_empty() && imported.conversations.len() == 2,
            "{imported:?}"
        );
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
    let now =
        book.services.transfer.import(Principal::reader(&ada), whole(bytes), Duration::ZERO).await.unwrap();
    let (imported, stop) = now;
    assert!(
        stop == Some(ImportStop::OutOfTime)
            && imported.conversations.len() < 2
            && imported.refused.is_empty(),
        "{imported:?}"
    );
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
    let last =
        conversations.messages(Principal::reader(&ada), "long", Order::Desc, asked).await.unwrap().items;
    assert_eq!((last[0].id.as_str(), last[0].seq), ("n499", 500));
    assert_eq!(last[0].parent_id.as_ref(), Some(&last[1].id));
    // It goes on from there.
    append(&book, &ada, "long", &[text("next", "user", "And?")], None).await;
    let next = conversations.message(Principal::reader(&ada), "long", "next").await.unwrap();
    assert_eq!((next.parent_id.unwrap().as_str(), next.seq), ("n499", 501));
}

/// A file that arrives in pieces, and may break off.
struct Pieces(VecDeque<Result<Bytes, Problem>>);

impl Pieces {
    fn of(bytes: &[u8], length: usize) -> Self {
        Self(bytes.chunks(length).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect())
    }

    fn then(mut self, problem: Code) -> Self {
        self.0.push_back(Err(Problem::new(problem)));
        self
    }
}

impl FileSource for Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        self.0.pop_front().transpose()
    }
}

/// A conversation of as many messages of 100 KB.
fn long(id: &str, messages: usize) -> Value {
    let nodes: serde_json::Map<String, Value> = (0..messages)
        .map(|at| {
            let text = format!("{at} {}", "word ".repeat(20_000));
            let message = json!({ "author": { "role": "user" }, "content": { "parts": [text] } });
            (format!("n{at}"), json!({ "message": message, "parent": format!("n{}", at.wrapping_sub(1)) }))
        })
        .collect();
    json!({ "id": id, "title": "Lone \u{fffd} surrogate", "mapping": nodes })
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn file_is_imported_while_it_arrives(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    // Larger and smaller than what is kept in memory, in a list, alone, and with the format behind the list.
    let file =
        json!([long("large", 9), short("a"), long("small", 2)]).to_string().replace('\u{fffd}', "\\ud83d");
    let (imported, stop) = book
        .services
        .transfer
        .import(Principal::reader(&ada), Pieces::of(file.as_bytes(), 10_000), MINUTE)
        .await
        .unwrap();
    assert_eq!((ids(&imported), stop), (vec![("large", 9, 9), ("a", 1, 1), ("small", 2, 2)], None));
    assert_eq!(imported.conversations[0].title.as_deref(), Some("Lone \u{fffd} surrogate"));
    let alone = long("alone", 8).to_string();
    let (imported, _) = book
        .services
        .transfer
        .import(Principal::reader(&ada), Pieces::of(alone.as_bytes(), 4096), MINUTE)
        .await
        .unwrap();
    assert_eq!(ids(&imported), [("alone", 8, 8)]);
    let mut file = all(&book, &ada).await;
    let members = file.as_object_mut().unwrap();
    for name in ["format", "version"] {
        let value = members.shift_remove(name).unwrap();
        members.insert(name.to_owned(), value);
    }
    let grace = book.reader("grace").await.user.id;
    let imported = import(&book, &grace, &file).await;
    assert_eq!(ids(&imported), [("large", 9, 9), ("a", 1, 1), ("small", 2, 2), ("alone", 8, 8)]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn file_that_breaks_off_leaves_whole_conversations(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    let transfer = &book.services.transfer;
    let file = json!([short("a"), short("b"), short("c")]).to_string();
    let half = Pieces::of(&file.as_bytes()[..file.len() / 2], 7);
    let (imported, stop) =
        transfer.import(Principal::reader(&ada), half.then(Code::RequestTimeout), MINUTE).await.unwrap();
    let timeout = Problems::from(Problem::new(Code::RequestTimeout));
    assert_eq!((ids(&imported), stop), (vec![("a", 1, 1)], Some(ImportStop::Invalid(timeout))));
    // A file that is cut off, without anybody noticing.
    let (imported, stop) = transfer
        .import(Principal::reader(&ada), Pieces::of(&file.as_bytes()[..file.len() - 3], 7), MINUTE)
        .await
        .unwrap();
    let not_json = Problems::from(Problem::new(Code::BadRequest));
    assert_eq!((ids(&imported), stop), (vec![("a", 1, 0), ("b", 1, 1)], Some(ImportStop::Invalid(not_json))));
    // Another version is refused before anything is imported, when the file names it first.
    let other = json!({ "format": "bookplate-conversations", "version": 2, "conversations": [short("d")] });
    let refused =
        transfer.import(Principal::reader(&ada), whole(other.to_string()), MINUTE).await.unwrap_err();
    assert_eq!(Problems::from(refused).first().field.as_deref(), Some("version"));
    let nothing = transfer
        .import(Principal::reader(&ada), Pieces::of(b"[{", 1).then(Code::MalformedRequest), MINUTE)
        .await;
    assert!(matches!(nothing, Err(ConversationError::Invalid(_))));
    assert_eq!(book.count("bookplate_conversations").await, 2);
    assert_eq!(ids(&import(&book, &ada, &json!([short("a"), short("b"), short("c")])).await).len(), 3);
}
