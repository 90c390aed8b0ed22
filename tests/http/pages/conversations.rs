//! The pages of conversations, without script.

use contract::conversations::{NewConversation, NewMessage, read_json};
use domain::By;
use serde_json::{Value, json};
use testkit::{databases::TestDatabase, on_each_database};

use crate::{
    app::{TestApp, on_one_database},
    client::Client,
    fields::Fields,
    page::Page,
    reply::Reply,
};

on_each_database!(
    the_list_begins_with_what_was_said_last,
    a_long_list_grows_and_goes_on,
    what_is_looked_for_is_found_and_marked,
    a_long_conversation_opens_at_its_end,
    branches_are_walked_by_links,
    a_link_to_a_message_opens_its_page,
    what_is_deleted_can_be_brought_back,
    a_conversation_is_renamed_put_away_and_taken_out,
    an_answer_is_judged_and_the_judgement_taken_back,
    what_belongs_to_somebody_else_is_not_there,
);
on_one_database!(
    an_empty_list_says_how_to_begin,
    who_is_signed_out_signs_in_and_comes_back,
    security_06_a_hostile_message_is_inert,
    the_parts_of_an_answer_stand_in_their_places,
    a_title_that_is_too_long_comes_back,
    security_16_another_site_changes_nothing,
    islands_ask_and_are_answered,
);

/// What a reader has said and was answered.
pub struct Talk<'a> {
    app: &'a TestApp,
    user_id: String,
}

impl<'a> Talk<'a> {
    pub async fn of(app: &'a TestApp, email: &str) -> Self {
        let user_id = app.database.find_credentials(email, None).await.unwrap().unwrap().user.id;
        Self { app, user_id }
    }

    /// A conversation of this name.
    pub async fn begin(&self, id: &str, title: Option<&str>) {
        let new: NewConversation =
            read_json(json!({ "id": id, "title": title }).to_string().as_bytes()).unwrap();
        self.app.services.conversations.create(&self.user_id, new).await.unwrap();
        self.app.ports.clock.advance_seconds(60);
    }

    /// Messages, in this order.
    pub async fn say(&self, id: &str, messages: &[Value]) {
        let by = By { user_id: &self.user_id, token_id: None, expired: false };
        for some in messages.chunks(100) {
            let some: Vec<NewMessage> =
                some.iter().map(|it| read_json(it.to_string().as_bytes()).unwrap()).collect();
            self.app.services.conversations.append(by, id, some, None).await.unwrap();
        }
        self.app.ports.clock.advance_seconds(60);
    }
}

fn message(id: &str, role: &str, text: &str) -> Value {
    json!({ "id": id, "role": role, "content": text })
}

/// Questions and answers by turns, `m1` to `mN`.
fn dialogue(count: usize) -> Vec<Value> {
    let one = |at: usize| {
        let role = if at % 2 == 1 { "user" } else { "assistant" };
        message(&format!("m{at}"), role, &format!("Words number {at}"))
    };
    (1..=count).map(one).collect()
}

/// The messages on a page, in their order.
fn shown(page: &Page) -> Vec<String> {
    page.all("article").filter_map(|it| it.get("data-message")).map(str::to_owned).collect()
}

/// The addresses of links with these words.
fn links(page: &Page, words: &str) -> Vec<String> {
    let found = page.all("a").filter(|it| it.text.trim() == words);
    found.filter_map(|it| it.get("href")).map(str::to_owned).collect()
}

/// The links that lead to conversations from rows of a list.
fn rows(page: &Page) -> Vec<String> {
    let is_row = |it: &&crate::page::Element| it.has_class("entry");
    let rows: Vec<_> = page.all("li").filter(is_row).collect();
    let link = |row| page.inside(row).find(|it| it.tag == "a").and_then(|it| it.get("href"));
    rows.into_iter().filter_map(link).map(str::to_owned).collect()
}

async fn posted(browser: &mut Client, action: &str, fields: &[(&str, &str)]) -> Reply {
    let fields = fields.iter().fold(Fields::new(&[]), |all, (name, value)| all.with(name, value));
    browser.form(&format!("/conversations/-/{action}"), fields).await
}

