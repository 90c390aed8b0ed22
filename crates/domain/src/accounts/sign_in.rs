//! Sign-in.

use contract::{Code, Email, PasswordAttempt, Problem, Problems};
use storage::{Credentials, NewSession, SignedIn, User};

use super::{
    Accounts, failures,
    password_attempts::{AttemptError, AttemptSubject},
};
use crate::{
    ClientInfo, EventKind, InternalError, MailTemplate,
    audit_log::{TOO_MANY, with_mails},
    mail::MailRequest,
    user_agent::describe_device,
};

/// The command to sign in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// The account's email address.
    pub email: Email,
    /// The password.
    pub password: PasswordAttempt,
    /// Whether the session outlives the browser window ("Keep me signed in").
    pub remember: bool,
    /// Where a verification link leads that is mailed because the address is unverified.
    pub callback: String,
}

/// Why a sign-in failed.
#[derive(Debug)]
pub enum SignInError {
    /// The address has no account or the password is wrong; which of the two is not revealed.
    WrongCredentials,
    /// The password is right, but the address is unverified. A verification link was mailed.
    EmailNotVerified,
    /// The password is right, but the account is banned.
    Banned,
    /// Too many attempts at this account.
    TooMany {
        /// Seconds until the next attempt.
        retry_after: u32,
    },
    /// The server failed.
    Failure(InternalError),
}

impl Accounts {
    /// Signs a user in and opens a session. An unknown address and a wrong password take the same time and fail alike.
    #[tracing::instrument(name = "accounts.sign_in", level = "debug", skip_all)]
    pub async fn sign_in(&self, command: SignIn, visit: &ClientInfo) -> Result<SignedIn, SignInError> {
        let device_id = visit.browser.as_ref().map(crate::DeviceId::stored_name);
        // A password that is changed while it is verified is verified once more.
        for _ in 0..2 {
            let email = command.email.as_str();
            let found = self.database.find_credentials(email, device_id.as_deref()).await?;
            let subject = AttemptSubject::sign_in(email, found.as_ref(), device_id.as_deref());
            let hash = found.as_ref().map(|credentials| credentials.password_hash.as_str());
            let matches = match self.verify_attempt(&subject, &command.password, hash).await {
                Ok(matches) => matches,
                Err(AttemptError::TooMany { retry_after }) => {
                    let known = found.as_ref().map(|credentials| credentials.user.id.as_str());
                    self.events.record_now(EventKind::SignIn, TOO_MANY, known, &visit.device).await?;
                    return Err(SignInError::TooMany { retry_after });
                }
                Err(AttemptError::Failure(failure)) => return Err(failure.into()),
            };
            let Some(credentials) = found.as_ref().filter(|_| matches) else {
                let known = found.as_ref().map(|credentials| credentials.user.id.as_str());
                self.events.record_now(EventKind::SignIn, "wrong-credentials", known, &visit.device).await?;
                return Err(SignInError::WrongCredentials);
            };
            self.check_may_sign_in(&credentials.user, &command, visit).await?;
            if let Some(signed_in) = self.open_session(credentials, &command, visit).await? {
                return Ok(signed_in);
            }
        }
        Err(SignInError::WrongCredentials)
    }

    /// Whether the user may sign in, after the password was verified.
    async fn check_may_sign_in(
        &self,
        user: &User,
        command: &SignIn,
        visit: &ClientInfo,
    ) -> Result<(), SignInError> {
        if user.ban.holds(self.ports.clock.now()) {
            self.events.record_now(EventKind::SignIn, "banned", Some(&user.id), &visit.device).await?;
            return Err(SignInError::Banned);
        }
        if self.rules.require_verified_email && !user.email_verified {
            let request = MailRequest::VerifyEmail {
                email: user.email.clone(),
                callback: command.callback.clone(),
                device_id: visit.device_id(),
            };
            let mail = self.mail.request(Some(&user.id), request);
            let mut record = with_mails(self.events.done(EventKind::SignIn, &user.id, &visit.device), mail);
            record.event.outcome = "email-not-verified".to_owned();
            let device = visit.browser.as_ref().map(|browser| browser.seen(&visit.device, self.events.now()));
            self.database.touch_unverified(&user.id, self.events.now(), device.as_ref(), &record).await?;
            self.after_commit(&record);
            return Err(SignInError::EmailNotVerified);
        }
        Ok(())
    }

    /// Opens the session; `None` when the password was changed since it was verified.
    async fn open_session(
        &self,
        credentials: &Credentials,
        command: &SignIn,
        visit: &ClientInfo,
    ) -> Result<Option<SignedIn>, SignInError> {
        let Credentials { user, password_hash, device_known } = credentials;
        // If the hasher is busy, the hash is renewed at the next sign-in.
        let rehashed =
            self.ports.hasher.renew(command.password.clone(), password_hash).await.unwrap_or_default();
        let session = self.sessions.new_session(&user.id, &visit.device, command.remember);
        let device = visit.browser.as_ref().map(|browser| browser.seen(&visit.device, session.created_at));
        let replaced = visit.replaced();
        let new_session =
            NewSession { session: &session, replaced: replaced.as_deref(), device: device.as_ref() };
        let notice = if *device_known { None } else { self.new_device_notice(user, visit) };
        let record = with_mails(self.events.done(EventKind::SignIn, &user.id, &visit.device), notice);
        if !self.database.open_session(&new_session, password_hash, rehashed.as_deref(), &record).await? {
            return Ok(None);
        }
        self.after_commit(&record);
        Ok(Some(self.sessions.create_session_record(session, user.clone()).await))
    }

    fn new_device_notice(&self, user: &User, visit: &ClientInfo) -> Option<storage::QueuedMail> {
        let device = describe_device(&visit.device.user_agent);
        let template = MailTemplate::NewDevice { device, ip_address: visit.device.ip_address.clone() };
        self.mail.notice(Some(&user.id), &user.email, &template)
    }
}

failures!(SignInError);

impl From<SignInError> for Problems {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::WrongCredentials => Problem::new(Code::InvalidEmailOrPassword).into(),
            SignInError::EmailNotVerified => Problem::new(Code::EmailNotVerified).into(),
            SignInError::Banned => Problem::new(Code::BannedUser).into(),
            SignInError::TooMany { retry_after } => {
                Problem::retry_in(Code::TooManyRequests, retry_after).into()
            }
            SignInError::Failure(failure) => failure.into(),
        }
    }
}
