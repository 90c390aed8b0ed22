//! How often one may try.
//!
//! What could be a guess, or sends mail, is counted in the database, so that several instances count together. Any other
//! request is counted by each instance for itself: a write for every read would cost more than it protects.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use contract::{Code, Problem, Problems, Timestamp};
use storage::Database;

use crate::{InternalError, Ports, Secret};

/// So many in so many seconds. The window is anchored at the last one that was allowed: refused ones do not extend it,
/// and the count starts anew after a quiet window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// How many are allowed.
    pub count: u32,
    /// Length of the window, in seconds.
    pub seconds: u32,
}

/// The quotas of this Bookplate; `None` where there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// Sign-ins, sign-ups and changes of password or address, from one network address each.
    pub sign_in: Option<Quota>,
    /// Requests that send a mail, from one network address; also copies of everything that one reader takes.
    pub mail: Option<Quota>,
    /// Passwords tried at one account from browsers it does not know; also from one that it knows, and in one session.
    pub account: Option<Quota>,
    /// Mails to one address that somebody else could ask for.
    pub recipient: Option<Quota>,
    /// Any other request to one path, from one network address.
    pub requests: Option<Quota>,
    /// What one reader asks about conversations, wherever they are: reading and writing each.
    pub conversations: Option<Quota>,
}

const fn quota(count: u32, seconds: u32) -> Option<Quota> {
    Some(Quota { count, seconds })
}

impl Default for LimitSettings {
    /// The Better Auth wire's, and for one account and one recipient our own.
    fn default() -> Self {
        Self {
            sign_in: quota(3, 10),
            mail: quota(3, 60),
            account: quota(10, 900),
            recipient: quota(5, 3600),
            requests: quota(100, 10),
            // An answer that is written while it grows is some 40 changes a second.
            conversations: quota(1000, 10),
        }
    }
}

/// What is counted, each for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Sign-ins from one network address.
    SignIn,
    /// Sign-ups from one network address.
    SignUp,
    /// Changes of password from one network address.
    ChangePassword,
    /// Changes of address from one network address.
    ChangeEmail,
    /// Requests for a link to set a password, from one network address.
    RequestPasswordReset,
    /// Requests for a link to prove an address, from one network address.
    SendVerification,
    /// Copies of everything that one reader takes.
    Export,
    /// Passwords tried at one account.
    Account,
    /// Mails to one address.
    Recipient,
    /// Requests to one path from one network address.
    Requests,
    /// What one reader asks about conversations.
    Conversations,
}

impl Rule {
    const fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign-in",
            Self::SignUp => "sign-up",
            Self::ChangePassword => "change-password",
            Self::ChangeEmail => "change-email",
            Self::RequestPasswordReset => "request-password-reset",
            Self::SendVerification => "send-verification",
            Self::Export => "export",
            Self::Account => "account",
            Self::Recipient => "recipient",
            Self::Requests => "requests",
            Self::Conversations => "conversations",
        }
    }
}

/// Why a try was not allowed.
#[derive(Debug)]
pub enum LimitError {
    /// There were enough.
    Exceeded {
        /// Seconds until the next one may be, rounded up.
        retry_after: u32,
    },
    /// Nothing can be said about it.
    Failure(InternalError),
}

/// Counts tries and refuses those above the quota.
#[derive(Debug, Clone)]
pub struct Limits {
    database: Database,
    ports: Ports,
    secret: Arc<Secret>,
    settings: LimitSettings,
    requests: Arc<Mutex<Requests>>,
}

/// Windows by client and path, and when those that are over were last thrown out.
#[derive(Debug)]
struct Requests {
    windows: HashMap<String, Window>,
    cleared: Timestamp,
}

/// A try that was counted, to be given back when it turns out not to have been a guess.
#[derive(Debug)]
#[must_use]
pub(crate) struct Attempt(Option<String>);

#[derive(Debug, Clone, Copy)]
struct Window {
    count: u32,
    end: Timestamp,
}

/// Windows kept in memory before those that are over are thrown out.
const MANY: usize = 20_000;

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

    /// Counts a request of a client.
    ///
    /// # Errors
    /// [`LimitError`].
    pub async fn check(&self, rule: Rule, subject: &str) -> Result<(), LimitError> {
        self.count(rule, subject).await.map(drop)
    }

    /// Counts a request to a path, in this process alone.
    ///
    /// # Errors
    /// [`LimitError::Exceeded`].
    pub fn check_request(&self, rule: Rule, client: &str, path: &str) -> Result<(), LimitError> {
        let Some(quota) = self.quota(rule) else { return Ok(()) };
        let now = self.ports.clock.now();
        let fresh = Window { count: 0, end: now };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.windows.len() >= MANY && now.seconds_since(requests.cleared) >= 1 {
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

    /// Counts a try that may be given back.
    pub(crate) async fn count(&self, rule: Rule, subject: &str) -> Result<Attempt, LimitError> {
        let Some(quota) = self.quota(rule) else { return Ok(Attempt(None)) };
        // Neither addresses nor e-mail addresses stand in the table.
        let id = hex::encode(self.secret.derive(&format!("limit:{}:{subject}", rule.name())));
        let now = self.ports.clock.now();
        let millis = i64::from(quota.seconds) * 1000;
        match self.database.record_attempt(&id, now, millis, i64::from(quota.count)).await? {
            None => Ok(Attempt(Some(id))),
            Some(end) => Err(exceeded(now, end)),
        }
    }

    /// Takes a try back.
    pub(crate) async fn refund(&self, counted: Attempt) -> Result<(), InternalError> {
        if let Attempt(Some(id)) = counted {
            self.database.refund_attempt(&id).await?;
        }
        Ok(())
    }

    const fn quota(&self, rule: Rule) -> Option<Quota> {
        match rule {
            Rule::SignIn | Rule::SignUp | Rule::ChangePassword | Rule::ChangeEmail => self.settings.sign_in,
            Rule::RequestPasswordReset | Rule::SendVerification | Rule::Export => self.settings.mail,
            Rule::Account => self.settings.account,
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
