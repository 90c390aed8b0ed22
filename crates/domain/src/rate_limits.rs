//! Rate limits.
//!
//! Attempts that could be guesses, and requests that send mail, are counted in the database, so that all processes count
//! together. Any other request is counted in memory: a write for each would cost more than it protects.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use contract::{Code, Problem, Problems, Timestamp};
use storage::{Database, StorageError};
use strum::IntoStaticStr;

use crate::{InternalError, Ports, Secret};

/// A number of attempts per window. The window begins anew with each allowed attempt: refused ones do not extend it, and
/// the count restarts after a window without attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// The attempts allowed.
    pub count: u32,
    /// The window in seconds.
    pub seconds: u32,
}

/// The configured quotas; `None` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// Sign-ins, changes of password or email address, and codes from mails, each by IP address.
    pub sign_in: Option<Quota>,
    /// Sign-ups by IP address.
    pub sign_up: Option<Quota>,
    /// Requests that send mail, by IP address; also data exports, by user.
    pub mail: Option<Quota>,
    /// Passwords tried at one account: from unknown browsers together, from each known browser, and in each session.
    pub password_attempts: Option<Quota>,
    /// Mails to one recipient that anybody could request.
    pub recipient: Option<Quota>,
    /// Any other request, by path and IP address.
    pub requests: Option<Quota>,
    /// Requests about conversations, by user, reading and writing separately.
    pub conversations: Option<Quota>,
}

const fn quota(count: u32, seconds: u32) -> Quota {
    Quota { count, seconds }
}