async fn the_list_begins_with_what_was_said_last(database: TestDatabase) {
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("named", Some("Lidar <basics>")).await;
    talk.begin("nameless", None).await;
    talk.begin("empty", None).await;
    talk.say("nameless", &[message("a", "user", "How *far* does sonar reach?")]).await;
    talk.say("named", &dialogue(3)).await;
    let page = browser.get("/conversations").await.page();
    assert_eq!(rows(&page), ["/conversations/named", "/conversations/nameless", "/conversations/empty"]);
    let text = &page.one("body").text;
    for words in [
        "Lidar <basics>",
        "Words number 1",
        "3 messages",
        "How far does sonar reach?",
        "1 message",
        "New conversation",
    ] {
        assert!(text.contains(words), "{words}");
    }
    assert_eq!(page.title(), "Conversations · Bookplate");
    assert_eq!(links(&page, "Show more"), [""; 0]);
    // Every row has forms that say which conversation they are about.
    let about = |action: &str| {
        let forms = page.all("form").filter(|it| it.get("action") == Some(action));
        forms
            .filter_map(|form| {
                page.inside(form).find(|it| it.get("name") == Some("conversation"))?.get("value")
            })
            .collect::<Vec<_>>()
    };
    for action in ["rename", "archive", "delete"] {
        assert_eq!(about(&format!("/conversations/-/{action}")), ["named", "nameless", "empty"]);
    }
    let ids: Vec<_> = page.elements().filter_map(|it| it.get("id")).collect();
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len(), "{ids:?}");
}

async fn a_long_list_grows_and_goes_on(database: TestDatabase) {
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    for number in 1..=225 {
        talk.begin(&format!("c{number}"), None).await;
    }
    let page = browser.get("/conversations").await.page();
    assert_eq!(rows(&page).len(), 20);
    assert_eq!(links(&page, "Show more"), ["/conversations?shown=40#r20"]);
    let page = browser.get("/conversations?shown=40").await.page();
    assert_eq!(rows(&page).len(), 40);
    assert_eq!(rows(&page)[39], "/conversations/c186");
    // Nobody is shown more than that at once, whatever they ask for.
    let page = browser.get("/conversations?shown=100000").await.page();
    assert_eq!(rows(&page).len(), 200);
    let next = links(&page, "Show more").remove(0);
    assert!(next.starts_with("/conversations?from="), "{next}");
    let page = browser.get(&next).await.page();
    assert_eq!(rows(&page).len(), 20);
    assert_eq!(rows(&page)[0], "/conversations/c25");
    assert_eq!(links(&page, "Back to the newest"), ["/conversations"]);
    for odd in ["/conversations?shown=-1", "/conversations?shown=x", "/conversations?shown="] {
        assert_eq!(rows(&browser.get(odd).await.page()).len(), 20, "{odd}");
    }
    let reply = browser.get("/conversations?from=made-up").await;
    assert_eq!(reply.status, 422);
    assert!(reply.page().one("body").text.contains("Begin at the first one"));
}

async fn what_is_looked_for_is_found_and_marked(database: TestDatabase) {
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", Some("Sensors")).await;
    talk.say(
        "c",
        &[message("q", "user", "What is lidar?"), message("a", "assistant", "A <lidar> measures distance.")],
    )
    .await;
    let reply = browser.get("/conversations?q=+lidar+").await;
    let page = reply.page();
    assert_eq!(rows(&page), ["/conversations/c?message=a#m-a", "/conversations/c?message=q#m-q"]);
    assert_eq!(page.all("mark").map(|it| it.text.as_str()).collect::<Vec<_>>(), ["lidar", "lidar"]);
    assert!(page.one("body").text.contains("A <lidar> measures distance."));
    assert_eq!(page.value("q").as_deref(), Some("lidar"));
    let page = browser.get("/conversations?q=sonar").await.page();
    assert_eq!(rows(&page), [""; 0]);
    assert!(page.one("body").text.contains("Nothing found"));
    assert_eq!(links(&page, "All conversations"), ["/conversations"]);
    let reply = browser.get("/conversations?q=%E2%80%A6").await;
    assert_eq!(reply.status, 400);
    assert!(reply.page().one("body").text.contains("Type at least one word"));
}

async fn an_empty_list_says_how_to_begin(database: TestDatabase) {
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let page = browser.get("/conversations").await.page();
    assert!(page.one("body").text.contains("Open the book and ask its assistant something."));
    assert_eq!(page.one("body").text.matches("Archived").count(), 1);
    let page = browser.get("/conversations?status=archived").await.page();
    assert!(page.one("body").text.contains("Nothing is put away"));
}

async fn who_is_signed_out_signs_in_and_comes_back(database: TestDatabase) {
    let app = TestApp::on(database).await;
    for (path, next) in [
        ("/conversations", "/conversations"),
        ("/conversations?q=a+b", "/conversations%3Fq=a%2Bb"),
        ("/conversations/c?message=m", "/conversations/c%3Fmessage=m"),
    ] {
        let reply = app.browser().get(path).await;
        assert_eq!(reply.status, 303, "{path}");
        assert_eq!(reply.location().unwrap(), format!("/sign-in?next={next}"));
    }
}

