//! A book whose readers the tests are.

use std::sync::Arc;

use domain::{
    Algorithm, Database, Presented, Renewal, Resolved, Secret, Services, Settings, SignIn, SignUp, SignedIn,
    TokenSettings, Visit,
    contract::{AnswerInput, Answers, Email, NewPassword, PasswordAttempt, PersonName, Questions},
};
use testkit::{TestPorts, databases::TestDatabase};

pub(crate) const ISSUER: &str = "https://book.example";
pub(crate) const SECRET: &str = "a secret of at least thirty-two characters";
pub(crate) const PASSWORD: &str = "quiet paper and ink";
pub(crate) const DAY: i64 = 86_400;

/// The services on a database, with the fakes behind them.
pub(crate) struct Book {
    pub(crate) services: Services,
    pub(crate) ports: TestPorts,
    pub(crate) database: TestDatabase,
}

impl Book {
    pub(crate) async fn open(database: TestDatabase) -> Self {
        Self::with(database, settings()).await
    }

    pub(crate) async fn with(database: TestDatabase, settings: Settings) -> Self {
        let ports = TestPorts::default();
        let services = Services::open(Database::clone(&database), ports.ports(), settings).await.unwrap();
        Self { services, ports, database }
    }

    /// The services as they are after a restart with these settings.
    pub(crate) async fn restarted(&self, settings: Settings) -> Services {
        Services::open(self.database.opened_again().await, self.ports.ports(), settings).await.unwrap()
    }

    /// A reader signs up as `NAME@example.com` and is remembered.
    pub(crate) async fn reader(&self, name: &str) -> SignedIn {
        self.services.accounts.sign_up(sign_up(name), &Visit::default()).await.unwrap()
    }

    /// The handle of a session, as its own cookie shows it.
    pub(crate) fn presented(&self, signed_in: &SignedIn) -> Presented {
        let cookie = self.services.sessions.cookie_value(&signed_in.session.id);
        self.services.sessions.read_cookie(&cookie).unwrap()
    }

    pub(crate) async fn resolve(&self, signed_in: &SignedIn, renewal: Renewal) -> Option<Resolved> {
        self.services.sessions.resolve(&self.presented(signed_in), renewal).await.unwrap()
    }

    pub(crate) async fn lives(&self, signed_in: &SignedIn) -> bool {
        self.resolve(signed_in, Renewal::Never).await.is_some()
    }

    /// A browser that brings this session along.
    pub(crate) fn visit_with(&self, signed_in: &SignedIn) -> Visit {
        Visit { presented: Some(self.presented(signed_in)), ..Visit::default() }
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.database.number(&format!("select count(*) from {table}")).await
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        secret: Arc::new(Secret::new(SECRET.into())),
        bearer_sessions: false,
        questions: Arc::new(Questions::default()),
        tokens: TokenSettings {
            issuer: ISSUER.into(),
            lifetime: 900,
            algorithm: Algorithm::Es256,
            audiences: Vec::new(),
        },
    }
}

pub(crate) fn with_bearer() -> Settings {
    Settings { bearer_sessions: true, ..settings() }
}

pub(crate) fn email(name: &str) -> Email {
    Email::parse(&format!("{name}@example.com")).unwrap()
}

pub(crate) fn sign_up(name: &str) -> SignUp {
    SignUp {
        name: PersonName::parse(name).unwrap(),
        email: email(name),
        password: NewPassword::parse(PASSWORD).unwrap(),
        image: None,
        answers: answers(),
        remember: true,
    }
}

pub(crate) fn sign_in(name: &str, password: &str) -> SignIn {
    SignIn { email: email(name), password: PasswordAttempt::parse(password).unwrap(), remember: true }
}

fn answers() -> Answers {
    let answers = Answers::accept(&Questions::default(), |question| match question.name.as_str() {
        "experienceLevel" => AnswerInput::Given("beginner".into()),
        "professionalRole" => AnswerInput::Given("student".into()),
        _ => AnswerInput::Absent,
    });
    answers.unwrap()
}
