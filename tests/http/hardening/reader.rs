//! A reader who is signed in, over raw connections.

use serde_json::json;

use super::Server;
use crate::client::READER;

/// A reader with a conversation `c`.
pub struct Reader {
    cookie: String,
}

impl Reader {
    /// Signs up and begins the conversation.
    pub async fn on(server: &Server, name: &str) -> Self {
        let account = READER.with("email", &format!("{name}@example.com")).json().to_string();
        let mut line = server.line().await;
        let nobody = Self { cookie: String::new() };
        line.send(nobody.request("POST", "/api/auth/sign-up/email", &account)).await;
        let answer = line.answer().await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookies = answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
        let cookies: Vec<&str> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
        let reader = Self { cookie: cookies.join("; ") };
        line.send(reader.request("POST", "/api/conversations", r#"{"id":"c"}"#)).await;
        assert_eq!(line.answer().await.status, 201);
        reader
    }

    /// A whole request with the reader's cookie; without a body when that is empty.
    pub fn request(&self, method: &str, path: &str, body: &str) -> String {
        let length = body.len();
        let kind = if body.is_empty() {
            String::new()
        } else {
            format!("Content-Type: application/json\r\nContent-Length: {length}\r\n")
        };
        format!("{}{kind}\r\n{body}", self.head(method, path))
    }

    /// The head of a request, without the empty line at its end.
    pub fn head(&self, method: &str, path: &str) -> String {
        let cookie = &self.cookie;
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost:3001\r\nOrigin: http://localhost:3001\r\nCookie: {cookie}\r\n"
        )
    }

    /// Adds a message of so many bytes to the conversation.
    pub async fn writes(&self, server: &Server, bytes: usize) {
        let message = json!({ "role": "user", "content": "x".repeat(bytes) });
        let mut line = server.line().await;
        line.send(self.request("POST", "/api/conversations/c/messages", &message.to_string())).await;
        assert_eq!(line.answer().await.status, 201);
    }
}