impl Default for LimitSettings {
    /// Better Auth's defaults, and our own for accounts, recipients and conversations.
    fn default() -> Self {
        Self {
            sign_in: Some(quota(3, 10)),
            sign_up: Some(quota(3, 10)),
            mail: Some(quota(3, 60)),
            password_attempts: Some(quota(10, 900)),
            recipient: Some(quota(5, 3600)),
            requests: Some(quota(100, 10)),
            // A streamed response makes some 40 updates a second.
            conversations: Some(quota(1000, 10)),
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Rule {
    /// Sign-ins by IP address.
    SignIn,
    /// Sign-ups by IP address.
    SignUp,
    /// Password changes by IP address.
    ChangePassword,
    /// Email changes by IP address.
    ChangeEmail,
    /// Requests for a password reset by IP address.
    RequestPasswordReset,
    /// Requests for a verification mail by IP address.
    SendVerification,
    /// Codes that verify an address, by IP address.
    VerificationCode,
    /// Wrong codes by account, or by browser if it waits for none.
    CodeGuesses,
    /// Data exports by user.
    Export,
    /// Attempts at a password: by address and by known device at sign-in, by session elsewhere.
    #[strum(serialize = "account")]
    PasswordAttempts,
    /// Mails by recipient.
    Recipient,
    /// Requests by path and IP address.
    Requests,
    /// Requests about conversations by user.
    Conversations,
}

impl Rule {
    fn name(self) -> &'static str {
        self.into()
    }
}

/// Why an attempt was not allowed.
#[derive(Debug)]
pub enum LimitError {
    /// The quota is used up.
    Exceeded {
        /// Seconds until the next attempt is allowed, rounded up.
        retry_after: u32,
    },
    /// The server failed.
    Failure(InternalError),
}

/// Counts attempts and refuses those over the quota.
#[derive(Debug, Clone)]
pub struct Limits {
    database: Database,
    ports: Ports,
    secret: Arc<Secret>,
    settings: LimitSettings,
    requests: Arc<Mutex<Requests>>,
}

/// Windows by client and path, and when ended ones were last removed.
#[derive(Debug)]
struct Requests {
    windows: HashMap<String, Window>,
    cleared: Timestamp,
}

/// A counted attempt, to be refunded if it turns out not to have been a guess.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt(Option<String>);

#[derive(Debug, Clone, Copy)]
struct Window {
    count: u32,
    end: Timestamp,
}

/// Wrong codes an account may be sent in a day: one in fifty thousand is guessed.
const CODE_GUESSES: Quota = quota(20, 86_400);
/// Windows in memory from which on ended ones are removed.
const MAX_WINDOWS: usize = 20_000;

impl Limits {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        settings: LimitSettings,
    ) -> Self {
        let requests = Requests { windows: HashMap::new(), cleared: ports.clock.now() };
        Self { database, ports, secret, settings, requests: Arc::new(Mutex::new(requests)) }
    }

    /// Counts an attempt.
    #[tracing::instrument(name = "rate_limits.check", level = "debug", skip_all)]
    pub async fn check(&self, rule: Rule, subject: &str) -> Result<(), LimitError> {
        self.count(rule, subject).await.map(drop)
    }

    /// Counts a request in memory.
    pub fn check_request(&self, rule: Rule, client: &str, path: &str) -> Result<(), LimitError> {
        let Some(quota) = self.quota(rule) else { return Ok(()) };
        let now = self.ports.clock.now();
        let fresh = Window { count: 0, end: now };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.windows.len() >= MAX_WINDOWS && now.seconds_since(requests.cleared) >= 1 {
            requests.windows.retain(|_, window| window.end > now);
            requests.cleared = now;
        }
        let window = requests.windows.entry(format!("{client} {path}")).or_insert(fresh);
        if window.end <= now {
            *window = fresh;
        }
        if window.count >= quota.count {
            return Err(exceeded(now, window.end));
        }
        *window = Window { count: window.count.saturating_add(1), end: quota.end(now) };
        Ok(())
    }

    /// Counts an attempt that may be refunded.
    pub(crate) async fn count(&self, rule: Rule, subject: &str) -> Result<Attempt, LimitError> {
        let Some(quota) = self.quota(rule) else { return Ok(Attempt(None)) };
        // A keyed hash, so that the table holds neither IP nor email addresses.
        let id = hex::encode(self.secret.derive(&format!("limit:{}:{subject}", rule.name())));
        let now = self.ports.clock.now();
        let millis = i64::from(quota.seconds) * 1000;
        match self.database.record_attempt(&id, now, millis, i64::from(quota.count)).await {
            Ok(None) => Ok(Attempt(Some(id))),
            Ok(Some(end)) => Err(exceeded(now, end)),
            // Where nothing can be stored, readers still take their data with them, and each process counts for itself.
            Err(StorageError::Full(_)) => self.check_request(rule, &id, "").map(|()| Attempt(None)),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) async fn refund(&self, attempt: Attempt) -> Result<(), InternalError> {
        if let Attempt(Some(id)) = attempt {
            self.database.refund_attempt(&id).await?;
        }
        Ok(())
    }

    const fn quota(&self, rule: Rule) -> Option<Quota> {
        match rule {
            Rule::SignUp => self.settings.sign_up,
            Rule::SignIn | Rule::ChangePassword | Rule::ChangeEmail | Rule::VerificationCode => {
                self.settings.sign_in
            }
            // Six digits are few: how many are guessed in a day must not depend on how many mails are asked for.
            Rule::CodeGuesses => match self.settings.password_attempts {
                Some(_) => Some(CODE_GUESSES),
                None => None,
            },
            Rule::RequestPasswordReset | Rule::SendVerification | Rule::Export => self.settings.mail,
            Rule::PasswordAttempts => self.settings.password_attempts,
            Rule::Recipient => self.settings.recipient,
            Rule::Requests => self.settings.requests,
            Rule::Conversations => self.settings.conversations,
        }
    }
}

impl Quota {
    const fn end(self, now: Timestamp) -> Timestamp {
        now.plus_seconds(self.seconds as i64)
    }
}

fn exceeded(now: Timestamp, end: Timestamp) -> LimitError {
    let millis = end.millis().saturating_sub(now.millis());
    let seconds = millis.saturating_add(999).div_euclid(1000).max(1);
    LimitError::Exceeded { retry_after: u32::try_from(seconds).unwrap_or(u32::MAX) }
}

impl<E: Into<InternalError>> From<E> for LimitError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}

impl From<LimitError> for Problem {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Exceeded { retry_after } => Self::retry_in(Code::TooManyRequests, retry_after),
            LimitError::Failure(failure) => failure.into(),
        }
    }
}

impl From<LimitError> for Problems {
    fn from(error: LimitError) -> Self {
        Problem::from(error).into()
    }
}
