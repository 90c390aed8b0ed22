//! A client without a network: keeps cookies and sends a browser's origin headers.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
};

use axum::{Router, body::Body, extract::ConnectInfo, response::Response};
use bytes::Bytes;
use http::{Method, Request, header, request::Builder};
use serde_json::Value;
use tower::ServiceExt;

use crate::{
    app::PASSWORD,
    fields::Fields,
    reply::{Events, Reply, SetCookie},
};

/// The fields of a valid sign-up.
pub const READER: Fields = Fields::new(&[
    ("name", "Ada Lovelace"),
    ("email", "ada@example.com"),
    ("password", PASSWORD),
    ("experienceLevel", "beginner"),
    ("professionalRole", "developer"),
    ("rememberMe", "true"),
]);

/// The default IP address of clients.
pub const ADDRESS: &str = "192.0.2.10";
pub const FORM: &str = "application/x-www-form-urlencoded";

/// A browser or a script.
#[derive(Clone)]
pub struct Client {
    router: Router,
    host: String,
    /// Headers of every request; a browser's own are there from the start.
    headers: BTreeMap<&'static str, String>,
    /// The cookie jar, by name.
    cookies: BTreeMap<String, String>,
    is_browser: bool,
    /// The client's IP address.
    address: IpAddr,
}

impl Client {
    pub fn browser(router: Router, origin: &str) -> Self {
        let mut client = Self::script(router, origin);
        client.is_browser = true;
        client.set("user-agent", "Mozilla/5.0 (a test)");
        client.set("origin", origin);
        client.set("sec-fetch-site", "same-origin");
        client
    }

    pub fn script(router: Router, origin: &str) -> Self {
        let host = origin.split_once("://").unwrap().1.to_owned();
        let address = ADDRESS.parse().unwrap();
        Self { router, host, headers: BTreeMap::new(), cookies: BTreeMap::new(), is_browser: false, address }
    }

    /// The same client at another IP address.
    pub fn at(mut self, address: &str) -> Self {
        self.address = address.parse().unwrap();
        self
    }

    /// Sends a header with every request from now on.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, value.to_owned());
    }

    /// Removes a header from all requests.
    pub fn unset(&mut self, name: &str) {
        self.headers.remove(name);
    }

    /// The same client with a header.
    pub fn sending(mut self, name: &'static str, value: &str) -> Self {
        self.set(name, value);
        self
    }

    /// The same client without a header.
    pub fn without(mut self, name: &str) -> Self {
        self.unset(name);
        self
    }

    /// The raw value of a cookie.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Puts a cookie into the jar.
    pub fn keep(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    pub fn forget(&mut self, name: &str) {
        self.cookies.remove(name);
    }

    /// The value of the session cookie.
    pub fn session(&self) -> Option<&str> {
        self.cookie("better-auth.session_token").or_else(|| self.cookie("__Secure-better-auth.session_token"))
    }

    pub async fn get(&mut self, path: &str) -> Reply {
        let accept = if path.starts_with("/api/") { "*/*" } else { "text/html" };
        self.send(self.request(Method::GET, path).header(header::ACCEPT, accept), "").await
    }

    /// Opens an event stream, which is read incrementally; the returned reply has no body.
    pub async fn open(&mut self, path: &str) -> (Reply, Events) {
        let response = self.answered(self.request(Method::GET, path), Body::empty()).await;
        let (parts, body) = response.into_parts();
        (Reply::new(parts.status, parts.headers, Bytes::new()), Events::new(body))
    }

    /// Posts a form as a page does.
    pub async fn form(&mut self, path: &str, fields: Fields) -> Reply {
        self.post(path, FORM, fields.form()).await
    }

    /// Posts JSON as a script does.
    pub async fn json(&mut self, path: &str, body: Value) -> Reply {
        self.post(path, "application/json", body.to_string()).await
    }

    /// Posts anything.
    pub async fn post(&mut self, path: &str, content_type: &str, body: impl Into<Body>) -> Reply {
        let mut request = self.request(Method::POST, path).header(header::CONTENT_TYPE, content_type);
        if !self.headers.contains_key("accept") {
            request = request.header(header::ACCEPT, if content_type == FORM { "text/html" } else { "*/*" });
        }
        self.send(request, body).await
    }

    /// A request with this client's headers, to be modified. [`Client::send`] adds the cookies.
    pub fn request(&self, method: Method, path: &str) -> Builder {
        let mut request = Request::builder().method(&method).uri(path).header(header::HOST, &self.host);
        for (name, value) in &self.headers {
            // A browser names its origin where something is changed or another site is asked.
            let own = *name == "origin" && self.is_browser && method == Method::GET;
            if !own {
                request = request.header(*name, value);
            }
        }
        request
    }

    /// Sends a request and stores the cookies of the response.
    pub async fn send(&mut self, request: Builder, body: impl Into<Body>) -> Reply {
        let reply = Reply::read(self.answered(request, body.into()).await).await;
        for SetCookie { name, value, .. } in reply.cookies() {
            if value.is_empty() { self.forget(&name) } else { self.keep(&name, &value) }
        }
        reply
    }

    async fn answered(&self, request: Builder, body: Body) -> Response {
        let mut request = request.body(body).unwrap();
        if !self.cookies.is_empty() && !request.headers().contains_key(header::COOKIE) {
            let pairs: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(header::COOKIE, pairs.join("; ").parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(SocketAddr::new(self.address, 54321)));
        self.router.clone().oneshot(request).await.unwrap()
    }
}
