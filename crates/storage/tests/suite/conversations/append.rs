//! Adding messages.

use rstest::rstest;
use storage::conversations::{AppendOutcome, AppendRequest, Draft, Owner, SEQ_BITS};
use testkit::databases::Kind;

use super::{
    ADA, GRACE, all, append, append_one, appending, begun, content, created, draft, found, idempotency,
    names, wanted,
};
use crate::fixtures::{NOW, count};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_stored_as_it_came_after_the_head(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let before = begun(&database).await;
    let mut sent = draft(&database, "m1", "hello");
    sent.content.parts = "[ {\"type\":\"text\", \"text\":\"\\u0041\"} ]".into();
    sent.content.status = "in_progress".into();
    sent.content.model = Some("gpt".into());
    sent.content.usage = Some("{\"inputTokens\": 1e1}".into());
    sent.content.format = Some("openai".into());
    sent.content.raw = Some("[1.0, \"\\ud83d\\ude00\"]".into());
    sent.content.metadata = Some("{\"z\":1, \"a\":2}".into());
    let written = append(&database, "c", &[sent.clone()]).await.remove(0);
    assert!(written.is_new && written.changed);
    let message = written.message;
    assert_eq!((message.seq(), message.revision, message.no >> SEQ_BITS), (1, 1, before.no));
    assert_eq!((message.id.as_str(), message.role.as_str(), &message.parent_id), ("m1", "user", &None));
    assert_eq!((message.created_at, message.updated_at, &message.feedback), (NOW, NOW, &None));
    assert_eq!(message.content, sent.content, "to the letter");
    assert_eq!(all(&database, &before).await, [message]);
    let after = found(&database, "c").await;
    assert_eq!((after.message_count, after.revision, after.head_id.as_deref()), (1, 1, Some("m1")));
    assert_eq!((after.last_message_at, after.opening.as_deref()), (Some(NOW.millis()), Some("hello")));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn several_messages_are_stored_each_after_the_one_before(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    append_one(&database, "c", "m1", "one").await;
    let drafts: Vec<Draft> = ["m2", "m3", "m4"].map(|id| draft(&database, id, id)).into();
    let written = append(&database, "c", &drafts).await;
    assert_eq!(
        written.iter().map(|it| (it.message.seq(), it.message.revision)).collect::<Vec<_>>(),
        [(2, 2), (3, 3), (4, 4)]
    );
    let stored = all(&database, &conversation).await;
    let parents: Vec<_> = stored.iter().map(|it| it.parent_id.as_deref().unwrap_or("-")).collect();
    assert_eq!(parents, ["-", "m1", "m2", "m3"]);
    let after = found(&database, "c").await;
    assert_eq!((after.message_count, after.revision, after.head_id.as_deref()), (4, 4, Some("m4")));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_message_is_updated_or_left_alone(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    let first = append_one(&database, "c", "m1", "one").await;
    append_one(&database, "c", "m2", "two").await;
    let before = found(&database, "c").await;
    let mut later = appending("c", &[]);
    later.writer.now = NOW.plus_seconds(5);
    let same = [draft(&database, "m1", "one")];
    let outcome = database.append_messages(&AppendRequest { drafts: &same, ..later }).await.unwrap();
    assert!(
        matches!(&outcome, AppendOutcome::Done(it) if it[0].message == first && !it[0].changed && !it[0].is_new)
    );
    assert_eq!(found(&database, "c").await, before, "nothing has happened");

    let other = [draft(&database, "m1", "another")];
    let later = AppendRequest { drafts: &other, user_id: ADA, ..later };
    let outcome = database.append_messages(&later).await.unwrap();
    let AppendOutcome::Done(mut written) = outcome else { panic!("{outcome:?}") };
    let changed = written.remove(0);
    assert!(changed.changed && !changed.is_new);
    let changed = changed.message;
    assert_eq!((changed.seq(), changed.revision, changed.created_at), (1, 3, NOW));
    assert_eq!((changed.updated_at, &changed.content), (NOW.plus_seconds(5), &content("another")));
    assert_eq!(all(&database, &conversation).await[0], changed);
    let after = found(&database, "c").await;
    assert_eq!((after.message_count, after.revision, after.head_id.as_deref()), (2, 3, Some("m2")));
    assert_eq!((after.updated_at, after.last_message_at), (NOW.plus_seconds(5), Some(NOW.millis())));
    for (word, hits) in [("one", 0), ("another", 1), ("two", 1)] {
        let found =
            database.search_messages(Owner::all(ADA), &wanted(&database, word), i64::MAX, 9).await.unwrap();
        assert_eq!(found.len(), hits, "{word}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_message_keeps_its_place_among_new_ones(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    append_one(&database, "c", "m1", "one").await;
    let drafts = ["m1", "m2", "m3"].map(|id| draft(&database, id, "new words"));
    let written = append(&database, "c", &drafts).await;
    let told: Vec<_> = written.iter().map(|it| (it.message.seq(), it.message.revision, it.is_new)).collect();
    assert_eq!(told, [(1, 2, false), (2, 3, true), (3, 4, true)]);
    assert_eq!(names(&all(&database, &conversation).await), ["m1", "m2", "m3"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_message_keeps_its_role_and_parent(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    append_one(&database, "c", "m1", "one").await;
    append_one(&database, "c", "m2", "two").await;
    let before = (found(&database, "c").await, all(&database, &conversation).await);
    let mut role = draft(&database, "m2", "two");
    role.role = "assistant".into();
    let mut parent = draft(&database, "m2", "two");
    parent.parent = Some(None);
    for different in [role, parent] {
        let drafts = [draft(&database, "m3", "three"), different];
        let outcome = database.append_messages(&appending("c", &drafts)).await.unwrap();
        assert!(matches!(outcome, AppendOutcome::Different(1)), "{outcome:?}");
        assert_eq!((found(&database, "c").await, all(&database, &conversation).await), before, "all or none");
    }
    let mut named = draft(&database, "m2", "three");
    named.parent = Some(Some("m1".into()));
    assert!(append(&database, "c", &[named]).await[0].changed, "its own parent may be said again");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_branch_begins_at_the_given_parent(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    let after = |id: &str, parent: Option<&str>| {
        let parent = Some(parent.map(str::to_owned));
        Draft { parent, ..draft(&database, id, id) }
    };
    append(&database, "c", &[draft(&database, "q1", "q"), draft(&database, "a1", "a")]).await;
    append(&database, "c", &[after("a2", Some("q1"))]).await;
    append(&database, "c", &[draft(&database, "q2", "q")]).await;
    append(&database, "c", &[after("q1b", None), after("a1b", Some("q1b")), after("a1c", Some("q1b"))]).await;
    let stored = all(&database, &conversation).await;
    let tree: Vec<_> =
        stored.iter().map(|it| format!("{}<{}", it.id, it.parent_id.as_deref().unwrap_or("-"))).collect();
    assert_eq!(tree, ["q1<-", "a1<q1", "a2<q1", "q2<a2", "q1b<-", "a1b<q1b", "a1c<q1b"]);
    assert_eq!(found(&database, "c").await.head_id.as_deref(), Some("a1c"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_with_an_unknown_parent_stores_nothing(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, ADA, "d").await;
    append_one(&database, "d", "elsewhere", "x").await;
    let rows = database.rows().await;
    for parent in ["nobody", "elsewhere", "m2"] {
        let follows = Draft { parent: Some(Some(parent.into())), ..draft(&database, "m1", "one") };
        let drafts = [draft(&database, "m0", "zero"), follows, draft(&database, "m2", "two")];
        let request = idempotency("key", "request");
        let appending = AppendRequest { idempotency: Some(&request), ..appending("c", &drafts) };
        let outcome = database.append_messages(&appending).await.unwrap();
        assert!(matches!(outcome, AppendOutcome::NoParent(1)), "{parent}: {outcome:?}");
    }
    assert_eq!(database.rows().await, rows);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_36_a_conversation_takes_no_more_messages_than_the_limit(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    let full = async |ids: &[&str]| {
        let drafts: Vec<Draft> = ids.iter().map(|id| draft(&database, id, "x")).collect();
        let appending = AppendRequest { most: 3, ..appending("c", &drafts) };
        matches!(database.append_messages(&appending).await.unwrap(), AppendOutcome::Full)
    };
    assert!(full(&["a", "b", "c", "d"]).await);
    assert!(!full(&["a", "b"]).await);
    assert!(full(&["c", "d"]).await);
    assert!(!full(&["a", "c"]).await, "one of them is there");
    assert!(full(&["d"]).await);
    assert!(!full(&["a", "b", "c"]).await, "all of them are there");
    assert_eq!(names(&all(&database, &conversation).await), ["a", "b", "c"]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_nobody_appends_to_another_users_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    let rows = database.rows().await;
    let drafts = [draft(&database, "m", "x")];
    for (user_id, id) in [(GRACE, "c"), (ADA, "d"), ("nobody", "c")] {
        let appending = AppendRequest { user_id, ..appending(id, &drafts) };
        let outcome = database.append_messages(&appending).await.unwrap();
        assert!(matches!(outcome, AppendOutcome::NoConversation), "{user_id} {id}: {outcome:?}");
    }
    database.soft_delete_conversation(Owner::all(ADA), "c", NOW).await.unwrap().unwrap();
    let outcome = database.append_messages(&appending("c", &drafts)).await.unwrap();
    assert!(matches!(outcome, AppendOutcome::NoConversation), "a hidden one takes none either");
    database.restore_conversation(Owner::all(ADA), "c", NOW.plus_seconds(-1), 100).await.unwrap();
    assert_eq!(database.rows().await.len(), rows.len());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_request_with_an_idempotency_key_is_carried_out_once(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    let conversation = begun(&database).await;
    let unnamed = |id: &str| Draft { chosen: false, ..draft(&database, id, "hello") };
    let ask = async |id: &str, key: &str, request: &str, seconds: i64| {
        let drafts = [unnamed(id), unnamed(&format!("{id}-2"))];
        let request = idempotency(key, request);
        let mut appending = AppendRequest { idempotency: Some(&request), ..appending("c", &drafts) };
        appending.writer.now = NOW.plus_seconds(seconds);
        database.append_messages(&appending).await.unwrap()
    };
    assert!(matches!(ask("a", "key", "r", 0).await, AppendOutcome::Done(_)));
    for seconds in [0, 59] {
        let again = ask("b", "key", "r", seconds).await;
        assert!(matches!(&again, AppendOutcome::Repeated(it) if names(it) == ["a", "a-2"]), "{again:?}");
    }
    assert!(matches!(ask("b", "key", "another", 0).await, AppendOutcome::KeyReused));
    assert!(matches!(ask("c", "other key", "r", 0).await, AppendOutcome::Done(_)));
    assert_eq!(all(&database, &conversation).await.len(), 4);
    // What came of it is shown as it is now.
    append(&database, "c", &[draft(&database, "a", "changed")]).await;
    let again = ask("b", "key", "r", 1).await;
    assert!(
        matches!(&again, AppendOutcome::Repeated(it) if it[0].content == content("changed")),
        "{again:?}"
    );
    // After its time the key is free, for another request too.
    assert!(matches!(ask("d", "key", "another", 60).await, AppendOutcome::Done(_)));
    assert_eq!(all(&database, &conversation).await.len(), 6);
    assert_eq!(count(&database, "bookplate_idempotency").await, 2);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_an_idempotency_key_is_bound_to_its_user(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, GRACE, "c").await;
    for (user_id, message) in [(ADA, "a"), (GRACE, "g")] {
        let drafts = [draft(&database, message, "x")];
        let request = idempotency("key", "r");
        let appending = AppendRequest { user_id, idempotency: Some(&request), ..appending("c", &drafts) };
        let outcome = database.append_messages(&appending).await.unwrap();
        assert!(matches!(&outcome, AppendOutcome::Done(_)), "{user_id}: {outcome:?}");
        assert_eq!(database.count_requests(user_id).await.unwrap(), 1, "{user_id:?} {message:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_opening_is_that_of_the_first_user_message(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    let system = Draft { role: "system".into(), opening: None, ..draft(&database, "s", "rules") };
    append(&database, "c", &[system]).await;
    assert_eq!(found(&database, "c").await.opening, None);
    append(&database, "c", &[draft(&database, "q1", "first"), draft(&database, "q2", "second")]).await;
    append_one(&database, "c", "q3", "third").await;
    assert_eq!(found(&database, "c").await.opening.as_deref(), Some("first"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_older_message_does_not_move_the_conversation_down_the_list(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    let at = |id: &str, seconds: i64| Draft {
        created_at: Some(NOW.plus_seconds(seconds)),
        ..draft(&database, id, "x")
    };
    let written = append(&database, "c", &[at("m1", -500)]).await;
    assert_eq!(written[0].message.created_at, NOW.plus_seconds(-500));
    let after = found(&database, "c").await;
    assert_eq!((after.active_at, after.updated_at), (NOW.plus_seconds(-500), NOW));
    append(&database, "c", &[at("m2", -100), at("m3", -300)]).await;
    let after = found(&database, "c").await;
    assert_eq!(after.last_message_at, Some(NOW.plus_seconds(-100).millis()));
    assert_eq!(after.active_at, NOW.plus_seconds(-100));
}
