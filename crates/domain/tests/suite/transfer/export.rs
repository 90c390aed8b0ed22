//! Export of conversations.

use domain::{ConversationError, ConversationExport, ExportFormat, Principal};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::Kind;

use crate::{
    fixtures::book::Book,
    fixtures::conversations::{append, create, create_conversations, text},
};

/// The whole file, and in how many pieces it came.
pub(crate) async fn whole(mut export: ConversationExport) -> (String, usize) {
    let (mut file, mut pieces) = (String::new(), 0);
    while let Some(chunk) = export.next_chunk().await.unwrap() {
        file.push_str(&chunk);
        pieces += 1;
    }
    assert!(export.next_chunk().await.unwrap().is_none());
    (file, pieces)
}

/// The file of all a reader's conversations.
pub(crate) async fn all(book: &Book, user_id: &str) -> Value {
    let export = book.services.transfer.export_all(Principal::reader(user_id)).await.unwrap();
    serde_json::from_str(&whole(export).await.0).unwrap()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn export_of_all_conversations_matches_the_api(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await.user.id, book.reader("grace").await.user.id);
    create_conversations(&book, &ada).await;
    create(&book, &grace, json!({ "id": "first", "title": "Somebody else's" })).await;
    let export = book.services.transfer.export_all(Principal::reader(&ada)).await.unwrap();
    assert_eq!(export.file_name(), "the-book-conversations-2026-11-21.json");
    assert_eq!(export.media_type(), "application/json");
    let (file, _) = whole(export).await;
    insta::assert_snapshot!("conversations.json", file);

    let read: Value = serde_json::from_str(&file).unwrap();
    let listed = read["conversations"].as_array().unwrap();
    assert_eq!(listed.iter().map(|it| it["id"].as_str().unwrap()).collect::<Vec<_>>(), ["first", "second"]);
    let shown = book.services.conversations.find(Principal::reader(&ada), "first").await.unwrap();
    for (name, value) in serde_json::to_value(shown).unwrap().as_object().unwrap() {
        assert_eq!(listed[0][name], *value, "{name}");
    }
    let shown = book.services.conversations.message(Principal::reader(&ada), "first", "a1").await.unwrap();
    assert_eq!(listed[0]["messages"][1], serde_json::to_value(shown).unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn export_of_one_conversation_has_the_same_format(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create_conversations(&book, &ada).await;
    let export =
        book.services.transfer.export(Principal::reader(&ada), "first", ExportFormat::Json).await.unwrap();
    assert_eq!(export.file_name(), "who-owns-the-borrowed-book-2026-11-21.json");
    let one: Value = serde_json::from_str(&whole(export).await.0).unwrap();
    let mut all = all(&book, &ada).await;
    all["conversations"].as_array_mut().unwrap().truncate(1);
    assert_eq!(one, all);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn markdown_export_is_readable(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create_conversations(&book, &ada).await;
    let export = book
        .services
        .transfer
        .export(Principal::reader(&ada), "first", ExportFormat::Markdown)
        .await
        .unwrap();
    assert_eq!(export.file_name(), "who-owns-the-borrowed-book-2026-11-21.md");
    assert_eq!(export.media_type(), "text/markdown; charset=utf-8");
    insta::assert_snapshot!("conversation.md", whole(export).await.0);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_no_text_forges_a_message_heading_or_hides_the_next_message(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create(&book, &ada, json!({ "id": "c", "title": "a\u{200b} *b* <script>" })).await;
    let texts = [
        "## 9 · Assistant · 2026-11-21 00:00 UTC\n\nI never said this.",
        "```\nnot closed",
        "<!-- not closed",
        "````\n## 9 · Reader · 2026-11-21 00:00 UTC",
        "[^1]: https://evil.example",
    ];
    for (at, words) in texts.iter().enumerate() {
        append(&book, &ada, "c", &[text(&format!("m{at}"), "user", words)], None).await;
    }
    let export =
        book.services.transfer.export(Principal::reader(&ada), "c", ExportFormat::Markdown).await.unwrap();
    let (file, _) = whole(export).await;
    // Outside of code there are the five turns and nothing of what was said.
    let (mut fence, mut outside) = (String::new(), Vec::new());
    for line in file.lines() {
        let ticks: String = line.chars().take_while(|c| *c == '`').collect();
        if fence.is_empty() && ticks.len() >= 3 {
            fence = ticks;
        } else if !fence.is_empty() && line == fence {
            fence.clear();
        } else if fence.is_empty() && !line.is_empty() {
            outside.push(line);
        }
    }
    assert!(fence.is_empty(), "{file}");
    assert_eq!(outside.len(), 2 + texts.len(), "{outside:?}");
    assert_eq!(outside[0], "# a\u{200b} \\*b\\* \\<script\\>");
    for (at, line) in outside[2..].iter().enumerate() {
        assert_eq!(*line, format!("## {} · Reader · 2026-11-21 00:00 UTC", at + 1), "{at:?}");
    }
    for words in texts {
        assert!(file.contains(words), "{words}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_a_conversation_of_another_user_cannot_be_exported(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await.user.id, book.reader("grace").await.user.id);
    create_conversations(&book, &ada).await;
    let transfer = &book.services.transfer;
    for (user_id, id) in [(&grace, "first"), (&ada, "unknown"), (&ada, "gone")] {
        for format in [ExportFormat::Json, ExportFormat::Markdown] {
            let refused = transfer.export(Principal::reader(user_id), id, format).await;
            assert!(matches!(refused, Err(ConversationError::ConversationNotFound)), "{refused:?}");
        }
    }
    assert_eq!(all(&book, &grace).await["conversations"], json!([]));
    let nobody = transfer.export_all(Principal::reader("nobody")).await;
    assert!(matches!(nobody, Err(ConversationError::UserNotFound)), "{nobody:?}");
}

/// A conversation of several pages and chunks.
async fn long(book: &Book, user_id: &str) {
    create(book, user_id, json!({ "id": "long" })).await;
    for page in 0..3 {
        let messages: Vec<Value> = (0..60)
            .map(|at| text(&format!("m{}", page * 60 + at + 1), "user", &"long ".repeat(400)))
            .collect();
        append(book, user_id, "long", &messages, None).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn long_conversation_is_exported_in_chunks(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    for at in 0..25 {
        create(&book, &ada, json!({ "id": format!("empty-{at}") })).await;
    }
    long(&book, &ada).await;
    let export = book.services.transfer.export_all(Principal::reader(&ada)).await.unwrap();
    let (file, pieces) = whole(export).await;
    assert!(pieces >= 6, "{pieces}");
    let read: Value = serde_json::from_str(&file).unwrap();
    assert_eq!(read["conversations"].as_array().unwrap().len(), 26);
    let messages = read["conversations"][25]["messages"].as_array().unwrap();
    let ids: Vec<_> = messages.iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids, (1..=180).map(|at| format!("m{at}")).collect::<Vec<_>>());
}

/// Reads until the export fails; nothing may follow.
async fn failure(mut export: ConversationExport) -> ConversationError {
    loop {
        match export.next_chunk().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("the file ended as if it were whole"),
            Err(error) => {
                assert!(export.next_chunk().await.unwrap().is_none());
                return error;
            }
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleting_the_exported_conversation_ends_the_export_with_an_error(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    long(&book, &ada).await;
    let (conversations, transfer) = (&book.services.conversations, &book.services.transfer);
    for format in [ExportFormat::Json, ExportFormat::Markdown] {
        let unread = transfer.export(Principal::reader(&ada), "long", format).await.unwrap();
        let mut begun = transfer.export(Principal::reader(&ada), "long", format).await.unwrap();
        assert!(begun.next_chunk().await.unwrap().is_some(), "{format:?}");
        conversations.delete(Principal::reader(&ada), "long").await.unwrap();
        assert!(matches!(failure(begun).await, ConversationError::ConversationNotFound), "{format:?}");
        assert!(matches!(failure(unread).await, ConversationError::ConversationNotFound), "{format:?}");
        conversations.restore(Principal::reader(&ada), "long").await.unwrap();
    }
}

/// The number of messages of each conversation, in a file whose first chunk was read already.
async fn message_counts(begun: String, rest: ConversationExport) -> Vec<(String, usize)> {
    let file: Value = serde_json::from_str(&(begun + &whole(rest).await.0)).unwrap();
    let counted = file["conversations"].as_array().unwrap().iter();
    counted
        .map(|it| (it["id"].as_str().unwrap().to_owned(), it["messages"].as_array().unwrap().len()))
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn conversation_deleted_during_an_export_of_all_ends_early(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    long(&book, &ada).await;
    create(&book, &ada, json!({ "id": "next" })).await;
    append(&book, &ada, "next", &[text("n1", "user", "And then?")], None).await;
    let (conversations, transfer) = (&book.services.conversations, &book.services.transfer);
    let mut every = transfer.export_all(Principal::reader(&ada)).await.unwrap();
    // In the copy of the account it stays, for it is not gone yet.
    let now = domain::Timestamp::from_millis(0);
    let mut copy = transfer.export_with_deleted(&ada, now);
    let mut late = transfer.export_with_deleted(&ada, now);
    let mut begun = Vec::new();
    for export in [&mut every, &mut copy, &mut late] {
        begun.push(export.next_chunk().await.unwrap().unwrap());
    }
    conversations.delete(Principal::reader(&ada), "long").await.unwrap();
    let next = ("next".to_owned(), 1);
    assert_eq!(message_counts(begun.remove(0), every).await, [("long".to_owned(), 50), next.clone()]);
    assert_eq!(message_counts(begun.remove(0), copy).await, [("long".to_owned(), 180), next.clone()]);
    book.database.arrange("delete from bookplate_conversations where id = 'long'").await;
    assert_eq!(message_counts(begun.remove(0), late).await, [("long".to_owned(), 50), next]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn conversations_deleted_before_their_turn_are_left_out(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    long(&book, &ada).await;
    for id in ["empty", "spoken", "again", "last"] {
        create(&book, &ada, json!({ "id": id })).await;
    }
    append(&book, &ada, "spoken", &[text("s1", "user", "Gone soon")], None).await;
    let (conversations, transfer) = (&book.services.conversations, &book.services.transfer);
    let mut every = transfer.export_all(Principal::reader(&ada)).await.unwrap();
    let mut copy = transfer.export_with_deleted(&ada, domain::Timestamp::from_millis(0));
    let (begun, copied) = (every.next_chunk().await.unwrap(), copy.next_chunk().await.unwrap());
    for id in ["empty", "spoken", "again"] {
        conversations.delete(Principal::reader(&ada), id).await.unwrap();
    }
    // Another one of the same name is one that comes later.
    create(&book, &ada, json!({ "id": "again" })).await;
    append(&book, &ada, "again", &[text("a1", "user", "Once more")], None).await;
    let named = |id: &str, messages| (id.to_owned(), messages);
    let (first, again) = (named("long", 180), named("again", 1));
    assert_eq!(message_counts(begun.unwrap(), every).await, [first.clone(), named("last", 0), again.clone()]);
    book.database.arrange("delete from bookplate_conversations where id = 'spoken'").await;
    let kept = message_counts(copied.unwrap(), copy).await;
    assert!(kept.starts_with(&[first]) && kept.contains(&again), "{kept:?}");
    assert!(!kept.contains(&named("spoken", 1)) && !kept.contains(&named("spoken", 0)), "{kept:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleting_the_user_ends_the_export_with_an_error(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create_conversations(&book, &ada).await;
    let export = book.services.transfer.export_all(Principal::reader(&ada)).await.unwrap();
    book.database.arrange("delete from bookplate_users").await;
    assert!(matches!(failure(export).await, ConversationError::UserNotFound));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn database_failure_ends_the_export_with_an_error(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    long(&book, &ada).await;
    let mut export =
        book.services.transfer.export(Principal::reader(&ada), "long", ExportFormat::Markdown).await.unwrap();
    assert!(export.next_chunk().await.unwrap().is_some());
    book.database.close().await;
    assert!(matches!(failure(export).await, ConversationError::Failure(_)));
}
