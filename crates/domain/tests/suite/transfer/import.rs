//! Import of conversations.

use bytes::Bytes;
use rstest::rstest;
use std::time::Duration;

use domain::{
    ConversationError, ConversationLimits, ExportFormat, Principal, Settings,
    contract::{Code, Problems, conversations::Imported},
};
use serde_json::{Value, json};
use testkit::databases::Kind;

use crate::{
    fixtures::book::{Book, settings},
    fixtures::conversations::{append, create, create_conversations, text, wire},
    transfer::export::all,
};

pub(crate) async fn import(book: &Book, user_id: &str, file: &Value) -> Imported {
    let bytes = serde_json::to_vec(file).unwrap();
    let (imported, stop) =
        book.services.transfer.import(Principal::reader(user_id), whole(bytes), MINUTE).await.unwrap();
    assert_eq!(stop, None);
    imported
}

/// More time than any import takes.
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// A file that is here already.
pub(crate) fn whole(bytes: impl Into<Bytes>) -> Bytes {
    bytes.into()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn older_file_overwrites_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create_conversations(&book, &ada).await;
    let old = all(&book, &ada).await;
    book.ports.clock.advance_seconds(60);
    let by = domain::Principal { token_id: None, expired: false, ..Principal::reader(&ada) };
    let change = wire(&json!({ "content": "What I meant to ask" }));
    book.services.conversations.update_message(by, "first", "q1", change).await.unwrap();
    let now = all(&book, &ada).await;
    book.ports.clock.advance_seconds(60);
    import(&book, &ada, &old).await;
    let after = all(&book, &ada).await;
    assert_eq!(after["conversations"], now["conversations"]);
    // What is newer in the file is taken over.
    let mut newer = now;
    newer["conversations"][0]["messages"][0]["parts"] = json!([{ "type": "text", "text": "Still newer" }]);
    newer["conversations"][0]["messages"][0]["updatedAt"] = json!("2099-01-01T00:00:00.000Z");
    import(&book, &ada, &newer).await;
    let message = &all(&book, &ada).await["conversations"][0]["messages"][0];
    assert_eq!(message["parts"][0]["text"], "Still newer");
}

