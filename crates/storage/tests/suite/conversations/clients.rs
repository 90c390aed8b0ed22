//! Conversations of OAuth clients.

use rstest::rstest;
use storage::conversations::{
    AppendOutcome, AppendRequest, ClientFilter, ContentUpdate, ConversationImport, ConversationScope,
    ConversationUpdate, CreateOutcome, CreateRequest, ForeignConversation, ImportOutcome, ListFilter,
    MessageUpdate, MessageWriter, Owner, RestoreOutcome, UpdateOutcome,
};
use testkit::databases::{Kind, TestDatabase};

use super::{ADA, MOST, all, append_one, appending, begun, draft, found, idempotency, wanted, writer};
use crate::fixtures::{NOW, creating};

const ROBOTS: &str = "robots";
const BIRDS: &str = "birds";

const fn of(client: &str) -> Owner<'_> {
    Owner { user_id: ADA, scope: ConversationScope::Client(client) }
}

/// A request of a client whose tokens open its own conversations alone.
fn creating_for<'a>(id: &'a str, client: &'a str) -> CreateRequest<'a> {
    CreateRequest {
        scope: ConversationScope::Client(client),
        client_id: Some(client),
        ..creating(ADA, id, MOST)
    }
}

/// Conversations `r` of one client and `b` of another besides `c` of none, each with a message `m` about paper.
async fn three(database: &TestDatabase) {
    begun(database).await;
    for (id, client) in [("r", ROBOTS), ("b", BIRDS)] {
        let created = database.create_conversation(&creating_for(id, client)).await.unwrap();
        let CreateOutcome::Created(stored) = created else { panic!("{created:?}") };
        assert_eq!(stored.client_id.as_deref(), Some(client));
    }
    for id in ["c", "r", "b"] {
        append_one(database, id, "m", "paper").await;
    }
}

async fn listed(database: &TestDatabase, client: ClientFilter<'_>) -> Vec<String> {
    let filter = ListFilter { status: "active", client };
    let found = database.list_conversations(ADA, filter, (i64::MAX, i64::MAX), 9).await.unwrap();
    let mut ids: Vec<_> = found.into_iter().map(|it| it.id).collect();
    ids.sort();
    ids
}

