//! The pages of conversations, without script.

mod conversation;
mod forms;
mod import;
mod islands;
mod list;

use contract::conversations::{NewConversation, NewMessage, read_json};
use domain::Principal;
use serde_json::{Value, json};

use crate::{app::TestApp, client::Client, fields::Fields, page::Page, reply::Reply};

pub struct Talk<'a> {
    app: &'a TestApp,
    user_id: String,
}

impl<'a> Talk<'a> {
    pub async fn of(app: &'a TestApp, email: &str) -> Self {
        let user_id = app.database.find_credentials(email, None).await.unwrap().unwrap().user.id;
        Self { app, user_id }
    }

    /// Creates a conversation with this id.
    pub async fn begin(&self, id: &str, title: Option<&str>) {
        let new: NewConversation =
            read_json(json!({ "id": id, "title": title }).to_string().as_bytes()).unwrap();
        self.app.services.conversations.create(Principal::reader(&self.user_id), new, None).await.unwrap();
        self.app.ports.clock.advance_seconds(60);
    }

    /// Creates a conversation of an OAuth client, or of none.
    pub async fn begin_for(&self, id: &str, client_id: Option<&str>) {
        let new: NewConversation = read_json(json!({ "id": id }).to_string().as_bytes()).unwrap();
        let by = Principal { client_id, ..Principal::reader(&self.user_id) };
        self.app.services.conversations.create(by, new, None).await.unwrap();
        self.app.ports.clock.advance_seconds(60);
    }

    /// Deletes a conversation.
    pub async fn delete(&self, id: &str) {
        self.app.services.conversations.delete(Principal::reader(&self.user_id), id).await.unwrap();
    }

    /// Appends messages in this order.
    pub async fn say(&self, id: &str, messages: &[Value]) {
        let by = Principal::reader(&self.user_id);
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

/// Alternating questions and answers, `m1` to `mN`.
fn dialogue(count: usize) -> Vec<Value> {
    let one = |at: usize| {
        let role = if at % 2 == 1 { "user" } else { "assistant" };
        message(&format!("m{at}"), role, &format!("Words number {at}"))
    };
    (1..=count).map(one).collect()
}

/// The ids of the messages on a page, in order.
fn shown(page: &Page) -> Vec<String> {
    page.all("article").filter_map(|it| it.get("data-message")).map(str::to_owned).collect()
}

/// The targets of links with this text.
fn links(page: &Page, words: &str) -> Vec<String> {
    let found = page.all("a").filter(|it| it.text.trim() == words);
    found.filter_map(|it| it.get("href")).map(str::to_owned).collect()
}

/// The links to conversations in list rows.
fn rows(page: &Page) -> Vec<String> {
    let is_row = |it: &&crate::page::Element| it.has_class("list-entry");
    let rows: Vec<_> = page.all("li").filter(is_row).collect();
    let link = |row| page.inside(row).find(|it| it.tag == "a").and_then(|it| it.get("href"));
    rows.into_iter().filter_map(link).map(str::to_owned).collect()
}

async fn posted(browser: &mut Client, action: &str, fields: &[(&str, &str)]) -> Reply {
    let fields = fields.iter().fold(Fields::new(&[]), |all, (name, value)| all.with(name, value));
    browser.form(&format!("/conversations/-/{action}"), fields).await
}
