//! A test application: the real router on a fresh database, with a fixed clock, seeded randomness and a fast hasher.

use std::{
    collections::BTreeMap,
    env, fs,
    path::PathBuf,
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use axum::Router;
use bookplate::{
    adapters::JwtSigner,
    config::{Config, Sources},
};
use domain::{Link, MailMessage, Ports, Services};
use testkit::{
    SeededEntropy, TestPorts,
    databases::{Kind, TestDatabase},
};

use crate::client::{Client, READER};

/// The default password of readers in these tests.
pub const PASSWORD: &str = "quiet paper, ink";
/// The default public origin.
pub const ORIGIN: &str = "http://localhost:3001";

/// The secret that signs cookies in these tests.
const SECRET: &str = "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A";

/// Turns off all rate limits. Tests of limits set their own; an empty variable counts as unset.
pub const UNLIMITED: [(&str, &str); 6] = [
    ("BOOKPLATE_LIMIT_SIGN_IN", "off"),
    ("BOOKPLATE_LIMIT_MAIL", "off"),
    ("BOOKPLATE_LIMIT_ACCOUNT", "off"),
    ("BOOKPLATE_LIMIT_RECIPIENT", "off"),
    ("BOOKPLATE_LIMIT_REQUESTS", "off"),
    ("BOOKPLATE_LIMIT_CONVERSATIONS", "off"),
];

/// A running application without a socket.
pub struct TestApp {
    /// Its database.
    pub database: Arc<TestDatabase>,
    /// Its clock, randomness and mailer, under the test's control.
    pub ports: TestPorts,
    /// The services behind the router, for direct calls.
    pub services: Arc<Services>,
    /// The path and query that open the page of the mails that are not sent.
    pub outbox: Option<String>,
    router: Router,
    origin: String,
}

impl TestApp {
    /// With the configuration of a development machine.
    pub async fn on(database: TestDatabase) -> Self {
        Self::with(database, &[]).await
    }

    /// With these variables.
    pub async fn with(database: TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::declared(database, variables, "").await
    }

    /// With these variables and this `bookplate.toml`.
    pub async fn declared(database: TestDatabase, variables: &[(&str, &str)], toml: &str) -> Self {
        Self::compose(Arc::new(database), TestPorts::default(), variables, toml).await
    }

    /// Another instance on the same database and clock: a second process, or the next start.
    pub async fn again(&self, variables: &[(&str, &str)], toml: &str) -> Self {
        static SEED: AtomicU64 = AtomicU64::new(2);
        let others = TestPorts::seeded(SEED.fetch_add(1, Ordering::SeqCst));
        let ports = TestPorts { clock: Arc::clone(&self.ports.clock), ..others };
        Self::compose(Arc::clone(&self.database), ports, variables, toml).await
    }

    async fn compose(
        database: Arc<TestDatabase>,
        ports: TestPorts,
        variables: &[(&str, &str)],
        toml: &str,
    ) -> Self {
        let config = configuration(database.url(), variables, toml);
        let origin = config.origin.as_str().to_owned();
        let fakes = ports.ports();
        // As in `main`: without a place for mail there is no mailer.
        let mailer = fakes.mailer.clone().filter(|_| config.mail.is_sent());
        let real = Ports { signer: Arc::new(JwtSigner), mailer, ..fakes };
        let state = bookplate::compose(config, (**database).clone(), real).await.unwrap();
        let services = Arc::clone(&state.services);
        let outbox = state.site.outbox.as_ref().map(bookplate::Outbox::path);
        Self { database, ports, services, outbox, router: bookplate::router(state), origin }
    }

    /// A client that sends a browser's headers, from a page of ours.
    pub fn browser(&self) -> Client {
        Client::browser(self.router.clone(), &self.origin)
    }

    /// A client that sends no headers of its own.
    pub fn script(&self) -> Client {
        Client::script(self.router.clone(), &self.origin)
    }

    /// Signs a reader up with this address and returns the browser.
    pub async fn reader(&self, email: &str) -> Client {
        let mut browser = self.browser();
        let reply = browser.json("/api/auth/sign-up/email", READER.with("email", email).json()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        browser
    }

    /// Every mail so far, after what is due has been delivered.
    pub async fn mails(&self) -> Vec<MailMessage> {
        self.services.mail.deliver().await.unwrap();
        self.ports.mailer.sent()
    }

    /// How many mails of a kind an address has got so far.
    pub async fn count_mails(&self, kind: &str, to: &str) -> usize {
        self.mails().await.iter().filter(|mail| mail.kind == kind && mail.to == to).count()
    }

    /// The last mail of a kind to an address.
    pub async fn mail(&self, kind: &str, to: &str) -> MailMessage {
        let mails = self.mails().await;
        let found = mails.into_iter().rev().find(|mail| mail.kind == kind && mail.to == to);
        found.unwrap_or_else(|| panic!("no {kind} to {to}"))
    }

    /// The link in that message.
    pub async fn link(&self, kind: &str, to: &str) -> Link {
        self.mail(kind, to).await.link.unwrap_or_else(|| panic!("no link in {kind} to {to}"))
    }

    /// A signed-in reader with a verified address.
    pub async fn proven_reader(&self, email: &str) -> Client {
        let reader = self.reader(email).await;
        let link = self.link("verify-email", email).await;
        let reply = self.script().get(&format!("/api/auth/verify-email?token={}", link.token)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reader
    }

    /// A dump of all tables except the audit log, to assert that nothing else changed.
    pub async fn rows_but_events(&self) -> Vec<String> {
        let rows = self.database.rows().await.into_iter();
        rows.filter(|row| !row.starts_with("bookplate_events:")).collect()
    }

    /// The number of sessions.
    pub async fn sessions(&self) -> i64 {
        self.database.number("select count(*) from bookplate_sessions").await
    }

    /// The number of accounts.
    pub async fn accounts(&self) -> i64 {
        self.database.number("select count(*) from bookplate_users").await
    }

    /// The user with this address as JSON, without members that differ between accounts.
    pub async fn stored(&self, email: &str) -> serde_json::Value {
        let found = self.database.find_credentials(email, None).await.unwrap();
        let user = found.unwrap_or_else(|| panic!("no account {email}")).user;
        let mut body = serde_json::to_value(self.services.user_body(&user)).unwrap();
        for own in ["id", "email", "createdAt", "updatedAt"] {
            body.as_object_mut().unwrap().remove(own);
        }
        body
    }
}

fn configuration(database_url: &str, variables: &[(&str, &str)], toml: &str) -> Config {
    let mut environment: BTreeMap<String, String> =
        [("DATABASE_URL", database_url), ("BOOKPLATE_SECRET", SECRET)].map(owned).into();
    environment.extend(UNLIMITED.map(owned));
    environment.extend(variables.iter().copied().map(owned));
    let folder = folder();
    fs::write(folder.join("bookplate.toml"), toml).unwrap();
    let config = Config::load(&Sources::new(environment, folder.clone()), &SeededEntropy::new(0));
    fs::remove_dir_all(folder).unwrap();
    config.unwrap_or_else(|error| panic!("{error}"))
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn folder() -> PathBuf {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let name = format!("bookplate-http-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
    let path = env::temp_dir().join(name);
    fs::create_dir_all(&path).unwrap();
    path
}

/// The database of tests that run on one only: SQLite, or PostgreSQL with `BOOKPLATE_TEST_HTTP_DATABASE=postgres`.
/// Tests where SQL differs or concurrency matters run on both.
pub async fn a_database() -> TestDatabase {
    let asked = env::var("BOOKPLATE_TEST_HTTP_DATABASE").unwrap_or_default();
    let kind = match asked.as_str() {
        "" | "sqlite" => Kind::Sqlite,
        "postgres" => Kind::Postgres,
        other => panic!("BOOKPLATE_TEST_HTTP_DATABASE is {other}, neither sqlite nor postgres"),
    };
    kind.migrated().await
}
