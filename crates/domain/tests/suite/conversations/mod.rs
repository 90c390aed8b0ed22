//! Conversations.

mod append;
mod branches;
mod concurrency;
mod cursors;
mod delete_and_restore;
mod expired_tokens;
mod feedback;
mod interleavings;
mod list;
mod ownership;
mod search;
mod storage;
mod subscriptions;

use domain::{
    ConversationError, Conversations, IdempotencyKey, PageRequest, Principal, Settings, Subscriber,
    contract::{
        Code, Problems,
        conversations::{
            Conversation, ConversationChange, ConversationStatus, Message, MessageChange, NewConversation,
            NewMessage, Order, Page, plain_text, read_json,
        },
    },
};
use serde_json::{Value, json};
use testkit::databases::TestDatabase;

use crate::fixtures::book::{Book, settings};

/// A user who subscribes from nowhere in particular.
fn subscriber(user_id: &str) -> Subscriber<'_> {
    Subscriber { user_id, scope: domain::ConversationScope::All, network: None }
}

/// A book with two users, and a conversation `c` of the first.
struct Talk {
    book: Book,
    ada: String,
    grace: String,
}

impl Talk {
    async fn begin(database: TestDatabase) -> Self {
        Self::with(database, settings()).await
    }

    async fn with(database: TestDatabase, settings: Settings) -> Self {
        let book = Book::with(database, settings).await;
        let (ada, grace) = (book.reader("ada").await.user.id, book.reader("grace").await.user.id);
        let talk = Self { book, ada, grace };
        talk.creates(&talk.ada, "c").await;
        talk
    }

    fn service(&self) -> &Conversations {
        &self.book.services.conversations
    }

    async fn creates(&self, user_id: &str, id: &str) -> Conversation {
        let (conversation, is_new) =
            self.service().create(Principal::reader(user_id), named(id), None).await.unwrap();
        assert!(is_new);
        conversation
    }

    /// Adds messages to a conversation of Ada's.
    async fn appends(&self, id: &str, messages: &[Value]) -> Vec<Message> {
        let messages = messages.iter().cloned().map(new).collect();
        self.service().append(by(&self.ada), id, messages, None).await.unwrap().0.messages
    }

    /// Adds a message of the reader's to a conversation of Ada's.
    async fn says(&self, id: &str, message_id: &str, text: &str) -> Message {
        self.appends(id, &[json!({ "id": message_id, "role": "user", "content": text })]).await.remove(0)
    }

    async fn find(&self, id: &str) -> Conversation {
        self.service().find(Principal::reader(&self.ada), id).await.unwrap()
    }

    async fn changes(&self, id: &str, change: Value) -> Conversation {
        self.service().update(Principal::reader(&self.ada), id, changed(change)).await.unwrap()
    }

    /// Every message of a conversation of Ada's.
    async fn messages(&self, id: &str) -> Vec<Message> {
        all_messages(self.service(), &self.ada, id).await
    }

    /// The conversations in the list of a reader, in its order.
    async fn list(&self, user_id: &str) -> Vec<String> {
        let page = self
            .service()
            .list(Principal::reader(user_id), ConversationStatus::Active, domain::ClientFilter::All, whole())
            .await
            .unwrap();
        page.items.into_iter().map(|it| it.id.to_string()).collect()
    }
}

/// A key that came with this body.
fn keyed<'a>(key: &'a str, body: &'a str) -> IdempotencyKey<'a> {
    IdempotencyKey { key, body: body.as_bytes() }
}

async fn all_messages(service: &Conversations, user_id: &str, id: &str) -> Vec<Message> {
    let (mut messages, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let asked = PageRequest { limit: 7, cursor: cursor.as_deref() };
        let Page { items, next_cursor } =
            service.messages(Principal::reader(user_id), id, Order::Asc, asked).await.unwrap();
        messages.extend(items);
        cursor = next_cursor;
        if cursor.is_none() {
            return messages;
        }
    }
}

const fn whole() -> PageRequest<'static> {
    PageRequest { limit: PageRequest::MAX_LIMIT, cursor: None }
}

const fn first(limit: u32) -> PageRequest<'static> {
    PageRequest { limit, cursor: None }
}

const fn by(user_id: &str) -> Principal<'_> {
    Principal { token_id: Some("token"), expired: false, ..Principal::reader(user_id) }
}

fn named(id: &str) -> NewConversation {
    read_json(json!({ "id": id }).to_string().as_bytes()).unwrap()
}

fn new(message: Value) -> NewMessage {
    read_json(message.to_string().as_bytes()).unwrap()
}

fn said(text: &str) -> NewMessage {
    new(json!({ "role": "user", "content": text }))
}

fn change(change: Value) -> MessageChange {
    read_json(change.to_string().as_bytes()).unwrap()
}

fn changed(change: Value) -> ConversationChange {
    read_json(change.to_string().as_bytes()).unwrap()
}

fn words(message: &Message) -> String {
    plain_text(&domain::contract::conversations::parts_of(&message.parts))
}

fn names(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.id.as_str()).collect()
}

/// What a client is told.
fn told<T: std::fmt::Debug>(outcome: Result<T, ConversationError>) -> Problems {
    outcome.unwrap_err().into()
}

/// The code a client is told, and the first field.
fn code<T: std::fmt::Debug>(outcome: Result<T, ConversationError>) -> (Code, String) {
    let problems = told(outcome);
    let first = problems.first();
    (first.code, first.field.clone().unwrap_or_default())
}
