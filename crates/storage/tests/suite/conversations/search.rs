//! Finding messages by their words.

use rstest::rstest;
use storage::conversations::{Draft, Owner, Terms};
use testkit::databases::{Kind, TestDatabase};

use super::{ADA, GRACE, append, append_one, appending, begun, created, draft, wanted};

async fn found(
    database: &TestDatabase,
    user_id: &str,
    word: &str,
    before: i64,
    limit: i64,
) -> Vec<(String, i64)> {
    let found =
        database.search_messages(Owner::all(user_id), &wanted(database, word), before, limit).await.unwrap();
    found.into_iter().map(|it| (format!("{}/{}", it.conversation_id, it.id), it.no)).collect()
}

async fn paths(database: &TestDatabase, user_id: &str, word: &str) -> Vec<String> {
    found(database, user_id, word, i64::MAX, 99).await.into_iter().map(|(path, _)| path).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_newest_conversation_comes_first_and_in_it_the_newest_message(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, ADA, "d").await;
    append_one(&database, "d", "d1", "ink paper").await;
    append(&database, "c", &[draft(&database, "c1", "paper"), draft(&database, "c2", "ink")]).await;
    append_one(&database, "c", "c3", "paper paper").await;
    append_one(&database, "d", "d2", "paper").await;
    assert_eq!(paths(&database, ADA, "paper").await, ["d/d2", "d/d1", "c/c3", "c/c1"]);
    assert_eq!(paths(&database, ADA, "ink").await, ["d/d1", "c/c2"]);
    assert_eq!(paths(&database, ADA, "glue").await, Vec::<String>::new());
    let hit = database
        .search_messages(Owner::all(ADA), &wanted(&database, "ink"), i64::MAX, 1)
        .await
        .unwrap()
        .remove(0);
    assert_eq!((hit.role.as_str(), hit.title, hit.opening.as_deref()), ("user", None, Some("ink paper")));
    assert_eq!(hit.parts, super::content("ink paper").parts);
    assert_eq!(hit.created_at, crate::fixtures::NOW);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_a_search_together_is_the_whole_of_it(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, ADA, "d").await;
    for number in 0..7 {
        for id in ["c", "d"] {
            append_one(&database, id, &format!("m{number}"), "paper").await;
        }
    }
    let whole = found(&database, ADA, "paper", i64::MAX, 99).await;
    assert_eq!(whole.len(), 14);
    for limit in [1, 3, 14] {
        let (mut pages, mut before) = (Vec::new(), i64::MAX);
        loop {
            let page = found(&database, ADA, "paper", before, limit).await;
            let Some((_, last)) = page.last() else { break };
            before = *last;
            pages.extend(page);
        }
        assert_eq!(pages, whole, "{limit} at a time");
    }
}

/// Also when the terms do not tell the readers apart: the conversation's row does.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_nobody_finds_another_users_messages(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    created(&database, GRACE, "g").await;
    append_one(&database, "c", "m1", "paper").await;
    let drafts = [draft(&database, "g1", "paper")];
    let of_grace = storage::conversations::AppendRequest { user_id: GRACE, ..appending("g", &drafts) };
    database.append_messages(&of_grace).await.unwrap();
    assert_eq!(paths(&database, ADA, "paper").await, ["c/m1"]);
    assert_eq!(paths(&database, GRACE, "paper").await, ["g/g1"]);
    assert_eq!(paths(&database, "nobody", "paper").await, Vec::<String>::new());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_without_terms_is_found_by_no_query(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    begun(&database).await;
    let silent = Draft { terms: Terms::default(), ..draft(&database, "m1", "paper") };
    append(&database, "c", &[silent]).await;
    assert_eq!(paths(&database, ADA, "paper").await, Vec::<String>::new());
    append(&database, "c", &[draft(&database, "m1", "ink")]).await;
    assert_eq!(paths(&database, ADA, "ink").await, ["c/m1"]);
    let silent = Draft { terms: Terms::default(), ..draft(&database, "m1", "…") };
    append(&database, "c", &[silent]).await;
    assert_eq!(paths(&database, ADA, "ink").await, Vec::<String>::new());
}
