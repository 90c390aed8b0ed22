//! The audit log: a row and a log line for each event of an account.

use contract::Timestamp;
use storage::{AuditEvent, AuditRecord, Database, QueuedMail};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::{ClientMetadata, InternalError, Ports, client_metadata::truncate_untrusted};

/// The kind of an event. Stored and logged in kebab case, such as `sign-up`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "kebab-case")]
pub enum EventKind {
    /// An account was opened.
    SignUp,
    /// A session was opened, or refused.
    SignIn,
    /// A session was ended by signing out.
    SignOut,
    /// A session was ended from another browser.
    SessionEnd,
    /// The password was changed with the current one.
    PasswordChange,
    /// The current password was checked.
    PasswordCheck,
    /// A password reset was requested.
    PasswordResetRequest,
    /// The password was reset with a link.
    PasswordReset,
    /// The email address was verified.
    EmailVerification,
    /// A change of the email address was requested.
    EmailChangeRequest,
    /// The email address was changed.
    EmailChange,
    /// A link to delete the account was requested.
    DeletionRequest,
    /// The account was deleted.
    Deletion,
    /// The user exported their data.
    Export,
    /// The operator banned the account.
    Ban,
    /// The operator lifted the ban.
    Unban,
    /// The operator created the account.
    Operator,
    /// The operator created a password reset link to hand over.
    OperatorLink,
    /// The account was imported from another system.
    Import,
    /// The reader was told that the account is deleted unless somebody signs in.
    IdleNotice,
    /// The user accepted the author's terms after sign-up.
    TermsAcceptance,
    /// The operator made an invitation.
    Invitation,
    /// The operator withdrew an invitation.
    InvitationRevocation,
    /// The reader allowed a client to act for them.
    Consent,
    /// The reader withdrew that.
    ConsentWithdrawal,
    /// The operator registered a client.
    ClientRegistration,
    /// The operator gave a client a new secret, or had the previous one forgotten.
    ClientSecretChange,
    /// The operator removed a client.
    ClientRemoval,
}

impl EventKind {
    /// Every kind.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The name in the database and the log.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The outcome of an attempt over the rate limit.
pub(crate) const TOO_MANY: &str = "too-many-tries";

/// The outcome of an event that succeeded.
pub const DONE: &str = "done";

/// Writes the audit log.
#[derive(Debug, Clone)]
pub(crate) struct AuditLog {
    database: Database,
    ports: Ports,
}

impl AuditLog {
    pub(crate) const fn new(database: Database, ports: Ports) -> Self {
        Self { database, ports }
    }

    /// The record of a change, to be stored in the change's transaction.
    pub(crate) fn done(&self, kind: EventKind, user_id: &str, device: &ClientMetadata) -> AuditRecord {
        AuditRecord { event: self.event(kind, DONE, Some(user_id), device), mails: Vec::new() }
    }

    /// The record of a deletion, which names nobody.
    pub(crate) fn anonymous_deletion(&self) -> AuditRecord {
        let event = self.event(EventKind::Deletion, DONE, None, &ClientMetadata::default());
        AuditRecord { event, mails: Vec::new() }
    }

    /// Records an event in a transaction of its own, such as a refusal and its reason.
    pub(crate) async fn record_now(
        &self,
        kind: EventKind,
        outcome: &str,
        user_id: Option<&str>,
        device: &ClientMetadata,
    ) -> Result<(), InternalError> {
        let record = AuditRecord { event: self.event(kind, outcome, user_id, device), mails: Vec::new() };
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
        let non_empty = |text: &str| (!text.is_empty()).then(|| truncate_untrusted(text));
        AuditEvent {
            id: self.ports.random_uuid().to_string(),
            at: self.ports.clock.now(),
            kind: kind.name().to_owned(),
            outcome: outcome.to_owned(),
            user_id: user_id.map(str::to_owned),
            ip_address: non_empty(&device.ip_address),
            user_agent: non_empty(&device.user_agent),
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

/// Adds the mails that the change sends.
pub(crate) fn with_mails(
    mut record: AuditRecord,
    mails: impl IntoIterator<Item = QueuedMail>,
) -> AuditRecord {
    record.mails.extend(mails);
    record
}

/// Logs a record after its transaction was committed.
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
