//! Conversations of OAuth clients: a token that names one opens that client's alone.

use rstest::rstest;
use serde_json::{Value, json};
use testkit::databases::{Kind, TestDatabase};

use super::{
    ALL, Chat, ME, ROUTES, SEARCH, assert_problem, audiences::signed_anew, bearing, call, call_json, drawn,
    fields, of_a_conversation, path,
};
use crate::{
    app::{TestApp, a_database},
    client::Client,
};

const CHAT: &str = "a1b2c3d4e5f6071829304a5b6c7d8e9f00";
const HELP: &str = "0918273645546372819009182736455463728190";
const SECRETS: [(&str, &str); 2] =
    [("BOOKPLATE_AUDIENCE_CHAT_SECRET", CHAT), ("BOOKPLATE_AUDIENCE_HELP_SECRET", HELP)];
const AUDIENCES: &str = "[[audiences]]\nname = \"chat\"\nalgorithm = \"HS256\"\nconversations = \"write\"\n\
    [[audiences]]\nname = \"help\"\nalgorithm = \"HS256\"\nconversations = \"write\"\nconversations_of = \"all\"\n";
const IMPORT: &str = "/api/conversations/import";

/// Chatbots of two books, and what they share: the conversation `c` is of no client, `r` of the first's.
struct Books {
    chat: Chat,
    robots: Client,
    birds: Client,
}

