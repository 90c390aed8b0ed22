//! Sign-up.

use contract::{Answers, Code, Email, Image, NewPassword, PersonName, Problem, Problems};
use storage::{Admission, CreateAccountOutcome, NewAccount, NewSession, Session, User};

use super::{Accounts, failures};
use crate::{ClientInfo, EventKind, InternalError, audit_log::with_mails, mail::MailRequest};

/// The command to create an account.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// May be empty.
    pub name: PersonName,
    /// The email address.
    pub email: Email,
    /// The password.
    pub password: NewPassword,
    /// The URL of a picture.
    pub image: Option<Image>,
    /// Answers to the background questions.
    pub answers: Answers,
    /// Whether the session outlives the browser window ("Keep me signed in").
    pub remember: bool,
    /// Where the verification link leads; the HTTP layer validates it.
    pub callback: String,
    /// The token of an invitation. Ignored where none is needed.
    pub invitation: Option<String>,
    /// Whether the author's terms are accepted. Ignored where the author asks for nothing.
    pub accepted_terms: bool,
    /// The version of the terms that was shown; without it, the current one.
    pub terms_version: Option<String>,
}

/// The outcome of a sign-up. Where verification is required it is the same for a taken address.
#[derive(Debug)]
pub struct SignedUp {
    /// The user; made up if the address is taken.
    pub user: User,
    /// The session; `None` where verification is required.
    pub session: Option<Session>,
}

/// Why a sign-up failed.
#[derive(Debug)]
pub enum SignUpError {
    /// The email address has an account.
    EmailTaken,
    /// The password is too weak.
    Refused(Problem),
    /// Nobody can sign up.
    Disabled,
    /// An invitation is needed.
    InvitationRequired,
    /// The invitation is unknown, used up, too old or for another address.
    InvalidInvitation,
    /// Accounts are for addresses of other domains.
    DomainNotAllowed,
    /// The current version of the author's terms was not accepted.
    TermsNotAccepted(Problem),
    /// The server failed.
    Failure(InternalError),
}

impl Accounts {
    /// Creates an account with a session, and mails a verification link.
    ///
    /// Whether the address may sign up at all is decided before anything about it is looked up, so that no refusal tells
    /// whether it has an account.
    ///
    /// Where verification is required there is no session, and a taken address gets the same outcome after the same work,
    /// with a made-up user. Its owner is notified by mail.
    ///
    /// # Errors
    /// [`SignUpError`]; then nothing is stored.
    #[tracing::instrument(name = "accounts.sign_up", level = "debug", skip_all)]
    pub async fn sign_up(&self, command: SignUp, visit: &ClientInfo) -> Result<SignedUp, SignUpError> {
        let invitation = self.admit(&command.email, command.invitation.as_deref(), visit).await?;
        let terms = self.rules.check_terms(command.accepted_terms, command.terms_version.as_deref());
        terms.map_err(SignUpError::TermsNotAccepted)?;
        let (email, name) = (command.email.as_str(), command.name.as_str());
        let about = [email, name, &self.rules.book];
        self.rules
            .passwords
            .check_strength(&command.password, "password", &about)
            .map_err(SignUpError::Refused)?;
        // Hashed before the address is looked at: a taken address costs the same time as a free one.
        let password_hash = self.ports.hasher.hash(command.password).await?;
        let now = self.ports.clock.now();
        let user = User {
            id: self.ports.random_uuid().to_string(),
            email: command.email.as_str().to_owned(),
            email_verified: false,
            name: command.name.as_str().to_owned(),
            image: command.image.map(|image| image.as_str().to_owned()),
            answers: command.answers,
            created_at: now,
            updated_at: now,
            ban: storage::Ban::default(),
        };
        let strict = self.rules.require_verified_email;
        let session = (!strict).then(|| self.sessions.new_session(&user.id, &visit.device, command.remember));
        let credential_id = self.ports.random_uuid().to_string();
        // Where the address has to be verified first, the password counts only if it is verified in the browser it was chosen
        // in: anybody can sign up with an address that is not theirs.
        let browser = visit.browser.as_ref().filter(|_| strict);
        let device = browser.map(|browser| browser.seen(&visit.device, now));
        let account = NewAccount { user, credential_id, password_hash: Some(password_hash), device };
        let request = MailRequest::VerifyEmail {
            email: account.user.email.clone(),
            callback: command.callback,
            device_id: visit.device_id(),
        };
        let opened =
            self.open_account(&account, invitation.as_deref(), session.as_ref(), request, visit).await?;
        match (opened, session) {
            (true, Some(session)) => {
                let opened = self.sessions.create_session_record(session, account.user).await;
                Ok(SignedUp { user: opened.user, session: Some(opened.session) })
            }
            (true, None) => Ok(SignedUp { user: account.user, session: None }),
            (false, Some(_)) => Err(SignUpError::EmailTaken),
            (false, None) => Ok(SignedUp { user: account.user, session: None }),
        }
    }

