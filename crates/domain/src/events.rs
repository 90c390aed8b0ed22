//! The record of what happens to accounts: a row and a line in the log for each.

use contract::Timestamp;
use storage::{AuditEvent, AuditRecord, Database, QueuedMail};

use crate::{ClientMetadata, InternalError, Ports, sessions::truncate_untrusted};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// An account was opened.
    SignUp,
    /// A session was opened, or refused.
    SignIn,
    /// A session was ended by its browser.
    SignOut,
    /// A session was ended from elsewhere.
    SessionEnd,
    /// The password was changed by who knew it.
    PasswordChange,
    /// The password was asked for again.
    PasswordCheck,
    /// A link to set a password was asked for.
    PasswordResetRequest,
    /// The password was set with a link.
    PasswordReset,
    /// The address was proved.
    EmailVerification,
    /// Another address was asked for.
    EmailChangeRequest,
    /// The address is another one.
    EmailChange,
    /// A link to delete the account was asked for.
    DeletionRequest,
    /// The account was deleted.
    Deletion,
    /// The reader took a copy of everything.
    Export,
    /// The operator closed the account.
    Ban,
    /// The operator opened the account again.
    Unban,
    /// The operator made the account.
    Operator,
    /// The operator made a link to set the password, to hand over in some way of their own.
    OperatorLink,
    /// The account came from another system.
    Import,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::SignUp,
        Self::SignIn,
        Self::SignOut,
        Self::SessionEnd,
        Self::PasswordChange,
        Self::PasswordCheck,
        Self::PasswordResetRequest,
        Self::PasswordReset,
        Self::EmailVerification,
        Self::EmailChangeRequest,
        Self::EmailChange,
        Self::DeletionRequest,
        Self::Deletion,
        Self::Export,
        Self::Ban,
        Self::Unban,
        Self::Operator,
        Self::OperatorLink,
        Self::Import,
    ];

    /// As it is stored and logged.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign-up",
            Self::SignIn => "sign-in",
            Self::SignOut => "sign-out",
            Self::SessionEnd => "session-end",
            Self::PasswordChange => "password-change",
            Self::PasswordCheck => "password-check",
            Self::PasswordResetRequest => "password-reset-request",
            Self::PasswordReset => "password-reset",
            Self::EmailVerification => "email-verification",
            Self::EmailChangeRequest => "email-change-request",
            Self::EmailChange => "email-change",
            Self::DeletionRequest => "deletion-request",
            Self::Deletion => "deletion",
            Self::Export => "export",
            Self::Ban => "ban",
            Self::Unban => "unban",
            Self::Operator => "operator",
            Self::OperatorLink => "operator-link",
            Self::Import => "import",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// The outcome of a try above the limit.
pub(crate) const TOO_MANY: &str = "too-many-tries";

/// The outcome of what was done.
pub const DONE: &str = "done";

/// Writes the record.
#[derive(Debug, Clone)]
pub(crate) struct AuditLog {
    database: Database,
    ports: Ports,
}

impl AuditLog {
    pub(crate) const fn new(database: Database, ports: Ports) -> Self {
        Self { database, ports }
    }

    /// What a change that is about to be made leaves behind.
    pub(crate) fn done(&self, kind: EventKind, user_id: &str, device: &ClientMetadata) -> AuditRecord {
        AuditRecord { event: self.event(kind, DONE, Some(user_id), device), mails: Vec::new() }
    }

    /// A deletion, recorded about nobody.
    pub(crate) fn anonymous_deletion(&self) -> AuditRecord {
        let nowhere = ClientMetadata::default();
        AuditRecord { event: self.event(EventKind::Deletion, DONE, None, &nowhere), mails: Vec::new() }
    }

    /// Records something by itself: what was refused and why, mostly.
    pub(crate) async fn record_now(
        &self,
        kind: EventKind,
        why: &str,
        user_id: Option<&str>,
        device: &ClientMetadata,
    ) -> Result<(), InternalError> {
        let record = AuditRecord { event: self.event(kind, why, user_id, device), mails: Vec::new() };
        self.database.record(&record).await?;
        log(&record);
        Ok(())
    }

    fn event(
        &self,
        kind: EventKind,
        outcome: &str,
        user_id: Option<&str>,
        device: &ClientMetadata,
    ) -> AuditEvent {
        let known = |text: &str| (!text.is_empty()).then(|| truncate_untrusted(text));
        AuditEvent {
            id: self.ports.random_uuid().to_string(),
            at: self.ports.clock.now(),
            kind: kind.name().to_owned(),
            outcome: outcome.to_owned(),
            user_id: user_id.map(str::to_owned),
            ip_address: known(&device.ip_address),
            user_agent: known(&device.user_agent),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

/// Adds the mail a change causes.
pub(crate) fn with_mails(
    mut record: AuditRecord,
    mails: impl IntoIterator<Item = QueuedMail>,
) -> AuditRecord {
    record.mails.extend(mails);
    record
}

/// Tells the log what has been recorded.
pub(crate) fn log(record: &AuditRecord) {
    let AuditEvent { kind, outcome, user_id, ip_address, user_agent, .. } = &record.event;
    tracing::info!(
        event = kind,
        outcome,
        user = user_id.as_deref(),
        address = ip_address.as_deref(),
        agent = user_agent.as_deref(),
        "account event"
    );
}