async fn a_long_conversation_opens_at_its_end(database: TestDatabase) {
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

async fn branches_are_walked_by_links(database: TestDatabase) {
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

async fn a_link_to_a_message_opens_its_page(database: TestDatabase) {
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
    let own: Vec<_> =
        middle.all("a").filter(|it| it.has_class("turn__link")).filter_map(|it| it.get("href")).collect();
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

async fn what_is_deleted_can_be_brought_back(database: TestDatabase) {
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

async fn a_conversation_is_renamed_put_away_and_taken_out(database: TestDatabase) {
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

async fn an_answer_is_judged_and_the_judgement_taken_back(database: TestDatabase) {
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

async fn what_belongs_to_somebody_else_is_not_there(database: TestDatabase) {
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

async fn security_06_a_hostile_message_is_inert(database: TestDatabase) {
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

async fn the_parts_of_an_answer_stand_in_their_places(database: TestDatabase) {
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
    for summary in ["Reasoning", "Used a tool: search_book", "Answer of search_book"] {
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
        page.all("h2").filter(|it| it.has_class("turn__who")).map(|it| it.text.as_str()).collect();
    assert_eq!(heads, ["You", "Bookplate", "Bookplate"]);
    assert!(page.all("article").all(|it| page.by_id(it.get("aria-labelledby").unwrap()).is_some()));
    for format in ["markdown", "json"] {
        let address = format!("/api/conversations/c/export?format={format}");
        assert!(page.all("a").any(|it| it.get("href") == Some(&address)), "{format}");
    }
}

async fn a_title_that_is_too_long_comes_back(database: TestDatabase) {
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("d", Some("Motors")).await;
    talk.begin("c", Some("Sensors")).await;
    let long = "x".repeat(201);
    for next in ["/conversations", "/conversations/c"] {
        let reply =
            posted(&mut browser, "rename", &[("conversation", "c"), ("title", &long), ("next", next)]).await;
        assert_eq!(reply.status, 400);
        let page = reply.page();
        assert_eq!(page.error("title"), Some("Use at most 200 characters."), "{next}");
        assert_eq!(page.value("title").as_deref(), Some(long.as_str()), "{next}");
        assert!(page.title().starts_with("Error: "));
        assert!(page.problem().unwrap().text.contains("Title: Use at most 200 characters."));
        assert!(page.by_id("title").is_some());
    }
    assert_eq!(browser.get("/conversations/-/rename").await.location(), Some("/conversations"));
}

async fn security_16_another_site_changes_nothing(database: TestDatabase) {
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

async fn islands_ask_and_are_answered(database: TestDatabase) {
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin("c", Some("Sensors")).await;
    talk.say("c", &dialogue(40)).await;
    let list = "/conversations/-/list";
    let reply = browser.json(list, json!({ "asked": { "q": "" } })).await;
    assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (200, Some("no-store")));
    assert!(reply.json()["html"].as_str().unwrap().contains("/conversations/c"));
    assert_eq!(reply.json()["note"], "One conversation found.");
    let reply = browser.json(list, json!({ "asked": { "q": "words" } })).await;
    let first = reply.json();
    assert_eq!(first["note"], "More than 20 messages found.");
    let more = Page::read(first["more"].as_str().unwrap());
    let cursor = more.one("a").get("data-cursor").unwrap().to_owned();
    let reply = browser.json(list, json!({ "asked": { "q": "words", "more": cursor, "shown": 40 } })).await;
    let rest = reply.json();
    assert_eq!((rest["note"].as_str(), rest["more"].as_str()), (Some("20 more messages."), Some("")));
    let rest = Page::read(rest["html"].as_str().unwrap());
    assert_eq!(rest.all("li").next().unwrap().get("id"), Some("r21"));
    let turns = "/conversations/-/turns";
    let reply =
        browser.json(turns, json!({ "asked": { "id": "c", "place": "Before", "message": "m11" } })).await;
    let answered = reply.json();
    assert_eq!(shown(&Page::read(answered["html"].as_str().unwrap())).len(), 10);
    assert_eq!(answered["earlier"], "");
    let reply =
        browser.json(turns, json!({ "asked": { "id": "c", "place": "Only", "message": "m7" } })).await;
    assert_eq!(shown(&Page::read(reply.json()["html"].as_str().unwrap())), ["m7"]);
    // What is refused says so with its status.
    assert_eq!(browser.json(turns, json!({ "asked": { "id": "made-up" } })).await.status, 404);
    assert_eq!(browser.json(turns, json!({ "asked": { "id": "c", "branch": "\u{0}" } })).await.status, 404);
    assert_eq!(browser.json(turns, json!({ "asked": { "id": "c", "place": "Only" } })).await.status, 400);
    assert_eq!(browser.json(turns, json!({ "asked": 7 })).await.status, 400);
    assert_eq!(browser.json(list, json!({ "asked": { "from": "made-up" } })).await.status, 422);
    assert_eq!(browser.form(list, Fields::new(&[("q", "x")])).await.status, 415);
    app.browser().json(list, json!({ "asked": {} })).await.refused(401, "UNAUTHORIZED");
}
