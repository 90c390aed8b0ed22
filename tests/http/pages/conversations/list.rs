//! The list of conversations, and the search in it.

use super::{Talk, dialogue, links, message, rows};
use crate::app::{TestApp, a_database};

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_ordered_by_last_message() {
    let database = a_database().await;
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
        assert_eq!(
            about(&format!("/conversations/-/{action}")),
            ["named", "nameless", "empty"],
            "{action:?}"
        );
    }
    let ids: Vec<_> = page.elements().filter_map(|it| it.get("id")).collect();
    assert_eq!(ids.iter().collect::<std::collections::HashSet<_>>().len(), ids.len(), "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_grows_and_continues_on_a_next_page() {
    let database = a_database().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn search_results_are_highlighted() {
    let database = a_database().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_says_how_to_begin() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let page = browser.get("/conversations").await.page();
    assert!(page.one("body").text.contains("Open the book and ask its assistant something."));
    assert_eq!(page.one("body").text.matches("Archived").count(), 1);
    let page = browser.get("/conversations?status=archived").await.page();
    assert!(page.one("body").text.contains("No archived conversations"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_out_reader_signs_in_and_returns() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (path, next) in [
        ("/conversations", "/conversations"),
        ("/conversations?q=a+b", "/conversations%3Fq=a%2Bb"),
        ("/conversations/c?message=m", "/conversations/c%3Fmessage=m"),
    ] {
        let reply = app.browser().get(path).await;
        assert_eq!(reply.status, 303, "{path}");
        assert_eq!(reply.location().unwrap(), format!("/sign-in?next={next}"), "{path:?} {next:?}");
    }
}

/// Conversations of two books, and one of none.
async fn of_books(talk: &Talk<'_>) {
    for (id, client) in [("walking", Some("robots")), ("wings", Some("birds")), ("own", None)] {
        talk.begin_for(id, client).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_filtered_by_book_when_there_are_several() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    talk.begin_for("walking", Some("robots")).await;
    let page = browser.get("/conversations").await.page();
    assert_eq!(links(&page, "All books"), [""; 0], "there is one");
    talk.delete("walking").await;
    of_books(&talk).await;
    let page = browser.get("/conversations").await.page();
    assert_eq!(rows(&page), ["/conversations/own", "/conversations/wings", "/conversations/walking"]);
    assert_eq!(links(&page, "All books"), ["/conversations"]);
    // A client that is not registered is called by its id.
    for (name, client, row) in
        [("robots", "robots", "walking"), ("birds", "birds", "wings"), ("Others", "", "own")]
    {
        let address = format!("/conversations?client={client}");
        assert_eq!(links(&page, name), [address.as_str()]);
        let filtered = browser.get(&address).await.page();
        assert_eq!(rows(&filtered), [format!("/conversations/{row}")], "{name}");
        assert_eq!(links(&filtered, "Archived"), [format!("/conversations?status=archived&client={client}")]);
        let current: Vec<_> = filtered
            .all("a")
            .filter(|it| it.get("aria-current") == Some("true"))
            .map(|it| it.text.clone())
            .collect();
        assert_eq!(current, [name]);
        // A form of a row leads back to the list as it is.
        let next = filtered.all("input").find(|it| it.get("name") == Some("next")).unwrap();
        assert!(next.get("value").unwrap().contains(&format!("client={client}")), "{next:?}");
    }
    let page = browser.get("/conversations?status=archived&client=birds").await.page();
    assert!(page.one("body").text.contains("No conversations here"));
    for strange in ["nobody", "%3Cb%3E", "%00", "a%26status%3Darchived"] {
        let reply = browser.get(&format!("/conversations?client={strange}")).await;
        assert_eq!(reply.status, 200, "{strange}");
        assert_eq!(rows(&reply.page()), [""; 0], "{strange}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_one_book_grows_within_it() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let talk = Talk::of(&app, "ada@example.com").await;
    for number in 1..=25 {
        talk.begin_for(&format!("r{number}"), Some("robots")).await;
        talk.begin_for(&format!("b{number}"), Some("birds")).await;
    }
    let page = browser.get("/conversations?client=robots").await.page();
    assert_eq!(rows(&page).len(), 20);
    let [more] = links(&page, "Show more").try_into().unwrap();
    assert!(more.contains("client=robots"), "{more}");
    let page = browser.get(more.split('#').next().unwrap()).await.page();
    assert_eq!(rows(&page).len(), 25);
    assert!(rows(&page).iter().all(|row| row.starts_with("/conversations/r")));
}
