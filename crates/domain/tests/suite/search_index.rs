//! Both databases find what [`Query::matches`] says, with the index and the expressions they are given.

use proptest::{collection, prelude::*, sample::select, strategy::ValueTree, test_runner::TestRunner};
use rstest::rstest;
use search::{Query, TermPrefix, index};
use testkit::databases::{Kind, TestDatabase};

/// Texts by number, as the tables of chats will hold them.
struct Index {
    database: TestDatabase,
    owner: TermPrefix,
}

impl Index {
    async fn create(database: TestDatabase) -> Self {
        let table = match database.kind() {
            Kind::Sqlite => {
                "create virtual table texts using fts5(terms, content='', contentless_delete=1, tokenize='ascii')"
            }
            Kind::Postgres => "create table texts (rowid bigint primary key, terms tsvector not null)",
        };
        database.arrange(table).await;
        if database.kind() == Kind::Postgres {
            database.arrange("create index on texts using gin (terms)").await;
        }
        Self { database, owner: TermPrefix::of("user-1") }
    }

    async fn store(&self, owner: &TermPrefix, number: usize, text: &str) {
        let indexed = index(owner, text);
        let terms = match self.database.kind() {
            Kind::Sqlite => indexed.fts5().to_owned(),
            Kind::Postgres => indexed.tsvector(),
        };
        self.database
            .arrange(&format!("insert into texts (rowid, terms) values ({number}, {})", literal(&terms)))
            .await;
    }

    async fn found(&self, query: &Query) -> Vec<usize> {
        let (operator, expression) = match self.database.kind() {
            Kind::Sqlite => ("match", literal(&query.fts5(&self.owner))),
            Kind::Postgres => ("@@", format!("{}::tsquery", literal(&query.tsquery(&self.owner)))),
        };
        let statement = format!("select rowid from texts where terms {operator} {expression} order by rowid");
        self.database.numbers(&statement).await.into_iter().map(|it| usize::try_from(it).unwrap()).collect()
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// Few enough to be found often, in all the ways of writing, with what could upset a parser.
const PIECES: [&str; 40] = [
    "the",
    "robot",
    "Robots",
    "rob",
    "arm",
    "fooBar",
    "foo",
    "bar",
    "HTTPServer",
    "snake_case",
    "2.5",
    "v1.2",
    "C++",
    "don't",
    "École",
    "ecole",
    "Straße",
    "strasse",
    "Ёж",
    "еж",
    "ΣΟΦΟΣ",
    "σοφός",
    "東京都",
    "東京",
    "京",
    "都",
    "ロボット",
    "ﾛﾎﾞ",
    "학교에서",
    "학교",
    "สวัสดี",
    "สวั",
    "हिन्दी",
    "مُحَمَّد",
    "שלום",
    "½",
    "AND",
    "NEAR(a b)",
    "\u{0}",
    "🎉",
];
const BETWEEN: [&str; 14] = [" ", " ", " ", " ", "", "\n", ", ", "-", " \"", "\" ", "*", " ' ", ":", "\\"];

fn written(most: usize) -> impl Strategy<Value = String> {
    let piece = (select(&PIECES[..]), select(&BETWEEN[..]));
    collection::vec(piece, 1..most)
        .prop_map(|it| it.into_iter().flat_map(|(piece, between)| [piece, between]).collect())
}

/// What someone looks for who has seen a text.
fn stretch(text: &str, from: usize, length: usize) -> String {
    text.chars().skip(from).take(length).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn databases_find_what_matches(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.empty().await;
    let index = Index::create(database).await;
    let mut runner = TestRunner::deterministic();
    let mut some = |most| written(most).new_tree(&mut runner).unwrap().current();
    let texts: Vec<String> = (0..60).map(|_| some(14)).collect();
    for (number, text) in texts.iter().enumerate() {
        index.store(&index.owner, number, text).await;
    }
    let typed = (0..300).map(|number| match number % 3 {
        0 => some(4),
        1 => stretch(&texts[number % 60], number % 7, 2 + number % 11),
        _ => format!("\"{}\"", stretch(&texts[number % 60].replace('"', " "), number % 7, 2 + number % 11)),
    });
    let (mut yes, mut no) = (0, 0);
    for (number, typed) in typed.enumerate() {
        let Some(query) = Query::parse(&typed, number % 2 == 0) else { continue };
        let expected: Vec<usize> = (0..texts.len()).filter(|number| query.matches(&texts[*number])).collect();
        assert_eq!(index.found(&query).await, expected, "{typed:?} as {query:?}");
        (yes, no) = (yes + expected.len(), no + texts.len() - expected.len());
    }
    assert!(yes > 500 && no > 500, "{yes} found, {no} not");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn search_finds_nothing_of_another_user(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.empty().await;
    let index = Index::create(database).await;
    index.store(&index.owner, 1, "mine").await;
    index.store(&TermPrefix::of("user-2"), 2, "mine, too").await;
    for typed in ["mine", "m", "\"mine"] {
        assert_eq!(index.found(&Query::parse(typed, true).unwrap()).await, [1], "{typed}");
    }
    assert_eq!(index.found(&Query::parse("too", true).unwrap()).await, [0_usize; 0]);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn largest_texts_can_be_indexed(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.empty().await;
    let index = Index::create(database).await;
    let many = |word: fn(usize) -> String| (0..20_000).map(word).collect::<Vec<_>>().join(" ");
    let texts = [
        many(|number| format!("{number}{}", "x".repeat(100))),
        many(|number| format!("word{number}")),
        many(|_| "the".to_owned()) + " end",
        many(|number| format!("the w{number}")),
    ];
    for (number, text) in texts.iter().enumerate() {
        index.store(&index.owner, number, text).await;
    }
    for typed in [
        "the",
        "\"the the\"",
        "word16382",
        "\"word16381 word16382\"",
        "word16383",
        "end",
        "\"w7000 the\"",
        "w7000",
    ] {
        let query = Query::parse(typed, false).unwrap();
        let expected: Vec<usize> = (0..texts.len()).filter(|number| query.matches(&texts[*number])).collect();
        // The one difference: of a word that stands in a text more than 256 times, PostgreSQL knows the first places.
        let postgres_loses = index.database.kind() == Kind::Postgres && typed == "\"w7000 the\"";
        let expected = if postgres_loses { Vec::new() } else { expected };
        assert_eq!(index.found(&query).await, expected, "{typed}");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn deleting_a_text_deletes_its_terms(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.empty().await;
    let index = Index::create(database).await;
    index.store(&index.owner, 1, "one robot").await;
    index.store(&index.owner, 2, "another robot").await;
    index.database.arrange("delete from texts where rowid = 1").await;
    assert_eq!(index.found(&Query::parse("robot", false).unwrap()).await, [2]);
}