async fn hits(database: &TestDatabase, owner: Owner<'_>) -> Vec<String> {
    let found = database.search_messages(owner, &wanted(database, "paper"), i64::MAX, 9).await.unwrap();
    found.into_iter().map(|it| it.conversation_id).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn lists_and_searches_have_the_conversations_of_one_client_or_all(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    three(&database).await;
    assert_eq!(listed(&database, ClientFilter::All).await, ["b", "c", "r"]);
    assert_eq!(listed(&database, ClientFilter::Client(ROBOTS)).await, ["r"]);
    assert_eq!(listed(&database, ClientFilter::NoClient).await, ["c"]);
    assert_eq!(listed(&database, ClientFilter::Client("nobody")).await, [""; 0]);
    assert_eq!(hits(&database, Owner::all(ADA)).await, ["b", "r", "c"]);
    assert_eq!(hits(&database, of(ROBOTS)).await, ["r"]);
    assert_eq!(hits(&database, of("nobody")).await, [""; 0]);
    let exported = database.export_conversations(of(BIRDS), 0, 9).await.unwrap();
    assert_eq!(exported.iter().map(|it| it.conversation.id.as_str()).collect::<Vec<_>>(), ["b"]);
    let mut clients = database.clients_of_conversations(ADA).await.unwrap();
    clients.sort();
    assert_eq!(clients, [None, Some(BIRDS.to_owned()), Some(ROBOTS.to_owned())]);
    database.soft_delete_conversation(Owner::all(ADA), "c", NOW).await.unwrap();
    assert_eq!(database.clients_of_conversations(ADA).await.unwrap().len(), 2);
}

/// Nothing is found or changed, by statements for one message and for several.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_another_clients_conversation_is_as_unknown_as_one_that_does_not_exist(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    three(&database).await;
    let before = database.rows_of("bookplate_conversations").await;
    let messages = database.rows_of("bookplate_messages").await;
    let appender = MessageWriter::new(&database, |_, _| panic!("nothing has changed"));
    for (owner, id) in [(of(BIRDS), "r"), (of(BIRDS), "c"), (of("nobody"), "b"), (of(BIRDS), "never")] {
        let at = format!("{owner:?} {id}");
        assert!(database.find_conversation(owner, id).await.unwrap().is_none(), "{at}");
        let read = database.read_messages_of(owner, id, (0, i64::MAX), false, (9, 9999)).await.unwrap();
        assert!(read.is_empty(), "{at}");
        let change = ConversationUpdate { title: Some(Some("x".into())), ..ConversationUpdate::default() };
        let changed = database.update_conversation(owner, id, &change, NOW, i64::MAX).await.unwrap();
        assert!(matches!(changed, UpdateOutcome::NoConversation), "{at}: {changed:?}");
        for update in [
            MessageUpdate::Content(ContentUpdate {
                status: Some("error".into()),
                ..ContentUpdate::default()
            }),
            MessageUpdate::Feedback(Some("{}".into())),
        ] {
            let changed = database.update_message(owner, id, "m", &update, writer(), false).await.unwrap();
            assert!(matches!(changed, UpdateOutcome::NoConversation), "{at}: {changed:?}");
        }
        assert_eq!(database.soft_delete_conversation(owner, id, NOW).await.unwrap(), None, "{at}");
        let drafts = [draft(&database, "new", "paper"), draft(&database, "newer", "paper")];
        for drafts in [&drafts[..1], &drafts] {
            let request = AppendRequest { scope: owner.scope, ..appending(id, drafts) };
            let outcome = appender.append(&request).await.unwrap();
            assert!(matches!(outcome, AppendOutcome::NoConversation), "{at}: {outcome:?}");
        }
    }
    // Several of them in one batch.
    let drafts = [draft(&database, "new", "paper")];
    let refused = ["r", "c", "never"].map(|id| {
        let request = AppendRequest { scope: of(BIRDS).scope, ..appending(id, &drafts) };
        let appender = appender.clone();
        async move { appender.append(&request).await.unwrap() }
    });
    for outcome in futures_util::future::join_all(refused).await {
        assert!(matches!(outcome, AppendOutcome::NoConversation), "{outcome:?}");
    }
    assert_eq!(database.rows_of("bookplate_conversations").await, before);
    assert_eq!(database.rows_of("bookplate_messages").await, messages);
}

/// The same calls as above, or they would say nothing.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_clients_own_conversation_and_every_one_of_a_user_without_a_client_are_open(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    three(&database).await;
    let appender = MessageWriter::new(&database, |_, _| {});
    for (number, (owner, id)) in
        [(of(BIRDS), "b"), (of(ROBOTS), "r"), (Owner::all(ADA), "r"), (Owner::all(ADA), "c")]
            .into_iter()
            .enumerate()
    {
        assert!(database.find_conversation(owner, id).await.unwrap().is_some());
        let read = database.read_messages_of(owner, id, (0, i64::MAX), false, (9, 9999)).await.unwrap();
        assert!(!read.is_empty(), "{id}");
        let change = ConversationUpdate { title: Some(Some("x".into())), ..ConversationUpdate::default() };
        let changed = database.update_conversation(owner, id, &change, NOW, i64::MAX).await.unwrap();
        assert!(matches!(changed, UpdateOutcome::Done(_)), "{changed:?}");
        let update = MessageUpdate::Feedback(Some("{}".into()));
        let changed = database.update_message(owner, id, "m", &update, writer(), false).await.unwrap();
        assert!(matches!(changed, UpdateOutcome::Done(_)), "{changed:?}");
        let drafts = ["a", "b", "c"].map(|name| draft(&database, &format!("{name}{number}"), "paper"));
        for drafts in [&drafts[..1], &drafts[1..]] {
            let request = AppendRequest { scope: owner.scope, ..appending(id, drafts) };
            let outcome = appender.append(&request).await.unwrap();
            assert!(matches!(outcome, AppendOutcome::Done(_)), "{outcome:?}");
        }
        assert!(database.soft_delete_conversation(owner, id, NOW).await.unwrap().is_some());
        let since = NOW.plus_seconds(-1);
        let restored = database.restore_conversation(owner, id, since, MOST).await.unwrap();
        assert!(matches!(restored, RestoreOutcome::Restored(..)), "{restored:?}");
    }
    let drafts = [draft(&database, "last", "paper")];
    let appended = [("r", of(ROBOTS)), ("b", of(BIRDS)), ("c", Owner::all(ADA))].map(|(id, owner)| {
        let request = AppendRequest { scope: owner.scope, ..appending(id, &drafts) };
        let appender = appender.clone();
        async move { appender.append(&request).await.unwrap() }
    });
    for outcome in futures_util::future::join_all(appended).await {
        assert!(matches!(outcome, AppendOutcome::Done(_)), "{outcome:?}");
    }
}

