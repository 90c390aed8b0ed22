//! Search in messages.

use domain::Principal;
use domain::contract::{
    Code,
    conversations::{Hit, Passage},
};
use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;

use super::{Talk, code, first, whole};

async fn hits(talk: &Talk, words: &str) -> Vec<Hit> {
    talk.service().search(Principal::reader(&talk.ada), words, whole()).await.unwrap().items
}

async fn found(talk: &Talk, words: &str) -> Vec<String> {
    hits(talk, words).await.into_iter().map(|hit| hit.message.id.to_string()).collect()
}

fn text(passage: &Passage) -> String {
    passage.parts.iter().map(|part| part.text.as_str()).collect()
}

fn matched(passage: &Passage) -> Vec<&str> {
    passage.parts.iter().filter(|part| part.matched).map(|part| part.text.as_str()).collect()
}

const LANGUAGES: [(&str, &str, &str, &str); 20] = [
    ("en", "A bookplate names the owner of a book.", "OWNER", "owner"),
    ("de", "Das Exlibris gehört in die Übergröße.", "ubergrosse", "Übergröße"),
    ("fr", "L’ex-libris se colle à l'intérieur, déjà.", "deja", "déjà"),
    ("es", "El exlibris señala al dueño del libro.", "dueno", "dueño"),
    ("pt", "A coleção começou no século passado.", "colecao", "coleção"),
    ("pl", "Księgozbiór należy do rodziny Żółkiewskich.", "ksiegozbior", "Księgozbiór"),
    ("cs", "Knižní značka patří příteli.", "znacka", "značka"),
    ("tr", "Kitabın sahibi IŞIK'tır.", "ışık", "IŞIK"),
    ("vi", "Sách này của thư viện Đà Nẵng.", "da nang", "Đà"),
    ("ru", "Книжный знак, или экслибрис.", "ЭКСЛИБРИС", "экслибрис"),
    ("el", "Η βιβλιοθήκη του ΟΔΥΣΣΕΑ.", "βιβλιοθηκη", "βιβλιοθήκη"),
    ("he", "תו הספר מציין את הבעלים", "הבעלים", "הבעלים"),
    ("ar", "المكتبة مفتوحة اليوم", "مفتوحه", "مفتوحة"),
    ("fa", "کتابخانه امروز باز است", "كتابخانه", "کتابخانه"),
    ("hi", "यह किताब मेरी है", "किताब", "किताब"),
    ("ta", "இந்த புத்தகம் என்னுடையது", "புத்தகம்", "புத்தகம்"),
    ("zh", "藏书票是书籍主人的标志。", "藏书票", "藏书票"),
    ("ja", "蔵書票は本の所有者を示す。", "所有者", "所有者"),
    ("ko", "장서표는 책의 주인을 나타낸다.", "주인", "주인"),
    ("th", "ป้ายชื่อหนังสือบอกเจ้าของ", "หนังสือ", "หนังสือ"),
];

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_found_in_its_language(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let messages = LANGUAGES.map(|(id, text, ..)| json!({ "id": id, "role": "assistant", "content": text }));
    talk.appends("c", &messages).await;
    for (id, text_of, query, expected) in LANGUAGES {
        let hits = hits(&talk, query).await;
        assert_eq!(hits.iter().map(|hit| hit.message.id.as_str()).collect::<Vec<_>>(), [id], "{query}");
        let passage = &hits[0].passage;
        assert_eq!(text(passage), text_of, "{query}");
        assert!(matched(passage).join("").contains(expected), "{query}: {:?}", passage.parts);
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn search_matches_text_parts_only(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let parts = json!([
        { "type": "reasoning", "text": "thought" },
        { "type": "text", "text": "spoken words" },
        { "type": "tool-call", "toolCallId": "t", "toolName": "called", "input": { "q": "asked" } },
        { "type": "tool-result", "toolCallId": "t", "output": "answered" },
        { "type": "source", "sourceId": "s", "kind": "url", "chunk": "quoted", "title": "entitled" },
        { "type": "text", "text": "and more" },
    ]);
    talk.appends(
        "c",
        &[json!({ "id": "m", "role": "assistant", "parts": parts, "raw": "kept", "model": "made" })],
    )
    .await;
    talk.changes("c", json!({ "title": "named" })).await;
    for (words, hits) in [
        ("spoken", 1),
        ("words more", 1),
        ("more spok", 1),
        ("\"spoken words\"", 1),
        ("\"words spoken\"", 0),
        ("spok words", 0),
        ("thought", 0),
        ("called", 0),
        ("asked", 0),
        ("answered", 0),
        ("quoted", 0),
        ("entitled", 0),
        ("kept", 0),
        ("made", 0),
        ("named", 0),
        ("text", 0),
    ] {
        assert_eq!(found(&talk, words).await.len(), hits, "{words}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn search_follows_updates(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "paper").await;
    talk.says("c", "n", "glue").await;
    talk.says("c", "m", "vellum").await;
    assert_eq!((found(&talk, "paper").await.len(), found(&talk, "vellum").await.len()), (0, 1));
    let changed = super::change(json!({ "content": "parchment" }));
    talk.service().update_message(super::by(&talk.ada), "c", "m", changed).await.unwrap();
    assert_eq!((found(&talk, "vellum").await.len(), found(&talk, "parchment").await.len()), (0, 1));
    let silent = super::change(json!({ "parts": [] }));
    talk.service().update_message(super::by(&talk.ada), "c", "m", silent).await.unwrap();
    assert_eq!((found(&talk, "parchment").await.len(), found(&talk, "glue").await.len()), (0, 1));
    let model = super::change(json!({ "model": "m" }));
    talk.service().update_message(super::by(&talk.ada), "c", "n", model).await.unwrap();
    assert_eq!(found(&talk, "glue").await, ["n"], "what is said has stayed");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn snippet_shows_the_match(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let long = format!("{}the needle, so <b>sharp</b>{}", "hay ".repeat(200), " hay".repeat(200));
    talk.says("c", "m", &long).await;
    let hit = hits(&talk, "needle sharp").await.remove(0);
    assert!(hit.passage.before_cut && hit.passage.after_cut);
    assert_eq!(matched(&hit.passage), ["needle", "sharp"]);
    let shown = text(&hit.passage);
    assert!(long.contains(&shown) && shown.contains("<b>sharp</b>"), "as it stands: {shown}");
    assert!(shown.chars().count() <= 160, "{shown}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn hit_names_its_conversation_and_message(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m1", "How is paper made?").await;
    talk.appends("c", &[json!({ "id": "m2", "role": "assistant", "content": "Of rags." })]).await;
    talk.changes("c", json!({ "title": "Paper" })).await;
    let hit = hits(&talk, "rags").await.remove(0);
    assert_eq!((hit.conversation.id.as_str(), hit.conversation.title.as_deref()), ("c", Some("Paper")));
    assert_eq!(hit.conversation.opening.as_deref(), Some("How is paper made?"));
    assert_eq!((hit.message.id.as_str(), hit.message.seq, hit.message.role.name()), ("m2", 2, "assistant"));
    // What is put away is found too; what is deleted is not.
    talk.changes("c", json!({ "status": "archived" })).await;
    assert_eq!(found(&talk, "rags").await, ["m2"]);
    talk.service().delete(Principal::reader(&talk.ada), "c").await.unwrap();
    assert_eq!(found(&talk, "rags").await, Vec::<String>::new());
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_nothing_but_hits_are_shown(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    let words = "a.".repeat(20_000);
    for at in 0..20 {
        talk.says("c", &format!("m{at}"), &words).await;
    }
    for typed in ["a ".repeat(16), "a \"a a\" \"a a a\" \"a a a a\" \"a a a a a\" a".to_owned()] {
        let hits = hits(&talk, &typed).await;
        assert_eq!(hits.len(), 20, "{typed}");
        assert!(hits.iter().all(|hit| words.starts_with(&text(&hit.passage))), "{typed:?}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn search_input_is_never_query_syntax(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let talk = Talk::begin(database).await;
    talk.says("c", "m", "paper and NEAR not or terms").await;
    for nothing in ["", " ", "…", "\"\"", "\" \"", "'", "*", "()", "-", "😀", "\0", "&|!:*"] {
        let outcome = talk.service().search(Principal::reader(&talk.ada), nothing, first(9)).await;
        assert_eq!(code(outcome), (Code::ValidationError, "q".into()), "{nothing:?}");
    }
    for words in [
        "\"paper",
        "paper\"",
        "paper*",
        "paper OR terms",
        "NEAR(paper terms)",
        "terms: paper",
        "paper & !terms",
        "paper') or 1=1 --",
        "paper\\",
        "paper:*A",
        "paper<->terms",
        "{paper}",
        "^paper",
        "paper\0x",
        &"paper ".repeat(5000),
        &"x".repeat(100_000),
    ] {
        talk.service()
            .search(Principal::reader(&talk.ada), words, first(9))
            .await
            .unwrap_or_else(|error| panic!("{words:?}: {error:?}"));
    }
    assert_eq!(found(&talk, "paper OR glue").await, Vec::<String>::new(), "words, not operators");
    assert_eq!(found(&talk, "paper or").await, ["m"]);
}
