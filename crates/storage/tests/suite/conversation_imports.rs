//! Conversations that come in with all their messages, and what is left when they are gone.

use rstest::rstest;
use storage::{
    Database,
    conversations::{
        AppendOutcome, Content, ConversationImport, Draft, ForeignConversation, ImportOutcome, Owner,
        PostImportPatch, Terms,
    },
};
use testkit::databases::{Kind, on_migrated};
use tokio::task::JoinSet;

use crate::fixtures::{NOW, count, patiently, record, signed_up};

const EARLIER: i64 = -86_400;

fn foreign(id: &str) -> ForeignConversation {
    ForeignConversation {
        id: id.into(),
        title: Some("A title".into()),
        opening: Some("How it began".into()),
        status: "archived".into(),
        head_id: Some("m1".into()),
        metadata: r#"{"a":1}"#.into(),
        revision: 9,
        created_at: NOW.plus_seconds(EARLIER),
        updated_at: NOW.plus_seconds(EARLIER + 30),
        last_message_at: Some(NOW.plus_seconds(EARLIER + 20)),
    }
}

fn draft(id: &str, parent: Option<&str>, word: &str, database: &Database) -> Draft {
    let terms = match database {
        Database::Sqlite(_) => word.to_owned(),
        Database::Postgres(_) => format!("'{word}':1"),
    };
    Draft {
        id: id.into(),
        chosen: true,
        parent: Some(parent.map(str::to_owned)),
        role: "user".into(),
        content: Content {
            parts: format!(r#"[{{"type":"text","text":"{word}"}}]"#),
            status: "complete".into(),
            model: None,
            usage: None,
            format: None,
            raw: None,
            metadata: None,
        },
        terms: Terms(terms),
        opening: Some(word.into()),
        created_at: Some(NOW.plus_seconds(EARLIER + 10)),
    }
}

fn later(feedback: Option<&str>) -> PostImportPatch {
    PostImportPatch { feedback: feedback.map(str::to_owned), updated_at: NOW.plus_seconds(EARLIER + 15) }
}

async fn import(
    database: &Database,
    user_id: &str,
    conversation: &ForeignConversation,
    drafts: &[Draft],
    (most_conversations, most_messages): (i64, i64),
) -> ImportOutcome {
    let later: Vec<PostImportPatch> = drafts.iter().map(|_| later(Some(r#"{"value":1}"#))).collect();
    let importing = ConversationImport {
        user_id,
        scope: storage::conversations::ConversationScope::All,
        client_id: None,
        now: NOW,
        conversation,
        drafts,
        patches: &later,
        most_conversations,
        most_messages,
        most_bytes: i64::MAX,
    };
    patiently(|| database.import_conversation(&importing)).await
}

const MANY: (i64, i64) = (10, 10);

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_imported_as_it_was(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await;
    let drafts = [draft("m1", None, "first", &database), draft("m2", Some("m1"), "second", &database)];
    let outcome = import(&database, &user.id, &foreign("c"), &drafts, MANY).await;
    let ImportOutcome::Done { no, is_new: true, added: 2, revision: Some(9) } = outcome else {
        panic!("{outcome:?}")
    };
    let stored = database.find_conversation(Owner::all(&user.id), "c").await.unwrap().unwrap();
    let wanted = foreign("c");
    assert_eq!((stored.no, stored.message_count, stored.revision), (no, 2, 9));
    assert_eq!(
        (stored.title, stored.opening, stored.head_id),
        (wanted.title, wanted.opening, wanted.head_id)
    );
    assert_eq!((stored.status, stored.metadata), (wanted.status, wanted.metadata));
    assert_eq!((stored.created_at, stored.updated_at), (wanted.created_at, wanted.updated_at));
    let last = wanted.last_message_at.unwrap();
    assert_eq!((stored.last_message_at, stored.active_at), (Some(last.millis()), last));
    let messages = database.read_messages(no, (0, 9), false, 9).await.unwrap();
    assert_eq!(messages.iter().map(|it| (it.seq(), it.revision)).collect::<Vec<_>>(), [(1, 1), (2, 2)]);
    assert_eq!((&messages[1].id, &messages[1].parent_id), (&drafts[1].id, &Some("m1".to_owned())));
    assert_eq!(messages[1].content, drafts[1].content);
    assert_eq!(messages[1].feedback.as_deref(), Some(r#"{"value":1}"#));
    let times = (messages[1].created_at, messages[1].updated_at);
    assert_eq!(times, (NOW.plus_seconds(EARLIER + 10), NOW.plus_seconds(EARLIER + 15)));
    let found =
        database.search_messages(Owner::all(&user.id), &Terms("second".into()), i64::MAX, 9).await.unwrap();
    assert_eq!(found.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["m2"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_import_stores_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await;
    let before = database.rows().await;
    let fits = [draft("m1", None, "first", &database)];
    let orphan = [fits[0].clone(), draft("m2", Some("m3"), "second", &database)];
    let outcome = import(&database, &user.id, &foreign("c"), &orphan, MANY).await;
    assert!(matches!(outcome, ImportOutcome::Message(AppendOutcome::NoParent(1))), "{outcome:?}");
    let outcome = import(&database, &user.id, &foreign("c"), &fits, (10, 0)).await;
    assert!(matches!(outcome, ImportOutcome::Message(AppendOutcome::Full)), "{outcome:?}");
    let outcome = import(&database, &user.id, &foreign("c"), &fits, (0, 10)).await;
    assert!(matches!(outcome, ImportOutcome::TooMany), "{outcome:?}");
    let outcome = import(&database, "nobody", &foreign("c"), &fits, MANY).await;
    assert!(matches!(outcome, ImportOutcome::NoReader), "{outcome:?}");
    assert_eq!(database.rows().await, before);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_existing_conversation_gets_missing_messages_and_keeps_its_title(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await;
    let first = draft("m1", None, "first", &database);
    import(&database, &user.id, &foreign("c"), std::slice::from_ref(&first), MANY).await;
    let before = database.rows().await;
    let outcome = import(&database, &user.id, &foreign("c"), std::slice::from_ref(&first), MANY).await;
    let nothing = matches!(outcome, ImportOutcome::Done { is_new: false, added: 0, revision: None, .. });
    assert!(nothing, "{outcome:?}");
    assert_eq!(database.rows().await, before);

    let both = [first.clone(), draft("m2", Some("m1"), "second", &database)];
    let other = ForeignConversation { title: Some("Another".into()), ..foreign("c") };
    let outcome = import(&database, &user.id, &other, &both, MANY).await;
    let added = matches!(outcome, ImportOutcome::Done { is_new: false, added: 1, revision: Some(10), .. });
    assert!(added, "{outcome:?}");
    let stored = database.find_conversation(Owner::all(&user.id), "c").await.unwrap().unwrap();
    assert_eq!((stored.title.as_deref(), stored.message_count), (Some("A title"), 2));
    assert_eq!(stored.head_id.as_deref(), Some("m1"), "the file's");
    let different = [Draft { role: "tool".into(), ..first }];
    let outcome = import(&database, &user.id, &other, &different, MANY).await;
    assert!(matches!(outcome, ImportOutcome::Message(AppendOutcome::Different(0))), "{outcome:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_soft_deleted_conversation_gives_way_to_an_import(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await;
    let first = [draft("m1", None, "first", &database)];
    import(&database, &user.id, &foreign("c"), &first, MANY).await;
    database.soft_delete_conversation(Owner::all(&user.id), "c", NOW).await.unwrap();
    let outcome = import(&database, &user.id, &foreign("c"), &first, MANY).await;
    assert!(matches!(outcome, ImportOutcome::Done { is_new: true, added: 1, .. }), "{outcome:?}");
    assert_eq!(count(&database, "bookplate_conversations").await, 1);
    assert_eq!(count(&database, "bookplate_messages").await, 1);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_03_of_twenty_concurrent_imports_of_one_file_one_creates_the_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let user = signed_up(&database, 1).await;
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let (database, user_id) = (Database::clone(&database), user.id.clone());
        tasks.spawn(async move {
            let drafts = [draft("m1", None, "first", &database), draft("m2", Some("m1"), "two", &database)];
            match import(&database, &user_id, &foreign("c"), &drafts, MANY).await {
                ImportOutcome::Done { is_new, added, .. } => (is_new, added),
                other => panic!("{other:?}"),
            }
        });
    }
    let mut done = tasks.join_all().await;
    done.sort_unstable();
    assert_eq!(done.pop(), Some((true, 2)));
    assert!(done.iter().all(|it| *it == (false, 0)), "{done:?}");
    assert_eq!(count(&database, "bookplate_messages").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_11_the_terms_of_a_deleted_user_are_in_no_index(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let (ada, grace) = (signed_up(&database, 1).await, signed_up(&database, 2).await);
    let drafts = [draft("m1", None, "adaszwiebelkuchen", &database)];
    import(&database, &ada.id, &foreign("c"), &drafts, MANY).await;
    let drafts = [draft("m1", None, "gracesbread", &database)];
    import(&database, &grace.id, &foreign("c"), &drafts, MANY).await;
    assert!(!database.rows_holding("zwiebelkuchen").await.is_empty());
    assert!(database.delete_user(&ada.id, &record()).await.unwrap());
    database.merge_fts_index(true).await.unwrap();
    assert_eq!(database.rows_holding("zwiebelkuchen").await, Vec::<String>::new());
    if matches!(&*database, Database::Sqlite(_)) {
        assert_eq!(count(&database, "bookplate_search").await, 1);
        // There is nothing left to be done.
        let before = database.rows().await;
        database.merge_fts_index(true).await.unwrap();
        assert_eq!(database.rows().await, before);
    }
    let found = database
        .search_messages(Owner::all(&grace.id), &Terms("gracesbread".into()), i64::MAX, 9)
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
}

#[test]
fn postgres_analyzes_after_a_large_import_and_not_after_a_small_one() {
    const BELIEVED: &str =
        "select cast(reltuples as bigint) from pg_class where oid = 'bookplate_messages'::regclass";
    on_migrated(Kind::Postgres, async |database| {
        for (believed, added, counted) in
            [(-1, 499, false), (-1, 500, true), (4999, 500, true), (5000, 500, false), (5000, 501, true)]
        {
            let belief =
                format!("update pg_class set reltuples = {believed} where relname = 'bookplate_messages'");
            database.arrange(&belief).await;
            database.update_statistics(added).await.unwrap();
            let expected = if counted { 0 } else { believed };
            assert_eq!(database.number(BELIEVED).await, expected, "{added} beside {believed}");
        }
    });
}
