//! What the log holds after everything that can happen to a reader: nothing of theirs.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::json;
use testkit::databases::Kind;
use tokio::runtime::Builder;
use tracing::subscriber::with_default;
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    app::TestApp,
    client::{FORM, READER},
};

/// A log kept in memory.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

const PASSWORD: &str = "log-must-not-hold-this-password";
const WRONG: &str = "log-must-not-hold-this-attempt";
const NAME: &str = "Log Must-Not-Hold-This-Name";
const SHARED: &str = "log0must1not2hold3this4shared5secret";

/// Everything that happens, and what was secret in it.
async fn everything(kind: Kind) -> Vec<String> {
    let variables =
        [("BOOKPLATE_BEARER_SESSIONS", "true"), ("JWT_SECRET", SHARED), ("BOOKPLATE_LOG", "trace")];
    let app = TestApp::with(kind.migrated().await, &variables).await;
    let mut secrets = Vec::new();
    let fields = READER.with("password", PASSWORD).with("name", NAME).with("organization", NAME);
    for door in ["form", "json"] {
        let address = format!("unlogged-{door}@example.com");
        let fields = fields.with("email", &address);
        let wrong = fields.with("password", WRONG);
        let mut browser = app.browser();
        for fields in [&fields, &wrong, &fields.with("email", &address.to_uppercase())] {
            match door {
                "form" => drop(browser.form("/sign-up", fields.clone()).await),
                _ => drop(browser.json("/api/auth/sign-up/email", fields.json()).await),
            }
        }
        let early = browser.session().unwrap().to_owned();
        for fields in [&wrong, &fields] {
            match door {
                "form" => drop(app.browser().form("/sign-in", fields.clone()).await),
                _ => drop(browser.json("/api/auth/sign-in/email", fields.json()).await),
            }
        }
        let cookie = browser.session().unwrap().to_owned();
        let session = browser.get("/api/auth/get-session?token=unlogged-query").await.json();
        let token = session["session"]["token"].as_str().unwrap().to_owned();
        let jwt = browser.get("/api/auth/token").await.json()["token"].as_str().unwrap().to_owned();
        let shared = browser.get("/api/auth/token?audience=default").await.json()["token"]
            .as_str()
            .unwrap()
            .to_owned();
        let mut service = app.script();
        for bearer in [&jwt, &shared, &format!("{jwt}x"), &token, &cookie] {
            service.set("authorization", &format!("Bearer {bearer}"));
            service.get("/api/auth/user").await;
        }
        browser.form("/account", fields.clone()).await;
        browser.json("/api/auth/update-user", json!({ "name": NAME, "email": address })).await;
        nonsense(&app, &browser, &address).await;
        app.ports.clock.advance_seconds(24 * 3600);
        browser.get("/account").await;
        browser.form("/sign-out", fields.clone()).await;
        service.get("/api/auth/user").await;
        secrets.extend([address, early, cookie, token, jwt, shared]);
    }
    app.database.close().await;
    app.browser().form("/sign-in", fields.with("email", "unlogged-form@example.com")).await;
    app.browser()
        .json("/api/auth/sign-up/email", fields.with("email", "unlogged-json@example.com").json())
        .await;
    secrets
}

/// Requests that fail for every reason there is.
async fn nonsense(app: &TestApp, browser: &crate::client::Client, address: &str) {
    let secret = format!("{{\"email\":\"{address}\",\"password\":\"{PASSWORD}\"");
    for path in ["/api/auth/sign-in/email", "/api/auth/update-user", "/sign-in", "/account"] {
        for content_type in ["application/json", FORM, "text/plain"] {
            browser.clone().post(path, content_type, secret.clone()).await;
            browser.clone().post(path, content_type, format!("{secret}{}", "x".repeat(100_000))).await;
        }
        let mut stranger = browser.clone().sending("origin", "https://evil.example");
        stranger.form(path, READER.with("password", PASSWORD)).await;
    }
    let query = format!("/sign-in?next=/a&email={address}&password={PASSWORD}");
    browser.clone().get(&query).await;
    app.browser().get(&query).await;
    app.ports.hasher.set_busy(true);
    app.browser().form("/sign-in", READER.with("email", address).with("password", PASSWORD)).await;
    app.ports.hasher.set_busy(false);
}

fn the_log_holds_nothing_of_a_reader(kind: Kind) {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // One thread, because a subscriber that is not the process's own listens to one.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let secrets = with_default(subscriber, || runtime.block_on(everything(kind)));
    let text = log.text();
    for said in [
        "signed up",
        "session opened",
        "session ended",
        "wrong credentials",
        "profile changed",
        "storage unavailable",
    ] {
        assert!(text.contains(said), "the log was not listened to: {said}");
    }
    let mut forbidden: Vec<&str> =
        vec![PASSWORD, WRONG, NAME, SHARED, "unlogged-", "UNLOGGED-", "Must-Not-Hold"];
    let signatures: Vec<String> = secrets
        .iter()
        .flat_map(|secret| {
            [secret.clone(), percent_encoding::percent_decode_str(secret).decode_utf8_lossy().into_owned()]
        })
        .flat_map(|secret| [secret.clone(), secret.rsplit('.').next().unwrap_or_default().to_owned()])
        .collect();
    forbidden.extend(signatures.iter().map(String::as_str));
    for secret in forbidden {
        let found = text.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "{secret} in: {}", found.unwrap_or_default());
    }
}

#[test]
fn security_05_the_log_holds_no_password_no_token_and_no_address_on_sqlite() {
    the_log_holds_nothing_of_a_reader(Kind::Sqlite);
}

#[test]
fn security_05_the_log_holds_no_password_no_token_and_no_address_on_postgres() {
    the_log_holds_nothing_of_a_reader(Kind::Postgres);
}
