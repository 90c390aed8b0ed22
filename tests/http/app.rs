//! A Bookplate of a test's own: the real router on a fresh database, with time, chance and hashing in the test's hand.

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

/// The password of every reader of these tests, unless they say otherwise.
pub const PASSWORD: &str = "quiet paper, ink";
/// The public origin, unless a test chooses another.
pub const ORIGIN: &str = "http://localhost:3001";

/// Signs the cookies of these tests.
const SECRET: &str = "Zk3vQ8pLr5Tn1Wx7Yb9Hc2Md4Jf6Gs0A";

/// No limit on anything, so that a test may ask as often as it likes. A test of limits sets its own; an empty variable
/// is as good as none.
pub const UNLIMITED: [(&str, &str); 6] = [
    ("BOOKPLATE_LIMIT_SIGN_IN", "off"),
    ("BOOKPLATE_LIMIT_MAIL", "off"),
    ("BOOKPLATE_LIMIT_ACCOUNT", "off"),
    ("BOOKPLATE_LIMIT_RECIPIENT", "off"),
    ("BOOKPLATE_LIMIT_REQUESTS", "off"),
    ("BOOKPLATE_LIMIT_CONVERSATIONS", "off"),
];

/// A running Bookplate without a socket.
pub struct TestApp {
    /// Where it keeps its readers.
    pub database: Arc<TestDatabase>,
    /// What the test moves.
    pub ports: TestPorts,
    /// What the router calls, for asking behind its back.
    pub services: Arc<Services>,
    router: Router,
    origin: String,
}

impl TestApp {
    /// As it is on a developer's machine.
    pub async fn on(database: TestDatabase) -> Self {
        Self::with(database, &[]).await
    }

    /// With some variables set.
    pub async fn with(database: TestDatabase, variables: &[(&str, &str)]) -> Self {
        Self::declared(database, variables, "").await
    }

    /// With some variables set, and with this `bookplate.toml`.
    pub async fn declared(database: TestDatabase, variables: &[(&str, &str)], toml: &str) -> Self {
        Self::compose(Arc::new(database), TestPorts::default(), variables, toml).await
    }

    /// Another program on the same database at the same time of day: a second process, or the next start.
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
        Self { database, ports, services, router: bookplate::router(state), origin }
    }

    /// A browser that has opened one of our pages.
    pub fn browser(&self) -> Client {
        Client::browser(self.router.clone(), &self.origin)
    }

    /// A program that sends nothing but what it is told to.
    pub fn script(&self) -> Client {
        Client::script(self.router.clone(), &self.origin)
    }

    /// The browser of a reader who has just opened an account under this address.
    pub async fn reader(&self, email: &str) -> Client {
        let mut browser = self.browser();
        let reply = browser.json("/api/auth/sign-up/email", READER.with("email", email).json()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        browser
    }

    /// Every letter so far, after what is due has been delivered.
    pub async fn letters(&self) -> Vec<MailMessage> {
        self.services.mail.deliver().await.unwrap();
        self.ports.mailer.letters()
    }

    /// How many letters of a kind an address has got so far.
    pub async fn count_letters(&self, kind: &str, to: &str) -> usize {
        self.letters().await.iter().filter(|letter| letter.kind == kind && letter.to == to).count()
    }

    /// The last letter of a kind to an address.
    pub async fn letter(&self, kind: &str, to: &str) -> MailMessage {
        let letters = self.letters().await;
        let found = letters.into_iter().rev().find(|letter| letter.kind == kind && letter.to == to);
        found.unwrap_or_else(|| panic!("no {kind} to {to}"))
    }

    /// The link in it.
    pub async fn link(&self, kind: &str, to: &str) -> Link {
        self.letter(kind, to).await.link.unwrap_or_else(|| panic!("no link in {kind} to {to}"))
    }

    /// A reader whose address is proved, signed in.
    pub async fn proven_reader(&self, email: &str) -> Client {
        let reader = self.reader(email).await;
        let link = self.link("verify-email", email).await;
        let reply = self.script().get(&format!("/api/auth/verify-email?token={}", link.token)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reader
    }

    /// Everything stored but the record of events, for what must leave nothing else behind.
    pub async fn rows_but_events(&self) -> Vec<String> {
        let rows = self.database.rows().await.into_iter();
        rows.filter(|row| !row.starts_with("bookplate_events:")).collect()
    }

    /// How many sessions there are.
    pub async fn sessions(&self) -> i64 {
        self.database.number("select count(*) from bookplate_sessions").await
    }

    /// How many accounts there are.
    pub async fn accounts(&self) -> i64 {
        self.database.number("select count(*) from bookplate_users").await
    }

    /// The reader with this address as the wire shows them, without what differs from account to account.
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

/// The database of a test for which one is as good as the other: SQLite, or PostgreSQL where
/// `BOOKPLATE_TEST_HTTP_DATABASE=postgres` asks for it. Where SQL differs or much happens at once, a test takes both.
pub async fn a_database() -> TestDatabase {
    let asked = env::var("BOOKPLATE_TEST_HTTP_DATABASE").unwrap_or_default();
    let kind = match asked.as_str() {
        "" | "sqlite" => Kind::Sqlite,
        "postgres" => Kind::Postgres,
        other => panic!("BOOKPLATE_TEST_HTTP_DATABASE is {other}, neither sqlite nor postgres"),
    };
    kind.migrated().await
}
