//! A book whose readers the tests are.

use std::sync::Arc;

use domain::{
    AccountRules, ActiveSession, Algorithm, ClientInfo, ClientMetadata, Database, DeviceId, LimitSettings,
    MailBranding, MailMessage, PasswordPolicy, Renewal, Retention, Secret, Services, SessionHandle,
    SessionSettings, Settings, SignIn, SignUp, SignedIn, SignedUp, TokenSettings,
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
        Services::open(self.database.reopen().await, self.ports.ports(), settings).await.unwrap()
    }

    /// A reader signs up as `NAME@example.com` and is remembered.
    pub(crate) async fn reader(&self, name: &str) -> SignedIn {
        entered(self.services.accounts.sign_up(sign_up(name), &ClientInfo::default()).await.unwrap())
    }

    /// A reader of [`Book::reader`] comes in once more, with another browser.
    pub(crate) async fn enters(&self, name: &str, visit: &ClientInfo) -> SignedIn {
        self.services.accounts.sign_in(sign_in(name, PASSWORD), visit).await.unwrap()
    }

    /// A browser with a cookie of its own, which it has brought along.
    pub(crate) fn browser(&self) -> ClientInfo {
        ClientInfo { browser: Some(self.cookie()), ..ClientInfo::default() }
    }

    fn cookie(&self) -> DeviceId {
        let sessions = &self.services.sessions;
        sessions.read_device(&sessions.device_value(&sessions.new_device())).unwrap()
    }

    /// Ends a session as its own browser does.
    pub(crate) async fn signs_out(&self, signed_in: &SignedIn) {
        let presented = self.presented(signed_in);
        self.services.sessions.sign_out(Some(&presented), &ClientMetadata::default()).await.unwrap();
    }

    /// Delivers what is due and gives the letters that have come since the last time.
    pub(crate) async fn mail(&self) -> Vec<MailMessage> {
        self.services.mail.deliver().await.unwrap();
        let letters = self.ports.mailer.letters();
        self.ports.mailer.clear();
        letters
    }

    /// Delivers what is due and gives what the letters are about, and to whom.
    pub(crate) async fn posted(&self) -> Vec<(String, String)> {
        self.mail().await.into_iter().map(|letter| (letter.kind, letter.to)).collect()
    }

    /// Delivers what is due: the token of the one letter of this kind.
    pub(crate) async fn token_in(&self, kind: &str) -> String {
        let letters = self.mail().await;
        let of_kind: Vec<&MailMessage> = letters.iter().filter(|letter| letter.kind == kind).collect();
        let [letter] = of_kind[..] else { panic!("{kind} among {letters:?}") };
        letter.link.as_ref().unwrap().token.clone()
    }

    /// What happened to a reader, the kind and the outcome, the latest last.
    pub(crate) async fn happened(&self, user_id: &str) -> Vec<(String, String)> {
        let mut events = self.database.events_of(user_id, 99).await.unwrap();
        events.sort_by_key(|event| event.at);
        events.into_iter().map(|event| (event.kind, event.outcome)).collect()
    }

    /// Every row, without those of these tables.
    pub(crate) async fn rows_without(&self, tables: &[&str]) -> Vec<String> {
        let is_kept = |row: &String| !tables.iter().any(|table| row.starts_with(&format!("{table}:")));
        self.database.rows().await.into_iter().filter(is_kept).collect()
    }

    /// The handle of a session, as its own cookie shows it.
    pub(crate) fn presented(&self, signed_in: &SignedIn) -> SessionHandle {
        let cookie = self.services.sessions.cookie_value(&signed_in.session.id);
        self.services.sessions.read_cookie(&cookie).unwrap()
    }

    pub(crate) async fn resolve(&self, signed_in: &SignedIn, renewal: Renewal) -> Option<ActiveSession> {
        self.services.sessions.resolve(&self.presented(signed_in), renewal).await.unwrap()
    }

    pub(crate) async fn lives(&self, signed_in: &SignedIn) -> bool {
        self.resolve(signed_in, Renewal::Never).await.is_some()
    }

    /// A browser that brings this session along.
    pub(crate) fn visit_with(&self, signed_in: &SignedIn) -> ClientInfo {
        ClientInfo { presented: Some(self.presented(signed_in)), ..ClientInfo::default() }
    }

    pub(crate) async fn count(&self, table: &str) -> i64 {
        self.database.number(&format!("select count(*) from {table}")).await
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        secret: Arc::new(Secret::new(SECRET.into())),
        bearer_sessions: false,
        sessions: SessionSettings::default(),
        questions: Arc::new(Questions::default()),
        tokens: TokenSettings {
            issuer: ISSUER.into(),
            lifetime: 900,
            algorithm: Algorithm::Es256,
            audiences: Vec::new(),
        },
        accounts: AccountRules {
            require_verified_email: false,
            reference_habits: false,
            passwords: PasswordPolicy::default(),
            book: "The Book".into(),
        },
        branding: MailBranding { book: "The Book".into(), origin: ISSUER.into(), accent: "#204060".into() },
        limits: LimitSettings::default(),
        retention: Retention::default(),
        conversations: domain::ConversationLimits::default(),
    }
}

/// Who has not proved the address stays outside.
pub(crate) fn strict() -> Settings {
    let accounts = AccountRules { require_verified_email: true, ..settings().accounts };
    Settings { accounts, ..settings() }
}

/// Another secret than [`SECRET`], which is still known if `previous` says so.
pub(crate) fn with_new_secret(previous: bool) -> Settings {
    let secret = Secret::new("another secret of thirty-two characters".into());
    let secret = Arc::new(secret.with_previous(previous.then(|| SECRET.into())));
    Settings { secret, ..settings() }
}

/// A reader who signed up where nothing has to be proved first.
pub(crate) fn entered(signed_up: SignedUp) -> SignedIn {
    SignedIn { session: signed_up.session.unwrap(), user: signed_up.user }
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
        password: new_password(PASSWORD),
        image: None,
        answers: answers(),
        remember: true,
        callback: "/welcome".into(),
    }
}

pub(crate) fn sign_in(name: &str, password: &str) -> SignIn {
    SignIn { email: email(name), password: attempt(password), remember: true, callback: "/".into() }
}

pub(crate) fn attempt(password: &str) -> PasswordAttempt {
    PasswordAttempt::parse(password).unwrap()
}

pub(crate) fn new_password(password: &str) -> NewPassword {
    NewPassword::parse(password, NewPassword::MIN).unwrap()
}

fn answers() -> Answers {
    let answers = Answers::accept(&Questions::default(), |question| match question.name.as_str() {
        "experienceLevel" => AnswerInput::Given("beginner".into()),
        "professionalRole" => AnswerInput::Given("student".into()),
        _ => AnswerInput::Absent,
    });
    answers.unwrap()
}
