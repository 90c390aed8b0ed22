//! The page of a conversation.

use serde_json::json;

use super::{Talk, dialogue, links, message, posted, shown};
use crate::app::{TestApp, a_database};

#[tokio::test(flavor = "multi_thread")]
async fn a_long_conversation_opens_at_its_end() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", None).await;
    talk.say("c", &dialogue(70)).await;
    let page = browser.get("/conversations/c").await.page();
    let names =
        |numbers: std::ops::RangeInclusive<usize>| numbers.map(|it| format!("m{it}")).collect::<Vec<_>>();
    assert_eq!(shown(&page), names(41..=70));
    assert_eq!(page.title(), "Words number 1 · Bookplate");
    assert_eq!(links(&page, "Earlier messages"), ["/conversations/c?before=m41#end"]);
    assert_eq!(links(&page, "Later messages"), [""; 0]);
    let page = browser.get("/conversations/c?before=m41").await.page();
    assert_eq!(shown(&page), names(11..=40));
    assert_eq!(links(&page, "Later messages"), ["/conversations/c?after=m40"]);
    let page = browser.get("/conversations/c?before=m11").await.page();
    assert_eq!(shown(&page), names(1..=10));
    assert_eq!(links(&page, "Earlier messages"), [""; 0]);
    let page = browser.get("/conversations/c?after=m10").await.page();
    assert_eq!(shown(&page), names(11..=40));
    let page = browser.get("/conversations/c?after=m40").await.page();
    assert_eq!(shown(&page), names(41..=70));
    assert_eq!(links(&page, "Later messages"), [""; 0]);
    assert!(links(&page, "Earlier messages").len() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn branches_can_be_viewed_by_links() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", None).await;
    talk.say("c", &[message("q1", "user", "One"), message("a1", "assistant", "First answer")]).await;
    let again = |id: &str, parent: Option<&str>, role: &str| json!({ "id": id, "role": role, "content": id, "parentId": parent });
    talk.say(
        "c",
        &[
            again("a2", Some("q1"), "assistant"),
            again("u2", Some("a2"), "user"),
            again("u3", Some("a2"), "user"),
        ],
    )
    .await;
    talk.say("c", &[again("q2", None, "user")]).await;
    // The branch that was added last is shown.
    let page = browser.get("/conversations/c").await.page();
    assert_eq!(shown(&page), ["q2"]);
    assert_eq!(links(&page, "‹"), ["/conversations/c?branch=q1#m-q1"]);
    assert!(page.one("body").text.contains("2 of 2"));
    let page = browser.get("/conversations/c?branch=q1").await.page();
    assert_eq!(shown(&page), ["q1", "a2", "u3"], "each time on to the one that was added last");
    assert_eq!(links(&page, "‹"), ["/conversations/c?branch=a1#m-a1", "/conversations/c?branch=u2#m-u2"]);
    assert_eq!(links(&page, "›"), ["/conversations/c?branch=q2#m-q2"]);
    assert!(page.one("body").text.contains("one of several versions"));
    let page = browser.get("/conversations/c?branch=a1").await.page();
    assert_eq!(shown(&page), ["q1", "a1"]);
    // Looking changes nothing; choosing does.
    assert_eq!(shown(&browser.get("/conversations/c").await.page()), ["q2"]);
    let chosen = [("conversation", "c"), ("head", "u2"), ("next", "/conversations/c")];
    assert_eq!(posted(&mut browser, "head", &chosen).await.status, 303);
    let page = browser.get("/conversations/c").await.page();
    assert_eq!(shown(&page), ["q1", "a2", "u2"]);
    let reply = posted(&mut browser, "head", &[("conversation", "c"), ("head", "made-up")]).await;
    assert_eq!(reply.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_to_a_message_opens_its_page() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", None).await;
    talk.say("c", &dialogue(100)).await;
    let mut page =
        async |message: &str| browser.get(&format!("/conversations/c?message={message}")).await.page();
    let middle = page("m50").await;
    let names = shown(&middle);
    assert_eq!((names.len(), names[0].as_str(), names[29].as_str()), (30, "m40", "m69"));
    assert_eq!(links(&middle, "Later messages"), ["/conversations/c?after=m69"]);
    assert_eq!(links(&middle, "Earlier messages"), ["/conversations/c?before=m40#end"]);
    let own: Vec<_> = middle
        .all("a")
        .filter(|it| it.has_class("message__permalink"))
        .filter_map(|it| it.get("href"))
        .collect();
    assert!(own.contains(&"/conversations/c?message=m50#m-m50"));
    assert_eq!(shown(&page("m1").await)[0], "m1");
    assert_eq!(shown(&page("m100").await).last().unwrap(), "m100");
    assert_eq!(shown(&page("m99").await).len(), 30, "the page is filled up from before");
    // On another branch, that branch is shown.
    talk.say("c", &[json!({ "id": "other", "role": "user", "content": "x", "parentId": "m2" })]).await;
    let page = browser.get("/conversations/c?message=m80").await.page();
    assert!(shown(&page).contains(&"m80".to_owned()));
    assert_eq!(browser.get("/conversations/c?message=made-up").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_06_a_malicious_message_is_inert() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    let hostile =
        "\"><script>alert(1)</script><img src=x onerror=alert(1)> [a](javascript:alert(1)) </article></main>";
    talk.begin("c", Some(&hostile.replace('/', "."))).await;
    let parts = json!([
        { "type": "text", "text": hostile, "citations": [{ "sourceId": hostile, "start": 0, "end": 3, "quote": hostile }] },
        { "type": "reasoning", "text": hostile },
        { "type": "source", "sourceId": hostile, "kind": "url", "url": "javascript:alert(1)", "title": hostile },
        { "type": "file", "url": "data:text/html,<script>alert(1)</script>", "mediaType": hostile, "filename": hostile },
        { "type": "tool-call", "toolCallId": "t", "toolName": hostile, "input": { hostile: hostile } },
        { "type": "tool-result", "toolCallId": "t", "output": hostile, "errorText": hostile },
        { "type": "data-chart", "data": hostile },
    ]);
    for role in ["user", "assistant", "tool", "system"] {
        talk.say("c", &[json!({ "id": role, "role": role, "parts": parts })]).await;
    }
    for path in
        ["/conversations", "/conversations/c", "/conversations?q=alert", "/conversations?q=%3Cscript%3Ealert"]
    {
        let reply = browser.get(path).await;
        let html = reply.text();
        assert!(!html.contains("<script>alert") && !html.contains("<img"), "{path}");
        let page = reply.page();
        assert!(page.elements().all(|it| it.attributes().all(|(name, _)| !name.starts_with("on"))), "{path}");
        for link in page.all("a").filter_map(|it| it.get("href")) {
            assert!(link.starts_with('/') || link.starts_with('#'), "{path}: {link}");
        }
        assert_eq!(page.all("main").count(), 1, "{path}");
        assert_eq!(html.matches("</main>").count(), 1, "{path}");
        assert_eq!(html.matches("</article>").count(), page.all("article").count(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_an_answer_are_rendered_in_order() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", None).await;
    let source = |id: &str, url: &str| json!({ "type": "source", "sourceId": id, "kind": "url", "url": url, "title": id });
    let parts = json!([
        { "type": "reasoning", "text": "Let me **look**." },
        { "type": "tool-call", "toolCallId": "t", "toolName": "search_book", "input": { "q": "lidar" } },
        { "type": "tool-result", "toolCallId": "t", "output": [1, 2] },
        { "type": "text", "text": "Lidar measures.", "citations": [
            { "sourceId": "second", "start": 0, "end": 5 }, { "sourceId": "first", "start": 6, "end": 15 },
            { "sourceId": "nowhere", "start": 0, "end": 5 },
        ] },
        source("first", "https://book.example/docs/sensors#range"),
        source("second", "https://book.example/docs/lidar"),
    ]);
    talk.say(
        "c",
        &[
            message("q", "user", "?"),
            json!({ "id": "a", "role": "assistant", "parts": parts, "status": "incomplete" }),
        ],
    )
    .await;
    talk.say("c", &[json!({ "id": "p", "role": "assistant", "content": "So", "status": "in_progress" })])
        .await;
    let reply = browser.get("/conversations/c").await;
    let page = reply.page();
    let summaries: Vec<_> = page.all("summary").map(|it| it.text.trim().to_owned()).collect();
    for summary in ["Reasoning", "Used a tool: search_book", "What search_book returned"] {
        assert!(summaries.iter().any(|it| it == summary), "{summaries:?}");
    }
    let marks: Vec<_> = page.all("sup").map(|it| it.text.as_str()).collect();
    assert_eq!(marks, ["2", "1"], "numbered by source, marks without a source left out");
    let list = page.all("ol").find(|it| it.has_class("sources")).unwrap();
    let items: Vec<_> =
        page.inside(list).filter(|it| it.tag == "li").map(|it| it.get("id").unwrap()).collect();
    assert_eq!(items, ["m-a-source-1", "m-a-source-2"]);
    assert!(page.by_id("m-a-source-1").unwrap().text.contains("book.example, docs/sensors: range"));
    let text = &page.one("body").text;
    assert!(text.contains("This answer was cut off.") && text.contains("Still being written"));
    let heads: Vec<_> =
        page.all("h2").filter(|it| it.has_class("message__author")).map(|it| it.text.as_str()).collect();
    assert_eq!(heads, ["You", "Bookplate", "Bookplate"]);
    assert!(page.all("article").all(|it| page.by_id(it.get("aria-labelledby").unwrap()).is_some()));
    for format in ["markdown", "json"] {
        let address = format!("/api/conversations/c/export?format={format}");
        assert!(page.all("a").any(|it| it.get("href") == Some(&address)), "{format}");
    }
}