impl Books {
    async fn on(database: TestDatabase) -> Self {
        let app = TestApp::declared(database, &SECRETS, AUDIENCES).await;
        let mut chat = Chat::of(app).await;
        let token = drawn(&mut chat.ada, "?audience=chat").await;
        let (mut robots, birds) = (of_client(&chat, &token, "robots"), of_client(&chat, &token, "birds"));
        let made = call(&mut robots, "POST", ALL, r#"{"id":"r","title":"Robots"}"#).await;
        assert_eq!((made.status.as_u16(), &made.json()["clientId"]), (201, &json!("robots")));
        let begun = r#"{"id":"m","role":"assistant","content":"paper","status":"in_progress"}"#;
        let added = call(&mut robots, "POST", "/api/conversations/r/messages", begun).await;
        assert_eq!(added.status, 201, "{}", added.text());
        Self { chat, robots, birds }
    }
}

/// A chatbot with a token that was issued to a client.
fn of_client(chat: &Chat, token: &str, client: &str) -> Client {
    bearing(
        &chat.app,
        &signed_anew(token, CHAT, |claims| drop(claims.insert("client_id".into(), client.into()))),
    )
}

async fn ids(client: &mut Client, list: &str) -> Vec<String> {
    let page = client.get(list).await.json();
    let id = |item: &Value| {
        let conversation = item.get("conversation").unwrap_or(item);
        conversation["id"].as_str().unwrap().to_owned()
    };
    page["items"].as_array().unwrap().iter().map(id).collect()
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_another_clients_conversation_looks_nonexistent(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut books = Books::on(kind.migrated().await).await;
    let before = books.chat.stored().await;
    let routes = || {
        let files = [
            ("GET", "/api/conversations/{c}/export", ""),
            ("GET", "/api/conversations/{c}/export?format=markdown", ""),
        ];
        of_a_conversation().chain(files)
    };
    for (method, route, body) in routes() {
        let unknown = call(&mut books.birds, method, &path(route, "never", "m"), body).await;
        assert_eq!(unknown.status, 404, "{method} {route}");
        for id in ["r", "c"] {
            let foreign = call(&mut books.birds, method, &path(route, id, "m"), body).await;
            assert_eq!(
                (foreign.status, &foreign.headers, &foreign.body),
                (unknown.status, &unknown.headers, &unknown.body),
                "{method} {route} {id}"
            );
        }
    }
    assert_eq!(books.chat.stored().await, before, "nothing has changed");
    // Deleted, it is as unknown as before, and cannot be brought back.
    let restore = "/api/conversations/r/restore";
    assert_eq!(call(&mut books.robots, "DELETE", "/api/conversations/r", "").await.status, 204);
    assert_problem(&call(&mut books.birds, "POST", restore, "").await, 404, "CONVERSATION_NOT_FOUND");
    assert_eq!(call(&mut books.robots, "POST", restore, "").await.status, 200);
    // And all of it works for the client's own, for the reader in a browser, and for tokens without a client.
    for mut client in [books.robots.clone(), books.chat.ada.clone(), books.chat.bot.clone()] {
        for (method, route, body) in routes().filter(|(method, ..)| *method != "HEAD") {
            let reply = call(&mut client, method, &path(route, "r", "m"), body).await;
            assert!(reply.status.is_success(), "{method} {route}: {}", reply.text());
        }
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_lists_searches_and_files_have_a_clients_own_conversations_alone(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut books = Books::on(kind.migrated().await).await;
    let made = call(&mut books.birds, "POST", ALL, r#"{"id":"b"}"#).await;
    assert_eq!(made.status, 201);
    assert_eq!(ids(&mut books.robots, ALL).await, ["r"]);
    assert_eq!(ids(&mut books.robots, SEARCH).await, ["r"]);
    assert_eq!(ids(&mut books.birds, ALL).await, ["b"]);
    assert_eq!(ids(&mut books.birds, SEARCH).await, [""; 0]);
    for filter in ["robots", "nobody", ""] {
        let list = format!("{ALL}?client={filter}");
        assert_eq!(ids(&mut books.birds, &list).await, [""; 0], "{filter}");
    }
    assert_eq!(ids(&mut books.birds, "/api/conversations?client=birds").await, ["b"]);
    let file = books.birds.get("/api/conversations/export").await.json();
    let exported: Vec<_> = file["conversations"].as_array().unwrap().iter().map(|it| &it["id"]).collect();
    assert_eq!(exported, ["b"]);
    // A reader's own list has all, or those of one book, or of none.
    for mut client in [books.chat.ada.clone(), books.chat.bot.clone()] {
        assert_eq!(ids(&mut client, ALL).await, ["b", "r", "c"]);
        assert_eq!(ids(&mut client, "/api/conversations?client=robots").await, ["r"]);
        assert_eq!(ids(&mut client, "/api/conversations?client=").await, ["c"]);
        assert_eq!(ids(&mut client, "/api/conversations?client=nobody").await, [""; 0]);
        let file = client.get("/api/conversations/export").await.json();
        let clients: Vec<_> =
            file["conversations"].as_array().unwrap().iter().map(|it| it["clientId"].clone()).collect();
        assert_eq!(clients, [Value::Null, json!("robots"), json!("birds")]);
    }
    let twice = books.chat.bot.get("/api/conversations?client=a&client=b").await;
    assert_problem(&twice, 422, "VALIDATION_ERROR");
    assert_eq!(fields(&twice), ["client"]);
}

/// A cursor of one list does not begin another, which would tell where in it the conversation stands.
#[tokio::test(flavor = "multi_thread")]
async fn security_35_a_cursor_is_bound_to_its_client() {
    let mut books = Books::on(a_database().await).await;
    for id in ["r2", "r3"] {
        call_json(&mut books.robots, "POST", ALL, json!({ "id": id })).await;
        let message = json!({ "role": "user", "content": "paper" });
        call_json(&mut books.robots, "POST", &format!("{ALL}/{id}/messages"), message).await;
    }
    for list in ["/api/conversations?", "/api/search?q=paper&"] {
        let page = books.robots.get(&format!("{list}limit=1")).await.json();
        let next = format!("{list}limit=1&cursor={}", page["nextCursor"].as_str().unwrap());
        assert_eq!(books.robots.get(&next).await.status, 200, "{list}");
        assert_problem(&books.birds.get(&next).await, 422, "INVALID_CURSOR");
        assert_problem(&books.chat.bot.get(&next).await, 422, "INVALID_CURSOR");
    }
}

/// An id is unique among all of a reader's conversations. Of another client's, a client learns that it is taken, and nothing
/// else.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_clients_conversation_is_a_conflict(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut books = Books::on(kind.migrated().await).await;
    let before = books.chat.stored().await;
    let mut texts = Vec::new();
    for id in ["r", "c"] {
        let reply = call_json(&mut books.birds, "POST", ALL, json!({ "id": id })).await;
        assert_problem(&reply, 409, "CONVERSATION_CONFLICT");
        assert_eq!(fields(&reply), ["id"]);
        texts.push(reply.text().to_owned());
    }
    assert_eq!(texts[0], texts[1]);
    assert_eq!(books.chat.stored().await, before);
    // Also while it can be restored.
    assert_eq!(call(&mut books.robots, "DELETE", "/api/conversations/r", "").await.status, 204);
    let reply = call(&mut books.birds, "POST", ALL, r#"{"id":"r"}"#).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (409, texts[0].as_str()));
    assert_eq!(call(&mut books.robots, "POST", "/api/conversations/r/restore", "").await.status, 200);
    // Its own is answered as ever, and a token without a client is given any.
    assert_eq!(call(&mut books.robots, "POST", ALL, r#"{"id":"r"}"#).await.status, 200);
    let any = call(&mut books.chat.bot, "POST", ALL, r#"{"id":"r"}"#).await;
    assert_eq!((any.status.as_u16(), &any.json()["clientId"]), (200, &json!("robots")));
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_35_an_idempotency_key_does_not_lead_to_another_clients_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let books = Books::on(kind.migrated().await).await;
    let mut made = Vec::new();
    for client in [&books.robots, &books.birds, &books.chat.bot] {
        let mut client = client.clone().sending("idempotency-key", "key");
        for status in [201, 200] {
            let reply = call(&mut client, "POST", ALL, "{}").await;
            assert_eq!(reply.status, status, "{}", reply.text());
            made.push(reply.json()["id"].as_str().unwrap().to_owned());
        }
    }
    assert!(made[0] == made[1] && made[2] == made[3] && made[4] == made[5], "{made:?}");
    made.dedup();
    assert_eq!(made.len(), 3, "{made:?}");
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_import_belongs_to_the_client_that_sends_it(#[values(Kind::Sqlite, Kind::Postgres)] kind: Kind) {
    let mut books = Books::on(kind.migrated().await).await;
    let mut file = books.robots.get("/api/conversations/export").await.json();
    // What is there already is another client's, and nothing is added to it.
    let reply = call_json(&mut books.birds, "POST", IMPORT, file.clone()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let refused = &reply.json()["refused"][0];
    assert_eq!((&refused["id"], &reply.json()["conversations"]), (&json!("r"), &json!([])));
    assert!(refused["reason"].as_str().unwrap().contains("id"), "{refused}");
    assert_eq!(ids(&mut books.birds, ALL).await, [""; 0]);
    file["conversations"][0]["id"] = json!("copied");
    assert_eq!(file["conversations"][0]["clientId"], "robots");
    for (client, noted) in [
        (&mut books.birds, json!("birds")),
        (&mut books.chat.bot, Value::Null),
        (&mut books.chat.ada, Value::Null),
    ] {
        let id = format!("copied-{}", noted.as_str().unwrap_or("none"));
        file["conversations"][0]["id"] = json!(id);
        let reply = call_json(client, "POST", IMPORT, file.clone()).await;
        assert_eq!(reply.json()["conversations"][0]["id"], id, "{}", reply.text());
        let stored = client.get(&format!("{ALL}/{id}")).await.json();
        assert_eq!(stored["clientId"], noted, "not what the file says");
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn an_audience_with_conversations_of_all_opens_every_conversation(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut books = Books::on(kind.migrated().await).await;
    let token = drawn(&mut books.chat.ada, "?audience=help").await;
    let token = signed_anew(&token, HELP, |claims| drop(claims.insert("client_id".into(), "help".into())));
    let mut help = bearing(&books.chat.app, &token);
    assert_eq!(ids(&mut help, ALL).await, ["r", "c"]);
    assert_eq!(ids(&mut help, SEARCH).await, ["r", "c"]);
    // What `/api/me` tells needs scopes of its own.
    let routes = ROUTES.into_iter().filter(|(method, route, _)| *method != "HEAD" && *route != ME);
    for (method, route, body) in routes {
        let reply = call(&mut help, method, &path(route, "r", "m"), body).await;
        assert!(reply.status.is_success(), "{method} {route}: {}", reply.text());
    }
    let made = help.get("/api/conversations/made").await.json();
    assert_eq!(made["clientId"], "help", "what it creates is its own client's");
}

/// What opens is never guessed.
#[tokio::test(flavor = "multi_thread")]
async fn security_20_a_token_with_a_client_that_cannot_be_is_refused() {
    let mut books = Books::on(a_database().await).await;
    let token = drawn(&mut books.chat.ada, "?audience=chat").await;
    let long = "a".repeat(33);
    for client in
        [json!(""), json!(null), json!(7), json!(["robots"]), json!("Robots"), json!("ro bots"), json!(long)]
    {
        let changed =
            signed_anew(&token, CHAT, |claims| drop(claims.insert("client_id".into(), client.clone())));
        let reply = bearing(&books.chat.app, &changed).get(ALL).await;
        assert_problem(&reply, 401, "INVALID_TOKEN");
    }
}

/// With a cookie, the client is that of the page that sends the request.
#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_a_books_page_creates_with_a_cookie_belongs_to_that_book(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let book = "[[clients]]\nid = \"book\"\nname = \"The <Book>\"\nfirst_party = true\n\
        redirect_uris = [\"https://book.example.org/callback\"]\norigins = [\"https://book.example.org\"]\n";
    let app = TestApp::declared(kind.migrated().await, &[], book).await;
    let mut chat = Chat::of(app).await;
    for (origin, noted) in [
        (Some("https://book.example.org"), json!("book")),
        (Some("http://localhost:3001"), Value::Null),
        (None, Value::Null),
    ] {
        let page = chat.ada.clone().without("origin").without("sec-fetch-site");
        let mut page = match origin {
            Some(origin) => page.sending("origin", origin),
            None => page.sending("sec-fetch-site", "same-origin"),
        };
        let made = call(&mut page, "POST", ALL, "{}").await;
        assert_eq!((made.status.as_u16(), &made.json()["clientId"]), (201, &noted), "{origin:?}");
        let id = made.json()["id"].as_str().unwrap().to_owned();
        // The reader's cookie opens what it opened.
        assert_eq!(ids(&mut page, ALL).await.last().map(String::as_str), Some("c"), "{origin:?}");
        let mut file = page.get(&format!("{ALL}/{id}/export")).await.json();
        file["conversations"][0]["id"] = json!(format!("copy-{id}"));
        let imported = call_json(&mut page, "POST", IMPORT, file).await;
        assert_eq!(imported.status, 200, "{}", imported.text());
        let copy = page.get(&format!("{ALL}/copy-{id}")).await.json();
        assert_eq!(copy["clientId"], noted, "{origin:?}");
    }
    // The reader's list calls it by its name.
    let page = chat.ada.get("/conversations").await.page();
    let named = page.all("a").find(|it| it.get("href") == Some("/conversations?client=book"));
    assert_eq!(named.map(|it| it.text.as_str()), Some("The <Book>"));
}
