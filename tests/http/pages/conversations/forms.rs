//! Actions on conversations, without script.

use rstest::rstest;
use serde_json::json;
use testkit::databases::Kind;
use tokio::task::JoinSet;

use super::{Talk, dialogue, posted, rows};
use crate::{
    app::{TestApp, a_database},
    page::Page,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_conversation_can_be_restored() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", Some("Sensors")).await;
    let reply = posted(&mut browser, "delete", &[("conversation", "c"), ("next", "/conversations/c")]).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/conversations")));
    let page = browser.get("/conversations").await.page();
    assert_eq!(rows(&page), [""; 0]);
    assert!(page.one("body").text.contains("Deleted. It is gone for good in ten minutes."));
    let undo = page.all("form").find(|it| it.get("action") == Some("/conversations/-/restore")).unwrap();
    let about = page.inside(undo).find(|it| it.get("name") == Some("conversation")).unwrap();
    assert_eq!(about.get("value"), Some("c"));
    assert_eq!(browser.get("/conversations/c").await.status, 404);
    assert!(!browser.get("/conversations").await.page().one("body").text.contains("Deleted."), "told once");
    assert_eq!(posted(&mut browser, "restore", &[("conversation", "c")]).await.status, 303);
    let page = browser.get("/conversations").await.page();
    assert_eq!(rows(&page), ["/conversations/c"]);
    assert!(page.one("body").text.contains("The conversation is back."));
    // After ten minutes there is nothing to bring back.
    posted(&mut browser, "delete", &[("conversation", "c")]).await;
    app.ports.clock.advance_seconds(601);
    let reply = posted(&mut browser, "restore", &[("conversation", "c")]).await;
    assert_eq!(reply.status, 404);
    assert!(reply.page().problem().unwrap().text.contains("It may have been deleted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_is_renamed_archived_and_moved_back() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", None).await;
    let back = "/conversations?shown=40#r1";
    let renamed = [("conversation", "c"), ("title", "  Sonar & <lidar> "), ("next", back)];
    let reply = posted(&mut browser, "rename", &renamed).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(back)));
    let page = browser.get("/conversations/c").await.page();
    assert_eq!(page.one("h1").text, "Sonar & <lidar>");
    assert_eq!(page.value("title").as_deref(), Some("Sonar & <lidar>"));
    assert_eq!(posted(&mut browser, "archive", &[("conversation", "c")]).await.status, 303);
    let page = browser.get("/conversations").await.page();
    assert_eq!(rows(&page), [""; 0]);
    assert!(page.all("form").any(|it| it.get("action") == Some("/conversations/-/unarchive")), "undo");
    let page = browser.get("/conversations?status=archived").await.page();
    assert_eq!(rows(&page), ["/conversations/c"]);
    assert_eq!(posted(&mut browser, "unarchive", &[("conversation", "c")]).await.status, 303);
    assert_eq!(rows(&browser.get("/conversations").await.page()), ["/conversations/c"]);
    // A form leads to pages of conversations and nowhere else.
    for elsewhere in
        ["https://evil.example", "/account", "//evil.example", "/conversations/-/delete", "/conversationsx"]
    {
        let reply = posted(&mut browser, "archive", &[("conversation", "c"), ("next", elsewhere)]).await;
        assert_eq!(reply.location(), Some("/conversations"), "{elsewhere}");
    }
    let reply = posted(&mut browser, "rename", &[("conversation", "c"), ("title", " ")]).await;
    assert_eq!(reply.status, 303, "an empty title takes the name away");
    assert!(browser.get("/conversations/c").await.page().title().starts_with("New conversation"));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_flash_message_is_shown_with_many_rows_too(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let database = kind.migrated().await;
    let app = TestApp::on(database).await;
    let mut under_way = JoinSet::new();
    for number in 0..6 {
        let (email, id) = (format!("reader{number}@example.com"), format!("c{number}"));
        let mut browser = app.reader(&email).await;
        Talk::of(&app, &email).await.begin(&id, None).await;
        under_way.spawn(async move {
            let path = format!("/conversations/{id}");
            for action in ["archive", "unarchive"].into_iter().cycle().take(20) {
                posted(&mut browser, action, &[("conversation", &id), ("next", &path)]).await;
                let page = browser.get(&path).await.page();
                let told = page.elements().filter(|it| it.has_class("notice--good"));
                assert_eq!(told.count(), 1, "{action}: {}", page.one("main").text);
            }
        });
    }
    under_way.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_rated_and_the_rating_removed() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", None).await;
    talk.say("c", &dialogue(2)).await;
    let judged = |page: &Page| {
        let buttons = page.all("button").filter(|it| it.get("name") == Some("value"));
        buttons
            .map(|it| (it.get("value").unwrap().to_owned(), it.get("aria-pressed").unwrap() == "true"))
            .collect::<Vec<_>>()
    };
    let pair =
        |good: &str, is_good, bad: &str, is_bad| vec![(good.to_owned(), is_good), (bad.to_owned(), is_bad)];
    let page = browser.get("/conversations/c").await.page();
    assert_eq!(judged(&page), pair("1", false, "-1", false), "the answer alone is judged");
    let back = "/conversations/c#m-m2";
    for (value, expected) in [
        ("1", pair("0", true, "-1", false)),
        ("-1", pair("1", false, "0", true)),
        ("0", pair("1", false, "-1", false)),
    ] {
        let sent = [("conversation", "c"), ("message", "m2"), ("value", value), ("next", back)];
        let reply = posted(&mut browser, "feedback", &sent).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(back)), "{value}");
        assert_eq!(judged(&browser.get("/conversations/c").await.page()), expected, "{value}");
    }
    let odd = [("conversation", "c"), ("message", "m2"), ("value", "7")];
    assert_eq!(posted(&mut browser, "feedback", &odd).await.status, 400);
    let odd = [("conversation", "c"), ("message", "\u{0}"), ("value", "1")];
    assert_eq!(posted(&mut browser, "feedback", &odd).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_users_conversation_is_a_404() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    app.reader("ada@example.com").await;
    let mut grace = app.reader("grace@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", Some("Of Ada")).await;
    talk.say("c", &dialogue(2)).await;
    let before = app.rows_but_events().await;
    for path in [
        "/conversations/c",
        "/conversations/made-up",
        "/conversations/%00",
        "/conversations/a%20b",
        "/conversations/...",
    ] {
        let reply = grace.get(path).await;
        assert_eq!(reply.status, 404, "{path}");
        let page = reply.page();
        assert!(page.one("h1").text.contains("No such conversation"), "{path}");
        assert!(page.one("body").text.contains("It may have been deleted"), "{path}");
    }
    assert_eq!(rows(&grace.get("/conversations?q=words").await.page()), [""; 0]);
    let all = [("conversation", "c"), ("title", "x"), ("head", "m1"), ("message", "m2"), ("value", "1")];
    for action in ["rename", "archive", "unarchive", "delete", "restore", "head", "feedback"] {
        assert_eq!(posted(&mut grace, action, &all).await.status, 404, "{action}");
        assert_eq!(posted(&mut grace, action, &[]).await.status.as_u16() / 100, 4, "{action}");
        let reply = posted(&mut app.browser(), action, &all).await;
        assert_eq!(reply.status, 303, "{action}: who is signed out is led to sign in");
    }
    assert_eq!(app.rows_but_events().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_too_long_title_is_shown_again_with_an_error() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("d", Some("Motors")).await;
    talk.begin("c", Some("Sensors")).await;
    let long = "x".repeat(201);
    for next in ["/conversations", "/conversations/c"] {
        let reply =
            posted(&mut browser, "rename", &[("conversation", "c"), ("title", &long), ("next", next)]).await;
        assert_eq!(reply.status, 400, "{next:?}");
        let page = reply.page();
        assert_eq!(page.error("title"), Some("Use at most 200 characters."), "{next}");
        assert_eq!(page.value("title").as_deref(), Some(long.as_str()), "{next}");
        assert!(page.title().starts_with("Error: "), "{next:?}");
        assert!(page.problem().unwrap().text.contains("Title: Use at most 200 characters."), "{next:?}");
        assert!(page.by_id("title").is_some(), "{next:?}");
    }
    assert_eq!(browser.get("/conversations/-/rename").await.location(), Some("/conversations"));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_another_site_cannot_change_anything() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", Some("Sensors")).await;
    talk.say("c", &dialogue(2)).await;
    let before = app.rows_but_events().await;
    let all = [("conversation", "c"), ("title", "x"), ("head", "m1"), ("message", "m2"), ("value", "1")];
    let mut elsewhere =
        browser.sending("origin", "https://evil.example").sending("sec-fetch-site", "cross-site");
    for action in ["rename", "archive", "unarchive", "delete", "restore", "head", "feedback"] {
        assert_eq!(posted(&mut elsewhere, action, &all).await.status, 403, "{action}");
    }
    for query in ["list", "turns"] {
        let asked = json!({ "asked": { "id": "c" } });
        elsewhere.json(&format!("/conversations/-/{query}"), asked).await.refused(403, "INVALID_ORIGIN");
    }
    assert_eq!(app.rows_but_events().await, before);
}
