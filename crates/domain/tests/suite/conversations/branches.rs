//! Pages of branches.

use domain::{
    BranchPage, ConversationError, PageAnchor, Principal,
    contract::{Code, conversations::MessageId},
};
use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::{Kind, TestDatabase};

use super::{Talk, code, named, new};

/// `a`, then either `b`, `c` and `d`, or `x` and `y`, which were written later.
async fn forked(database: TestDatabase) -> Talk {
    let talk = Talk::begin(database).await;
    talk.appends("c", &[said("a"), said("b"), said("c"), said("d")]).await;
    talk.appends("c", &[after("x", json!("a")), said("y")]).await;
    talk
}

/// `m1` to `m9`, one after the other.
async fn long(database: TestDatabase) -> Talk {
    let talk = Talk::begin(database).await;
    let messages: Vec<Value> = (1..=9).map(|at| said(&format!("m{at}"))).collect();
    talk.appends("c", &messages).await;
    talk
}

fn said(id: &str) -> Value {
    json!({ "id": id, "role": "user", "content": id })
}

fn after(id: &str, parent: Value) -> Value {
    json!({ "id": id, "parentId": parent, "role": "user", "content": id })
}

impl Talk {
    async fn shows(&self, through: Option<&str>, place: PageAnchor<'_>, limit: u32) -> BranchPage {
        self.service().branch_page(Principal::reader(&self.ada), "c", through, place, limit).await.unwrap()
    }
}

/// The messages of a page, and whether there are more before and after them.
fn summary(page: &BranchPage) -> (String, bool, bool) {
    let names: Vec<_> = page.messages.iter().map(|it| it.message.id.as_str()).collect();
    (names.join(" "), page.has_earlier, page.has_later)
}

fn whole(names: &str) -> (String, bool, bool) {
    (names.to_owned(), false, false)
}

