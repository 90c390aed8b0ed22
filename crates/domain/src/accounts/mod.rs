//! Accounts, from sign-up to deletion.

mod deletion;
mod email;
mod email_codes;
mod idle;
mod password;
mod password_attempts;
mod profile;
mod recovery;
mod sign_in;
mod sign_up;
mod sign_up_mode;
mod terms;

pub use deletion::{DeleteAccount, DeleteAccountError, DeleteAccountOutcome};
pub use email::{ChangeEmailError, EmailLinkKind, EmailLinkOutcome, SendVerificationError, VerifyEmailError};
pub use email_codes::VerifyCodeError;
pub use password::{ChangePassword, ChangePasswordError, CheckPasswordError, PasswordChanged};
pub use profile::{ProfileChange, UnlinkError, UpdateProfileError};
pub use recovery::{PasswordReset, RequestResetError, ResetPasswordError};
pub use sign_in::{SignIn, SignInError};
pub use sign_up::{SignUp, SignUpError, SignedUp};
pub use sign_up_mode::SignUpMode;
pub use terms::AcceptTermsError;

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use contract::{PasswordAttempt, Questions};
use storage::{AuditRecord, Database, User};

use crate::{
    HashKind, InternalError, Limits, MailQueue, PasswordPolicy, Ports, Sessions, audit_log::AuditLog,
};

/// Rules of accounts, configured by the operator.
#[derive(Debug, Clone)]
pub struct AccountRules {
    /// Who may open an account.
    pub sign_up: SignUpMode,
    /// The version of the author's terms that users have to accept, where the author asks for it.
    pub terms_version: Option<String>,
    /// Whether users must verify their address before they can sign in. Then nothing reveals whether an address is taken.
    pub require_verified_email: bool,
    /// Compatibility mode with Better Auth: a password change keeps other sessions unless requested otherwise.
    pub reference_habits: bool,
    /// The strength of new passwords.
    pub passwords: PasswordPolicy,
    /// The name of the book, which passwords must not be made of.
    pub book: String,
}

/// Accounts: sign-up, sign-in, passwords, email addresses, profiles, deletion.
#[derive(Debug)]
pub struct Accounts {
    database: Database,
    ports: Ports,
    questions: Arc<Questions>,
    sessions: Sessions,
    events: AuditLog,
    mail: MailQueue,
    limits: Limits,
    rules: AccountRules,
    hash_kinds: RwLock<BTreeSet<HashKind>>,
}

impl Accounts {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        questions: Arc<Questions>,
        sessions: Sessions,
        (mail, limits): (MailQueue, Limits),
        rules: AccountRules,
    ) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        let hash_kinds = RwLock::default();
        Self { database, ports, questions, sessions, events, mail, limits, rules, hash_kinds }
    }

    /// The configured rules.
    pub const fn rules(&self) -> &AccountRules {
        &self.rules
    }

    /// The latest fifty audit events of an account, the latest first.
    #[tracing::instrument(name = "accounts.events", level = "debug", skip_all)]
    pub async fn events(&self, user: &User) -> Result<Vec<storage::AuditEvent>, InternalError> {
        Ok(self.database.events_of(&user.id, 50).await?)
    }

    /// Finds out which kinds of imported password hashes are left. They become fewer, so this runs periodically.
    pub(crate) async fn refresh_legacy_hash_kinds(&self) -> Result<(), InternalError> {
        let found = self.database.foreign_hashes().await?;
        let kinds = found.iter().map(|hash| HashKind::of(hash)).chain([HashKind::Argon2id]).collect();
        *self.hash_kinds.write().unwrap_or_else(PoisonError::into_inner) = kinds;
        Ok(())
    }

    /// Verifies a password. A wrong one takes the same time for every account, existing or not, because a dummy hash of
    /// every other stored kind is computed.
    async fn compare(&self, attempt: &PasswordAttempt, hash: Option<&str>) -> Result<bool, InternalError> {
        let matches = self.verify(attempt, hash).await?;
        if !matches {
            let verified = hash.map_or(HashKind::Argon2id, HashKind::of);
            let (mut others, typed) = (self.stored_hash_kinds(), self.typed_attempt(attempt));
            others.remove(&verified);
            for kind in others {
                // The password was verified, so a busy hasher is no failure here.
                let _ = self.ports.hasher.dummy_verify(attempt.clone(), kind).await;
                if let Some(typed) = &typed {
                    let _ = self.ports.hasher.dummy_verify(typed.clone(), kind).await;
                }
            }
        }
        Ok(matches)
    }

    /// Verifies a password as it is normalised, then as it was typed.
    async fn verify(&self, attempt: &PasswordAttempt, hash: Option<&str>) -> Result<bool, InternalError> {
        let hash = hash.map(str::to_owned);
        if self.ports.hasher.verify(attempt.clone(), hash.clone()).await? {
            return Ok(true);
        }
        match self.typed_attempt(attempt) {
            // A busy hasher is no failure any more: it would hand back an attempt that was a guess.
            Some(typed) => Ok(self.ports.hasher.verify(typed, hash).await.unwrap_or_default()),
            None => Ok(false),
        }
    }

    /// The attempt as it was typed, if that differs and hashes of other systems are stored: they may have hashed it so, while
    /// ours are of normalised passwords.
    fn typed_attempt(&self, attempt: &PasswordAttempt) -> Option<PasswordAttempt> {
        let foreign = |kind: &HashKind| *kind != HashKind::Argon2id;
        attempt.as_typed().filter(|_| self.stored_hash_kinds().iter().any(foreign))
    }

    fn stored_hash_kinds(&self) -> BTreeSet<HashKind> {
        self.hash_kinds.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Texts that a password of this user must not be made of.
    fn about<'a>(&'a self, user: &'a User) -> [&'a str; 3] {
        [&user.email, &user.name, &self.rules.book]
    }

    /// Logs a committed change, and wakes the mail worker for its mails.
    fn after_commit(&self, record: &AuditRecord) {
        crate::audit_log::log(record);
        self.mail.wake(record);
    }
}

/// Converts internal failures into each service error.
macro_rules! failures {
    ($($error:ident),*) => {$(
        impl<E: Into<crate::InternalError>> From<E> for $error {
            fn from(error: E) -> Self {
                Self::Failure(error.into())
            }
        }
    )*};
}
use failures;
