//! Readers' accounts: from sign-up to deletion.

mod deletion;
mod email;
mod password;
mod profile;
mod recovery;
mod sign_in;
mod sign_up;

pub use deletion::{DeleteAccount, DeleteAccountError, DeleteAccountOutcome};
pub use email::{ChangeEmailError, EmailLinkKind, EmailLinkOutcome, SendVerificationError, VerifyEmailError};
pub use password::{ChangePassword, ChangePasswordError, CheckPasswordError, PasswordChanged};
pub use profile::{ProfileChange, UnlinkError, UpdateProfileError};
pub use recovery::{PasswordReset, RequestResetError, ResetPasswordError};
pub use sign_in::{SignIn, SignInError};
pub use sign_up::{SignUp, SignUpError, SignedUp};

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use contract::{PasswordAttempt, Questions};
use storage::{AuditRecord, Database, User};

use crate::{HashKind, InternalError, Limits, MailQueue, PasswordPolicy, Ports, Sessions, events::AuditLog};

/// What the operator has decided about accounts.
#[derive(Debug, Clone)]
pub struct AccountRules {
    /// Whether who has not proved the address stays outside. Then nothing tells whether an address is taken.
    pub require_verified_email: bool,
    /// Whether the reference's laxer habits are followed: changing the password leaves other sessions unless asked.
    pub reference_habits: bool,
    /// Which passwords are refused.
    pub passwords: PasswordPolicy,
    /// The name of the book, which is no password.
    pub book: String,
}

/// Opens accounts, lets readers in, keeps what opens them, and removes them.
#[derive(Debug)]
pub struct Accounts {
    database: Database,
    ports: Ports,
    questions: Arc<Questions>,
    sessions: Sessions,
    events: AuditLog,
    post: MailQueue,
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
        (post, limits): (MailQueue, Limits),
        rules: AccountRules,
    ) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        let hash_kinds = RwLock::default();
        Self { database, ports, questions, sessions, events, post, limits, rules, hash_kinds }
    }

    /// What the operator has decided.
    pub const fn rules(&self) -> &AccountRules {
        &self.rules
    }

    /// What happened to a reader's account lately, the latest first, at most fifty.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn events(&self, user: &User) -> Result<Vec<storage::AuditEvent>, InternalError> {
        Ok(self.database.events_of(&user.id, 50).await?)
    }

    /// Finds out which passwords are left that another system has hashed; from time to time, as they go one by one.
    pub(crate) async fn refresh_legacy_hash_kinds(&self) -> Result<(), InternalError> {
        let found = self.database.foreign_hashes().await?;
        let kinds = found.iter().map(|hash| HashKind::of(hash)).chain([HashKind::Argon2id]).collect();
        *self.hash_kinds.write().unwrap_or_else(PoisonError::into_inner) = kinds;
        Ok(())
    }

    /// Compares a password. A wrong one costs the same whoever's hash it was compared with, or nobody's: the work of
    /// every kind of hash that is stored is done.
    async fn compare(&self, attempt: &PasswordAttempt, hash: Option<&str>) -> Result<bool, InternalError> {
        let matches = self.ports.hasher.verify(attempt.clone(), hash.map(str::to_owned)).await?;
        if !matches {
            let verified = hash.map_or(HashKind::Argon2id, HashKind::of);
            let mut others = self.hash_kinds.read().unwrap_or_else(PoisonError::into_inner).clone();
            others.remove(&verified);
            for kind in others {
                // A busy hasher has told nothing, and the password was compared all the same.
                let _ = self.ports.hasher.dummy_verify(attempt.clone(), kind).await;
            }
        }
        Ok(matches)
    }

    /// Words a password of this reader must not be made of.
    fn about<'a>(&'a self, user: &'a User) -> [&'a str; 3] {
        [&user.email, &user.name, &self.rules.book]
    }

    /// After a change is stored: tells the log, and wakes who carries its mail.
    fn after_commit(&self, record: &AuditRecord) {
        crate::events::log(record);
        self.post.wake(record);
    }
}

/// Everything the services below can fail with converts alike.
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