/// An id is unique among all conversations of a user, whichever client they belong to.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_clients_conversation_is_taken(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    three(&database).await;
    let again = database.create_conversation(&creating_for("b", BIRDS)).await.unwrap();
    assert!(matches!(again, CreateOutcome::Found(_)), "{again:?}");
    let created = database.create_conversation(&creating_for("r", BIRDS)).await.unwrap();
    assert!(matches!(created, CreateOutcome::IdTaken), "{created:?}");
    // Deleted by the reader, it can be restored: another client's conversation does not take its place.
    database.soft_delete_conversation(of(ROBOTS), "r", NOW).await.unwrap();
    let key = idempotency("key", "request");
    let request = CreateRequest { idempotency: Some(&key), ..creating_for("r", BIRDS) };
    let created = database.create_conversation(&request).await.unwrap();
    assert!(matches!(created, CreateOutcome::IdTaken), "{created:?}");
    let since = NOW.plus_seconds(-1);
    let foreign = database.restore_conversation(of(BIRDS), "r", since, MOST).await.unwrap();
    assert_eq!(foreign, RestoreOutcome::NoConversation);
    let restored = database.restore_conversation(of(ROBOTS), "r", since, MOST).await.unwrap();
    assert!(matches!(restored, RestoreOutcome::Restored(..)), "{restored:?}");
    assert_eq!(all(&database, &found(&database, "r").await).await.len(), 1);
    // Its own deleted one gives way, and a page of Bookplate's own replaces any.
    database.soft_delete_conversation(of(ROBOTS), "r", NOW).await.unwrap();
    let own = database.create_conversation(&creating_for("r", ROBOTS)).await.unwrap();
    assert!(matches!(own, CreateOutcome::Created(_)), "{own:?}");
    database.soft_delete_conversation(of(ROBOTS), "r", NOW).await.unwrap();
    let any = database.create_conversation(&creating(ADA, "r", MOST)).await.unwrap();
    assert!(matches!(&any, CreateOutcome::Created(stored) if stored.client_id.is_none()), "{any:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_import_notes_its_client_and_adds_to_no_other_ones_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    three(&database).await;
    let import = async |id: &str, scope, client_id| {
        let conversation = ForeignConversation {
            id: id.to_owned(),
            title: None,
            opening: None,
            status: "active".into(),
            head_id: None,
            metadata: "{}".into(),
            revision: 0,
            created_at: NOW,
            updated_at: NOW,
            last_message_at: None,
        };
        let import = ConversationImport {
            user_id: ADA,
            scope,
            client_id,
            now: NOW,
            conversation: &conversation,
            drafts: &[],
            patches: &[],
            most_conversations: MOST,
            most_messages: MOST,
            most_bytes: i64::MAX,
        };
        database.import_conversation(&import).await.unwrap()
    };
    let birds = ConversationScope::Client(BIRDS);
    let outcome = import("new", birds, Some(BIRDS)).await;
    assert!(matches!(outcome, ImportOutcome::Done { is_new: true, .. }), "{outcome:?}");
    assert_eq!(found(&database, "new").await.client_id.as_deref(), Some(BIRDS));
    let outcome = import("b", birds, Some(BIRDS)).await;
    assert!(matches!(outcome, ImportOutcome::Done { is_new: false, .. }), "{outcome:?}");
    for taken in ["r", "c"] {
        let outcome = import(taken, birds, Some(BIRDS)).await;
        assert!(matches!(outcome, ImportOutcome::IdTaken), "{taken}: {outcome:?}");
    }
    let outcome = import("r", ConversationScope::All, None).await;
    assert!(matches!(outcome, ImportOutcome::Done { is_new: false, .. }), "{outcome:?}");
    assert_eq!(found(&database, "r").await.client_id.as_deref(), Some(ROBOTS), "it stays that client's");
}