/// The forks of a page: the message, which way it is of how many, and the messages of the ways beside it.
fn forks(page: &BranchPage) -> Vec<(&str, i64, i64, &str, &str)> {
    fn name(id: Option<&MessageId>) -> &str {
        id.map_or("", MessageId::as_str)
    }
    let all = page.messages.iter().filter_map(|it| Some((it.message.id.as_str(), it.sibling.as_ref()?)));
    all.map(|(id, it)| (id, it.position, it.count, name(it.previous.as_ref()), name(it.next.as_ref())))
        .collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn latest_branch_is_the_default(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = forked(database).await;
    let shown = talk.shows(None, PageAnchor::End, 10).await;
    assert_eq!(summary(&shown), whole("a x y"));
    assert_eq!(shown.tip.as_ref().map(MessageId::as_str), Some("y"));
    assert_eq!(forks(&shown), [("x", 2, 2, "b", "")]);
    talk.changes("c", json!({ "headId": "d" })).await;
    let shown = talk.shows(None, PageAnchor::End, 10).await;
    assert_eq!(summary(&shown), whole("a b c d"));
    assert_eq!(forks(&shown), [("b", 1, 2, "", "x")]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn branch_is_selected_by_any_of_its_messages(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = forked(database).await;
    // Whichever of its messages it is called by.
    for through in ["b", "c", "d"] {
        let shown = talk.shows(Some(through), PageAnchor::End, 10).await;
        assert_eq!(summary(&shown), whole("a b c d"), "{through}");
        assert_eq!(shown.tip.as_ref().map(MessageId::as_str), Some("d"), "{through:?}");
        assert_eq!(forks(&shown), [("b", 1, 2, "", "x")], "{through:?}");
    }
    let shown = talk.shows(Some("b"), PageAnchor::After("a"), 2).await;
    assert_eq!(summary(&shown), ("b c".into(), true, true));
    // At each fork below it, the way that was begun last.
    talk.appends("c", &[after("z", json!("b"))]).await;
    assert_eq!(summary(&talk.shows(Some("b"), PageAnchor::End, 10).await), whole("a b z"));
    assert_eq!(summary(&talk.shows(Some("a"), PageAnchor::End, 10).await), whole("a x y"));
    let shown = talk.shows(Some("c"), PageAnchor::End, 10).await;
    assert_eq!(forks(&shown), [("b", 1, 2, "", "x"), ("c", 1, 2, "", "z")]);
    talk.appends("c", &[after("w", json!("a"))]).await;
    assert_eq!(forks(&talk.shows(Some("x"), PageAnchor::Only("x"), 1).await), [("x", 2, 3, "b", "w")]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn long_branch_is_read_in_pages(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = long(database).await;
    for (place, limit, expected) in [
        (PageAnchor::End, 4, ("m6 m7 m8 m9", true, false)),
        (PageAnchor::End, 9, ("m1 m2 m3 m4 m5 m6 m7 m8 m9", false, false)),
        (PageAnchor::Before("m6"), 4, ("m2 m3 m4 m5", true, true)),
        (PageAnchor::Before("m2"), 4, ("m1", false, true)),
        (PageAnchor::Before("m1"), 4, ("", false, true)),
        (PageAnchor::After("m5"), 3, ("m6 m7 m8", true, true)),
        (PageAnchor::After("m7"), 3, ("m8 m9", true, false)),
        (PageAnchor::After("m9"), 3, ("", true, false)),
        (PageAnchor::Around("m5"), 6, ("m3 m4 m5 m6 m7 m8", true, true)),
        (PageAnchor::Around("m1"), 6, ("m1 m2 m3 m4", false, true)),
        // Where little comes after it, more of what comes before is shown.
        (PageAnchor::Around("m9"), 6, ("m4 m5 m6 m7 m8 m9", true, false)),
        (PageAnchor::Only("m5"), 6, ("m5", true, true)),
        (PageAnchor::Only("m9"), 6, ("m9", true, false)),
        (PageAnchor::Only("m1"), 6, ("m1", false, true)),
    ] {
        let (ids, has_earlier, has_later) = expected;
        let shown = talk.shows(None, place, limit).await;
        assert_eq!(summary(&shown), (ids.to_owned(), has_earlier, has_later), "{place:?} {limit}");
        assert_eq!(shown.tip.as_ref().map(MessageId::as_str), Some("m9"), "{place:?}");
        assert_eq!(forks(&shown), []);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn message_is_found_on_any_branch(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = forked(database).await;
    let shown = talk.shows(None, PageAnchor::Around("a"), 9).await;
    assert_eq!(summary(&shown), whole("a x y"), "the branch that is shown goes through it");
    let shown = talk.shows(None, PageAnchor::Around("c"), 9).await;
    assert_eq!(summary(&shown), whole("a b c d"));
    assert_eq!(shown.tip.as_ref().map(MessageId::as_str), Some("d"));
    assert_eq!(forks(&shown), [("b", 1, 2, "", "x")]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn conversation_can_have_several_roots(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.appends("c", &[said("a"), said("b")]).await;
    talk.appends("c", &[after("x", Value::Null), said("y")]).await;
    talk.appends("c", &[after("z", Value::Null)]).await;
    let shown = talk.shows(Some("x"), PageAnchor::End, 9).await;
    assert_eq!(summary(&shown), whole("x y"));
    assert_eq!(forks(&shown), [("x", 2, 3, "a", "z")]);
    assert_eq!(forks(&talk.shows(Some("a"), PageAnchor::End, 9).await), [("a", 1, 3, "", "x")]);
    assert_eq!(forks(&talk.shows(None, PageAnchor::End, 9).await), [("z", 3, 3, "x", "")]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn unknown_messages_are_not_found(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = forked(database).await;
    let service = talk.service();
    for place in
        [PageAnchor::Before("no"), PageAnchor::After("no"), PageAnchor::Around("no"), PageAnchor::Only("no")]
    {
        let outcome = service.branch_page(Principal::reader(&talk.ada), "c", None, place, 9).await;
        assert_eq!(code(outcome).0, Code::MessageNotFound, "{place:?}");
        let outcome = service.branch_page(Principal::reader(&talk.grace), "c", None, place, 9).await;
        assert_eq!(code(outcome).0, Code::ConversationNotFound, "{place:?}");
    }
    let outcome =
        service.branch_page(Principal::reader(&talk.ada), "c", Some("no"), PageAnchor::End, 9).await;
    assert!(matches!(outcome, Err(ConversationError::MessageNotFound)));
    // A message of another conversation is none of this one.
    service.create(Principal::reader(&talk.ada), named("d"), None).await.unwrap();
    service.append(super::by(&talk.ada), "d", vec![new(said("elsewhere"))], None).await.unwrap();
    let outcome = service
        .branch_page(Principal::reader(&talk.ada), "c", None, PageAnchor::Around("elsewhere"), 9)
        .await;
    assert_eq!(code(outcome).0, Code::MessageNotFound);
    service.create(Principal::reader(&talk.ada), named("empty"), None).await.unwrap();
    let shown =
        service.branch_page(Principal::reader(&talk.ada), "empty", None, PageAnchor::End, 9).await.unwrap();
    assert_eq!((summary(&shown), shown.tip), (whole(""), None));
}