    /// Stores the account and what goes with it; `false` when the address is taken.
    async fn open_account(
        &self,
        account: &NewAccount,
        invitation: Option<&str>,
        session: Option<&Session>,
        request: MailRequest,
        visit: &ClientInfo,
    ) -> Result<bool, SignUpError> {
        let user = &account.user;
        let now = user.created_at;
        let device = visit.browser.as_ref().map(|browser| browser.seen(&visit.device, now));
        let replaced = visit.replaced();
        let opening = session.map(|session| NewSession {
            session,
            replaced: replaced.as_deref(),
            device: device.as_ref(),
        });
        let mail = self.mail.request(Some(&user.id), request);
        let record = with_mails(self.events.done(EventKind::SignUp, &user.id, &visit.device), mail);
        let terms = self.rules.terms_version.as_deref();
        let created =
            self.database.sign_up(account, Admission { invitation, terms }, opening.as_ref(), &record);
        match created.await? {
            CreateAccountOutcome::Created => {
                self.after_commit(&record);
                Ok(true)
            }
            CreateAccountOutcome::Taken => {
                self.note_taken(user, invitation, visit).await?;
                Ok(false)
            }
            CreateAccountOutcome::NotInvited => self.refuse(SignUpError::InvalidInvitation, visit).await,
        }
    }

    /// Records that an address was taken, about nobody. Where sign-up does not tell, its owner is told by mail, in one
    /// transaction like that of an account that is opened.
    ///
    /// There an invitation is used up, too: one that was not could be tried with one address after the other, until the first
    /// that is free.
    async fn note_taken(
        &self,
        user: &User,
        invitation: Option<&str>,
        visit: &ClientInfo,
    ) -> Result<(), SignUpError> {
        let attempt = MailRequest::SignUpAttempt { email: user.email.clone() };
        let silent = self.rules.require_verified_email;
        let mail = if silent { self.mail.request(None, attempt) } else { None };
        let mut record = with_mails(self.events.done(EventKind::SignUp, "", &visit.device), mail);
        (record.event.user_id, record.event.outcome) = (None, "email-taken".to_owned());
        match invitation.filter(|_| silent) {
            Some(id) => {
                if !self.database.spend_invitation(id, &user.email, &record).await? {
                    return self.refuse(SignUpError::InvalidInvitation, visit).await;
                }
            }
            None => self.database.record(&record).await?,
        }
        self.after_commit(&record);
        Ok(())
    }
}

failures!(SignUpError);

impl From<SignUpError> for Problems {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::EmailTaken => Problem::on(Code::UserAlreadyExists, "email").into(),
            SignUpError::Refused(problem) | SignUpError::TermsNotAccepted(problem) => problem.into(),
            SignUpError::Disabled => Problem::new(Code::SignUpDisabled).into(),
            SignUpError::InvitationRequired => Problem::new(Code::InvitationRequired).into(),
            SignUpError::InvalidInvitation => Problem::new(Code::InvalidInvitation).into(),
            SignUpError::DomainNotAllowed => Problem::on(Code::EmailDomainNotAllowed, "email").into(),
            SignUpError::Failure(failure) => failure.into(),
        }
    }
}
