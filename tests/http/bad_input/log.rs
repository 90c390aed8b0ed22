//! The log contains no secret and no address of a reader.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, OnceLock},
};

use serde_json::json;
use testkit::databases::Kind;
use tokio::runtime::Builder;
use tracing::{Dispatch, Subscriber, instrument::WithSubscriber, subscriber::with_default};
use tracing_subscriber::fmt::MakeWriter;

use crate::{
    app::TestApp,
    client::{FORM, READER},
};

/// An in-memory log.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// A subscriber that writes everything into it, in the server's format.
    ///
    /// With a single subscriber, tracing caches for each call site whether the first thread to reach it is interested,
    /// and another test's thread is not. So there is always a second subscriber.
    pub(crate) fn subscriber(&self) -> impl Subscriber + Send + Sync + use<> {
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(tracing_subscriber::registry()));
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish()
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

/// Runs through all account operations; returns the secrets used.
async fn everything(kind: Kind) -> Vec<String> {
    let variables =
        [("BOOKPLATE_BEARER_SESSIONS", "true"), ("JWT_SECRET", SHARED), ("BOOKPLATE_LOG", "trace")];
    let app = TestApp::with(kind.migrated().await, &variables).await;
    let mut secrets = Vec::new();
    let fields = READER.with("password", PASSWORD).with("name", NAME).with("organization", NAME);
    for entry in ["form", "json"] {
        let address = format!("unlogged-{entry}@example.com");
        let fields = fields.with("email", &address);
        let wrong = fields.with("password", WRONG);
        let mut browser = app.browser();
        for fields in [&fields, &wrong, &fields.with("email", &address.to_uppercase())] {
            match entry {
                "form" => drop(browser.form("/sign-up", fields.clone()).await),
                _ => drop(browser.json("/api/auth/sign-up/email", fields.json()).await),
            }
        }
        let early = browser.session().unwrap().to_owned();
        for fields in [&wrong, &fields] {
            match entry {
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
        secrets.extend(recovered(&app, &address).await);
        secrets.extend([address, early, cookie, token, jwt, shared]);
    }
    app.database.close().await;
    app.browser().form("/sign-in", fields.with("email", "unlogged-form@example.com")).await;
    app.browser()
        .json("/api/auth/sign-up/email", fields.with("email", "unlogged-json@example.com").json())
        .await;
    secrets
}

/// Runs through password reset and change of address; returns the secrets used.
async fn recovered(app: &TestApp, address: &str) -> Vec<String> {
    let mut browser = app.browser();
    browser.json("/api/auth/request-password-reset", json!({ "email": address })).await;
    browser.form("/forgot-password", READER.with("email", "unlogged-nobody@example.com")).await;
    let reset = app.link("reset-password", address).await.token;
    browser.get(&format!("/api/auth/reset-password/{reset}?callbackURL=")).await;
    browser.get(&format!("/reset-password?token={reset}")).await;
    let fields = READER.with("newPassword", WRONG);
    browser.form("/reset-password", fields.with("newPassword", "short")).await;
    assert_eq!(browser.form("/reset-password", fields).await.status, 303);
    let credentials = json!({ "email": address, "password": WRONG });
    assert_eq!(browser.json("/api/auth/sign-in/email", credentials).await.status, 200);
    let device = browser.cookie("bookplate.device").unwrap().to_owned();
    let change = json!({ "currentPassword": WRONG, "newPassword": PASSWORD });
    assert_eq!(browser.json("/api/auth/change-password", change).await.status, 200);
    let new = format!("renamed-{address}");
    let asked = browser.json("/api/auth/change-email", json!({ "newEmail": new })).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    // Setting the password by mail has proved the address, so it is asked first.
    let first = app.link("change-email", address).await.token;
    assert_eq!(browser.get(&format!("/api/auth/verify-email?token={first}")).await.status, 200);
    let change = app.link("verify-email", &new).await.token;
    assert_eq!(browser.get(&format!("/api/auth/verify-email?token={change}")).await.status, 200);
    browser.get("/api/auth/verify-email?token=unlogged-token&callbackURL=/unlogged-callback?a=b").await;
    let wrong = json!({ "password": "log-must-not-hold-this-guess" });
    browser.json("/api/auth/verify-password", wrong.clone()).await;
    browser.json("/api/auth/delete-user", wrong).await;
    app.database
        .arrange(&format!("update bookplate_users set email = '{address}' where email = '{new}'"))
        .await;
    vec![reset, first, change, device, new]
}

/// Requests that fail for every reason.
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
    // One thread, because a subscriber that is not the process's own listens to one.
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let secrets = with_default(log.subscriber(), || runtime.block_on(everything(kind)));
    let text = log.text();
    for said in [
        "event=\"sign-up\" outcome=\"done\"",
        "event=\"sign-in\" outcome=\"done\"",
        "event=\"sign-in\" outcome=\"wrong-credentials\"",
        "event=\"sign-out\" outcome=\"done\"",
        "event=\"password-reset\" outcome=\"done\"",
        "event=\"email-change\" outcome=\"done\"",
        "session opened",
        "mail sent",
        "profile changed",
        "storage unavailable",
    ] {
        assert!(text.contains(said), "the log was not listened to: {said}");
    }
    let mut forbidden: Vec<&str> =
        vec![PASSWORD, WRONG, NAME, SHARED, "unlogged-", "UNLOGGED-", "Must-Not-Hold", "must-not-hold"];
    // Every signature by itself, too; what follows the last dot of an address is no secret.
    let signatures: Vec<String> = secrets
        .iter()
        .flat_map(|secret| {
            [secret.clone(), percent_encoding::percent_decode_str(secret).decode_utf8_lossy().into_owned()]
        })
        .flat_map(|secret| [secret.clone(), secret.rsplit('.').next().unwrap_or_default().to_owned()])
        .filter(|part| part.len() > 8)
        .collect();
    forbidden.extend(signatures.iter().map(String::as_str));
    for secret in forbidden {
        let found = text.lines().find(|line| line.contains(secret));
        assert!(found.is_none(), "{secret} in: {}", found.unwrap_or_default());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_14_no_link_token_is_logged_when_rate_limited() {
    let database = crate::app::a_database().await;
    let log = Log::default();
    let app = TestApp::with(database, &[("BOOKPLATE_LIMIT_REQUESTS", "1/60")]).await;
    let asking = async {
        let mut client = app.script();
        for _ in 0..2 {
            client.get("/api/auth/reset-password/no0one1may2read3this?callbackURL=/").await;
        }
    };
    asking.with_subscriber(log.subscriber()).await;
    let text = log.text();
    assert!(
        text.contains("too many requests") && text.contains("path=\"/api/auth/reset-password/\""),
        "{text}"
    );
    assert!(!text.contains("no0one1may2read3this"), "{text}");
}

#[test]
fn security_05_the_log_holds_no_password_no_token_and_no_address_on_sqlite() {
    the_log_holds_nothing_of_a_reader(Kind::Sqlite);
}

#[test]
fn security_05_the_log_holds_no_password_no_token_and_no_address_on_postgres() {
    the_log_holds_nothing_of_a_reader(Kind::Postgres);
}
