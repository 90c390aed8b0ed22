//! The page that imports conversations from a file.

use contract::routes::IMPORT_CONVERSATIONS;
use serde_json::json;

use super::links;
use crate::{
    app::{TestApp, a_database},
    client::Client,
    reply::Reply,
};

const FORM: &str = "multipart/form-data; boundary=xyz";

/// The body of the form, with a file of this name.
fn form(name: &str, file: &str) -> String {
    format!(
        "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/json\r\n\r\n{file}\r\n--xyz--\r\n"
    )
}

async fn send(browser: &mut Client, file: &str) -> Reply {
    browser.post(IMPORT_CONVERSATIONS, FORM, form("conversations.json", file)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_imported_without_script_and_the_page_says_what_came_of_it() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let list = browser.get("/conversations").await.page();
    assert_eq!(links(&list, "Import conversations"), [IMPORT_CONVERSATIONS]);
    let page = browser.get(IMPORT_CONVERSATIONS).await.page();
    let sent = page.all("form").find(|it| it.get("action") == Some(IMPORT_CONVERSATIONS)).unwrap();
    assert_eq!((sent.get("method"), sent.get("enctype")), (Some("post"), Some("multipart/form-data")));
    let message = json!({ "author": { "role": "assistant" }, "content": { "parts": ["Sourdough"] } });
    let file = json!([
        { "id": "bread", "title": "Bread <b>", "mapping": { "n": { "message": message } } },
        { "conversation": {}, "responses": [], "title": "From Grok" },
        { "id": "broken", "title": "Broken", "mapping": { "x": [1] } },
    ]);
    let reply = send(&mut browser, &file.to_string()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let page = reply.page();
    let text = &page.one("body").text;
    for words in [
        "1 conversation with 1 message imported.",
        "2 conversations could not be imported",
        "From Grok",
        "Grok, which cannot be imported",
        "Broken",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    // Once more.
    let again = send(&mut browser, &file.to_string()).await.page();
    assert!(again.one("body").text.contains("1 conversation had nothing new."));
    let shown = browser.get("/conversations/bread").await.page();
    let text = &shown.one("main").text;
    assert!(text.contains("ChatGPT") && text.contains("Sourdough"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_imported_is_refused_with_a_sentence_that_helps() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut browser = app.reader("ada@example.com").await;
    let takeout =
        json!([{ "header": "Gemini Apps", "title": "Prompted x", "time": "t", "products": ["Gemini Apps"] }]);
    for (file, words) in [
        (takeout.to_string(), "Google Takeout"),
        ("PK\u{3}\u{4}rest".to_owned(), "conversations.json"),
        ("{}".to_owned(), "No conversation was found"),
    ] {
        let reply = send(&mut browser, &file).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
        let page = reply.page();
        assert!(page.title().starts_with("Error: ") && page.one("body").text.contains(words), "{words}");
    }
    let none = browser.post(IMPORT_CONVERSATIONS, FORM, form("", "")).await;
    assert_eq!(none.status, 422);
    assert!(none.page().one("body").text.contains("Choose a file first."));
    let other = browser.post(IMPORT_CONVERSATIONS, "text/plain", "[]").await;
    assert_eq!(other.status, 415);
    let broken = browser
        .post(IMPORT_CONVERSATIONS, FORM, "--xyz\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n[]")
        .await;
    assert_eq!(broken.status, 400, "{}", broken.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_form_of_ours_from_a_signed_in_reader_imports() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut nobody = app.browser();
    let reply = send(&mut nobody, "[]").await;
    assert_eq!(
        (reply.status.as_u16(), reply.header("location")),
        (303, Some("/sign-in?next=/conversations/-/import"))
    );
    assert_eq!(nobody.get(IMPORT_CONVERSATIONS).await.status, 303);
    let mut browser = app.reader("ada@example.com").await.sending("origin", "https://evil.example");
    assert_eq!(send(&mut browser, "[]").await.status, 403);
}