pub(crate) fn ids(imported: &Imported) -> Vec<(&str, i64, i64)> {
    imported.conversations.iter().map(|it| (it.id.as_str(), it.messages, it.added)).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn export_of_one_user_can_be_imported_by_another(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await.user.id, book.reader("grace").await.user.id);
    create_conversations(&book, &ada).await;
    // Later edits: the beginning of the list and the text are no longer the same.
    let change = wire(&json!({ "content": "What I meant to ask" }));
    let by = domain::Principal { token_id: None, expired: false, ..Principal::reader(&ada) };
    book.services.conversations.update_message(by, "first", "q1", change).await.unwrap();
    let mut file = all(&book, &ada).await;
    book.ports.clock.advance_seconds(3600);
    let imported = import(&book, &grace, &file).await;
    assert_eq!(ids(&imported), [("first", 3, 3), ("second", 0, 0)]);
    assert_eq!(imported.refused, []);
    let mut again = all(&book, &grace).await;
    assert_ne!(file["exportedAt"].take(), again["exportedAt"].take());
    assert_eq!(file, again);
    let list = |user_id: String| {
        let conversations = book.services.conversations.clone();
        async move {
            let asked = domain::PageRequest { limit: 20, cursor: None };
            conversations
                .list(
                    Principal::reader(&user_id),
                    domain::contract::conversations::ConversationStatus::Active,
                    domain::ClientFilter::All,
                    asked,
                )
                .await
        }
    };
    assert_eq!(list(ada).await.unwrap().items, list(grace).await.unwrap().items);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn importing_a_file_twice_adds_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create_conversations(&book, &ada).await;
    let file = all(&book, &ada).await;
    let before = book.rows_without(&["bookplate_sessions"]).await;
    let imported = import(&book, &ada, &file).await;
    assert_eq!(ids(&imported), [("first", 3, 0), ("second", 0, 0)]);
    assert_eq!(book.rows_without(&["bookplate_sessions"]).await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn import_restores_missing_messages_and_changes_no_existing_ones(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    create_conversations(&book, &ada).await;
    let mut file = all(&book, &ada).await;
    // A deleted one comes back under its name; one that has gone on keeps what came after.
    book.services.conversations.delete(Principal::reader(&ada), "second").await.unwrap();
    append(&book, &ada, "first", &[text("new", "user", "And then?")], None).await;
    let change = wire(&json!({ "title": "Renamed" }));
    book.services.conversations.update(Principal::reader(&ada), "first", change).await.unwrap();
    let mut lost = file["conversations"][0]["messages"][2].clone();
    lost["id"] = json!("lost");
    lost["parentId"] = json!("a1");
    file["conversations"][0]["messages"].as_array_mut().unwrap().push(lost);
    file["conversations"][0]["messages"][0]["parts"] = json!([{ "type": "text", "text": "Asked otherwise" }]);
    file["conversations"][0]["messages"][0]["updatedAt"] = json!("2099-01-01T00:00:00.000Z");
    book.ports.clock.advance_seconds(1);
    let imported = import(&book, &ada, &file).await;
    assert_eq!(ids(&imported), [("first", 4, 1), ("second", 0, 0)]);
    let now = all(&book, &ada).await;
    let first = now["conversations"].as_array().unwrap().iter().find(|it| it["id"] == "first").unwrap();
    let messages = first["messages"].as_array().unwrap();
    assert_eq!(messages.iter().map(|it| &it["id"]).collect::<Vec<_>>(), ["q1", "a1", "a2", "new", "lost"]);
    assert_eq!(messages[0]["parts"][0]["text"], "Asked otherwise");
    assert_eq!(
        (&first["title"], &first["headId"], &first["messageCount"]),
        (&json!("Renamed"), &json!("a1"), &json!(5))
    );

    // A message that is another one refuses the whole conversation.
    file["conversations"][0]["messages"][1]["role"] = json!("tool");
    file["conversations"][0]["messages"][0]["parts"] = json!([]);
    let before = all(&book, &ada).await;
    let imported = import(&book, &ada, &file).await;
    let refused = &imported.refused[0];
    assert_eq!((refused.id.as_deref(), refused.position), (Some("first"), 1));
    assert_eq!(refused.reason, "message a1 is stored already with another role or another parent");
    assert_eq!(all(&book, &ada).await["conversations"], before["conversations"]);
}

/// A small file as ChatGPT writes it: a question with two answers, an image, hidden instructions, thoughts and a tool.
pub(crate) fn chatgpt() -> Value {
    let node = |id: &str, parent: &str, children: &[&str], message: Value| json!({ "id": id, "parent": parent, "children": children, "message": message });
    let message = |id: &str, role: &str, at: f64, content: Value, metadata: Value| {
        json!({
            "id": id, "author": { "role": role, "name": null, "metadata": {} }, "create_time": at,
            "update_time": null, "content": content, "status": "finished_successfully", "end_turn": true,
            "weight": 1.0, "metadata": metadata, "recipient": "all", "channel": null,
        })
    };
    let text = |words: &str| json!({ "content_type": "text", "parts": [words] });
    json!([{
        "title": "Baking\u{202e} at\ndawn", "create_time": 1_700_000_000.25, "update_time": 1_700_000_099.5,
        "mapping": {
            "client-created-root": { "id": "client-created-root", "message": null, "parent": null, "children": ["sys"] },
            "sys": node("sys", "client-created-root", &["q"], message("sys", "system", 0.0, text("Be kind"),
                json!({ "is_visually_hidden_from_conversation": true }))),
            "q": node("q", "sys", &["late", "think"], message("q", "user", 1_700_000_001.5, json!({
                "content_type": "multimodal_text",
                "parts": [{ "content_type": "image_asset_pointer", "asset_pointer": "file-service://file-1", "size_bytes": 9 },
                    "What is this bread?"],
            }), json!({ "attachments": [{ "id": "file-1", "name": "bread.jpg", "mime_type": "image/jpeg" }] }))),
            "late": node("late", "q", &[], message("late", "assistant", 1_700_000_050.0, text("Rye."),
                json!({ "model_slug": "gpt-4o" }))),
            "think": node("think", "q", &["tool"], message("think", "assistant", 1_700_000_002.0, json!({
                "content_type": "thoughts", "thoughts": [{ "summary": "Looking", "content": "A crust.", "chunks": [] }],
                "source_analysis_msg_id": "x",
            }), json!({ "model_slug": "o3" }))),
            "tool": node("tool", "think", &["a"], message("tool", "tool", 1_700_000_003.0, json!({
                "content_type": "execution_output", "text": "crust: 1",
            }), json!({}))),
            "a": node("a", "tool", &[], message("a", "assistant", 1_700_000_004.0, text("Sourdough \u{1f35e}."),
                json!({ "model_slug": "o3", "citations": [] }))),
        },
        "moderation_results": [], "current_node": "a", "plugin_ids": null, "conversation_id": "6740f0a1-3f00-8000-9000-0123456789ab",
        "is_archived": true, "default_model_slug": "o3", "id": "6740f0a1-3f00-8000-9000-0123456789ab",
    }])
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn chatgpt_conversations_keep_their_branches(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    let imported = import(&book, &ada, &chatgpt()).await;
    assert!(imported.refused.is_empty(), "{imported:?}");
    assert_eq!(imported.conversations[0].without_raw, 0);
    let mut file = all(&book, &ada).await;
    for message in file["conversations"][0]["messages"].as_array_mut().unwrap() {
        let raw = message["raw"].take();
        assert_eq!(raw, chatgpt()[0]["mapping"][message["id"].as_str().unwrap()]["message"], "{message:?}");
    }
    insta::assert_snapshot!("from_chatgpt", serde_json::to_string_pretty(&file["conversations"]).unwrap());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn chatgpt_conversations_are_imported_once(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    import(&book, &ada, &chatgpt()).await;
    let before = all(&book, &ada).await;
    book.ports.clock.advance_seconds(60);
    // Once more, inside an object, and by itself.
    for file in [chatgpt(), json!({ "conversations": chatgpt() }), chatgpt()[0].clone()] {
        let imported = import(&book, &ada, &file).await;
        assert_eq!(ids(&imported), [("6740f0a1-3f00-8000-9000-0123456789ab", 5, 0)]);
    }
    assert_eq!(all(&book, &ada).await["conversations"], before["conversations"]);
    // One without a name is known again too.
    let mut nameless = chatgpt();
    nameless[0]["id"] = json!(null);
    nameless[0]["conversation_id"] = json!(null);
    let first = import(&book, &ada, &nameless).await;
    let second = import(&book, &ada, &nameless).await;
    assert_eq!(first.conversations[0].id, second.conversations[0].id);
    assert_eq!((first.conversations[0].added, second.conversations[0].added), (5, 0));
    assert_eq!(book.count("bookplate_conversations").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn invalid_conversations_are_rejected_with_a_reason_and_the_rest_imported(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let limits = ConversationLimits {
        part_bytes: 1000,
        message_bytes: 1500,
        parts: 3,
        messages: 6,
        conversations: 4,
        import_bytes: 100_000,
        ..ConversationLimits::default()
    };
    let book = Book::with(database, Settings { conversations: limits, ..settings() }).await;
    let ada = book.reader("ada").await.user.id;
    let one = |id: &str, contents: &[Value]| {
        let nodes: serde_json::Map<String, Value> = contents
            .iter()
            .enumerate()
            .map(|(at, content)| {
                let message = json!({ "author": { "role": "user" }, "content": content });
                (format!("n{at}"), json!({ "message": message, "parent": at.checked_sub(1).map_or_else(|| "n-1".to_owned(), |before| format!("n{before}")) }))
            })
            .collect();
        json!({ "id": id, "title": id.to_uppercase(), "mapping": nodes })
    };
    let text = |words: &str| json!({ "content_type": "text", "parts": [words] });
    let file = json!([
        one("fits", &[text("a")]),
        one("long-text", &[text("a"), text(&"b".repeat(1000))]),
        one("large-part", &[json!({ "parts": [{ "asset_pointer": "b".repeat(1000) }] })]),
        one("many-parts", &[json!({ "parts": ["1", "2", "3", "4"] })]),
        one("large-message", &[json!({ "parts": ["b".repeat(800), "b".repeat(800)] })]),
        one("many-messages", &vec![text("a"); 7]),
        { "id": "no-mapping", "title": 5 },
        "odd",
        { "id": "odd-node", "mapping": { "x": [1] } },
        { "id": "odd-message", "mapping": { "x": { "message": "words" } } },
        one("without-raw", &[text(&"b".repeat(900))]),
        one("also-fits", &[]),
        one("one-too-many", &[text("a")]),
        one("fits", &[text("a"), text("b")]),
    ]);
    let imported = import(&book, &ada, &file).await;
    let kept =
        [("fits", 1, 1), ("long-text", 2, 2), ("without-raw", 1, 1), ("also-fits", 0, 0), ("fits", 2, 1)];
    assert_eq!(ids(&imported), kept);
    assert_eq!(imported.conversations.iter().map(|it| it.without_raw).collect::<Vec<_>>(), [0, 1, 1, 0, 0]);
    let refused: Vec<String> = imported
        .refused
        .iter()
        .map(|it| {
            format!("{} {} {:?}: {}", it.position, it.id.as_deref().unwrap_or("-"), it.title, it.reason)
        })
        .collect();
    insta::assert_snapshot!("refused", refused.join("\n"));
    let rows = book.database.rows_of("bookplate_messages").await;
    assert_eq!(rows.len(), 5, "{rows:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn damaged_conversations_store_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await.user.id, book.reader("grace").await.user.id);
    create_conversations(&book, &ada).await;
    let whole = all(&book, &ada).await;
    let before = book.rows_without(&[]).await;
    let spoilt = |spoil: &dyn Fn(&mut Value)| {
        let mut file = whole.clone();
        file["conversations"].as_array_mut().unwrap().truncate(1);
        spoil(&mut file["conversations"][0]);
        file
    };
    let cases = [
        spoilt(&|it| it["messages"][1]["parentId"] = json!("a2")),
        spoilt(&|it| it["messages"][1]["parentId"] = json!("a1")),
        spoilt(&|it| it["messages"][2]["id"] = json!("q1")),
        spoilt(&|it| it["messages"][2]["role"] = json!("author")),
        spoilt(&|it| it["messages"][2]["parts"] = json!("words")),
        spoilt(&|it| it["messages"][2]["parts"] = json!([{ "type": "text" }])),
        spoilt(&|it| it["messages"][2]["model"] = json!("m\u{0}")),
        spoilt(&|it| it["messages"][2]["createdAt"] = json!(5)),
        spoilt(&|it| it["messages"][1]["feedback"]["tags"] = json!([""])),
        spoilt(&|it| it["messages"][1]["feedback"]["value"] = json!(3)),
        spoilt(&|it| it["messages"] = json!(null)),
        spoilt(&|it| it["metadata"] = json!([])),
        spoilt(&|it| it["metadata"] = json!({ "long": "x".repeat(20_000) })),
        spoilt(&|it| it["title"] = json!("x".repeat(300))),
        spoilt(&|it| it["id"] = json!("a/b")),
        spoilt(&|it| it["deletedAt"] = json!("2026-11-21T00:00:00.000Z")),
    ];
    let mut reasons = Vec::new();
    for file in cases {
        let imported = import(&book, &grace, &file).await;
        assert!(imported.conversations.is_empty(), "{file}");
        reasons.push(imported.refused[0].reason.clone());
    }
    insta::assert_snapshot!("damaged", reasons.join("\n"));
    assert_eq!(book.rows_without(&[]).await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn other_files_are_refused(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let limits = ConversationLimits { import_bytes: 100, ..ConversationLimits::default() };
    let book = Book::with(database, Settings { conversations: limits, ..settings() }).await;
    let ada = book.reader("ada").await.user.id;
    let too_large = vec![b' '; 101];
    let cases: [(&[u8], Code, Option<&str>); 11] = [
        (b"", Code::BadRequest, None),
        (b"[", Code::BadRequest, None),
        (b"\xff", Code::BadRequest, None),
        (b"1", Code::ValidationError, None),
        (b"{}", Code::ValidationError, None),
        (br#"{"conversations":5}"#, Code::ValidationError, None),
        (br#"{"format":"bookplate-export","version":1}"#, Code::ValidationError, Some("format")),
        (br#"{"format":"bookplate-conversations","version":2}"#, Code::ValidationError, Some("version")),
        (br#"{"format":null,"conversations":[]}"#, Code::ValidationError, Some("format")),
        (br#"{"mapping":[null]}"#, Code::ValidationError, Some("mapping")),
        (&too_large, Code::PayloadTooLarge, None),
    ];
    let transfer = &book.services.transfer;
    for (bytes, code, field) in cases {
        let refused = transfer.import(Principal::reader(&ada), whole(bytes.to_vec()), MINUTE).await;
        let refused = Problems::from(refused.unwrap_err());
        let first = refused.first();
        assert_eq!((first.code, first.field.as_deref()), (code, field), "{}", String::from_utf8_lossy(bytes));
    }
    let empty = transfer.import(Principal::reader(&ada), whole("\u{feff} [ ]"), MINUTE).await.unwrap();
    assert_eq!(empty, (Imported::default(), None));
    let nobody = transfer.import(Principal::reader("nobody"), whole(r#"[{"mapping":{}}]"#), MINUTE).await;
    assert!(matches!(nobody, Err(ConversationError::UserNotFound)), "{nobody:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_an_import_changes_nothing_of_another_user(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let (ada, grace) = (book.reader("ada").await.user.id, book.reader("grace").await.user.id);
    create(&book, &grace, json!({ "id": "first", "title": "Hers" })).await;
    append(&book, &grace, "first", &[text("q1", "user", "Her words")], None).await;
    let before = all(&book, &grace).await;
    create_conversations(&book, &ada).await;
    let file = all(&book, &ada).await;
    book.database.arrange("delete from bookplate_conversations where title is null or title <> 'Hers'").await;
    import(&book, &ada, &file).await;
    assert_eq!(all(&book, &grace).await["conversations"], before["conversations"]);
    assert_eq!(all(&book, &ada).await["conversations"][0], file["conversations"][0]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_chatgpts_notation_is_indexed_or_exported(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    let mark = "\u{e200}cite\u{e202}turn0search3\u{e201}";
    let entity = "\u{e200}entity\u{e202}[\"people\",\"Ada Lovelace\",\"mathematician\"]\u{e201}";
    let mut file = chatgpt();
    let message = &mut file[0]["mapping"]["a"]["message"];
    message["content"]["parts"] = json!([format!("Sourdough {mark}, says {entity}.")]);
    message["metadata"]["content_references"] = json!([
        { "matched_text": mark, "items": [{ "title": "Bread", "url": "https://bread.example/" }] },
    ]);
    let raw = message.clone();
    import(&book, &ada, &file).await;
    let asked = || domain::PageRequest { limit: 20, cursor: None };
    let conversations = &book.services.conversations;
    for words in ["turn0search3", "cite", "mathematician"] {
        assert!(
            conversations.search(Principal::reader(&ada), words, asked()).await.unwrap().items.is_empty(),
            "{words}"
        );
    }
    assert_eq!(
        conversations.search(Principal::reader(&ada), "lovelace", asked()).await.unwrap().items.len(),
        1
    );
    let mut exported = all(&book, &ada).await;
    let messages = exported["conversations"][0]["messages"].as_array_mut().unwrap();
    assert_eq!(messages[3]["raw"].take(), raw);
    assert!(!exported.to_string().contains("turn0search3"));
    let transfer = &book.services.transfer;
    let export = transfer
        .export(Principal::reader(&ada), "6740f0a1-3f00-8000-9000-0123456789ab", ExportFormat::Markdown)
        .await;
    let (markdown, _) = crate::transfer::export::whole(export.unwrap()).await;
    assert!(
        markdown.contains("Sourdough[^1] , says Ada Lovelace.")
            && markdown.contains("https://bread.example/"),
        "{markdown}"
    );
    assert!(markdown.contains("· ChatGPT ·") && !markdown.contains("· Assistant ·"), "{markdown}");
    assert!(
        !markdown.contains(['\u{e200}', '\u{e201}', '\u{e202}']) && !markdown.contains("turn0search3"),
        "{markdown}"
    );
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn imported_messages_are_indexed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let book = Book::open(database).await;
    let ada = book.reader("ada").await.user.id;
    import(&book, &ada, &chatgpt()).await;
    let asked = domain::PageRequest { limit: 20, cursor: None };
    let found =
        book.services.conversations.search(Principal::reader(&ada), "sourdough", asked).await.unwrap();
    assert_eq!(found.items.len(), 1);
    assert_eq!(found.items[0].message.id.as_str(), "a");
    let opening = found.items[0].conversation.opening.as_deref();
    assert_eq!(opening, Some("What is this bread?"));
}
