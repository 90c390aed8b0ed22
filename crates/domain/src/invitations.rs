//! Invitations to sign up, made by the operator.

use contract::{Email, Timestamp, routes};
use storage::{Database, Invitation};

use crate::{
    ClientMetadata, EventKind, InternalError, Link, MailQueue, MailTemplate, Ports, SignUpMode,
    audit_log::{self, AuditLog, with_mails},
    mail::{link_id, new_token},
};

/// Makes, lists and withdraws invitations.
#[derive(Debug)]
pub struct Invitations {
    database: Database,
    ports: Ports,
    events: AuditLog,
    mail: MailQueue,
    mode: SignUpMode,
}

/// An invitation to make.
#[derive(Debug, Clone)]
pub struct NewInvitation {
    /// The only address it is for; `None` for any.
    pub email: Option<Email>,
    /// How many accounts it opens, at least one. One for an address opens one.
    pub uses: u32,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whether the link is mailed to the address, where mail can be sent.
    pub by_mail: bool,
}

/// An invitation that was made.
#[derive(Debug, Clone)]
pub struct Invited {
    /// The invitation, as it is stored.
    pub invitation: Invitation,
    /// The link that signs up with it. It cannot be shown again.
    pub link: Link,
    /// Whether the link is on its way by mail.
    pub is_mailed: bool,
}

/// Why an invitation was not made or withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// Everybody can sign up.
    #[error("anybody can sign up here, so nobody needs an invitation: set BOOKPLATE_SIGN_UP=invite first")]
    NotNeeded,
    /// Nobody can sign up.
    #[error("nobody can sign up here, not with an invitation either: set BOOKPLATE_SIGN_UP=invite first")]
    Closed,
    /// The address has an account.
    #[error("this address has an account already")]
    EmailTaken,
    /// It would never be valid.
    #[error("an invitation cannot end in the past")]
    Expired,
    /// No invitation has this id or address.
    #[error("no invitation has this address or id")]
    Unknown,
    /// Several have an id that begins so.
    #[error("several invitations have an id that begins so; give more of it")]
    Ambiguous,
    /// The server failed.
    #[error(transparent)]
    Failure(InternalError),
}

/// The fewest characters of an id that name an invitation.
const SHORTEST_ID: usize = 6;

impl Invitations {
    pub(crate) fn new(database: Database, ports: Ports, mail: MailQueue, mode: SignUpMode) -> Self {
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, events, mail, mode }
    }

    /// Makes an invitation. It replaces an earlier one for the same address.
    ///
    /// # Errors
    /// [`InviteError`], where it could not be used.
    #[tracing::instrument(name = "invitations.create", level = "debug", skip_all)]
    pub async fn create(&self, new: NewInvitation) -> Result<Invited, InviteError> {
        match self.mode {
            SignUpMode::Open => return Err(InviteError::NotNeeded),
            SignUpMode::Closed => return Err(InviteError::Closed),
            SignUpMode::Invite | SignUpMode::Domains(_) => {}
        }
        let now = self.ports.clock.now();
        if new.expires_at <= now {
            return Err(InviteError::Expired);
        }
        let email = new.email.as_ref().map(|email| email.as_str().to_owned());
        if let Some(email) = &email
            && self.database.find_user_by_email(email).await?.is_some()
        {
            return Err(InviteError::EmailTaken);
        }
        let token = new_token(&self.ports);
        let url = format!("{}{}?token={token}", self.mail.origin(), routes::SIGN_UP);
        let link = Link { url, token, code: None };
        let invitation = Invitation {
            id: link_id(&link.token),
            uses_left: if email.is_some() { 1 } else { i64::from(new.uses.max(1)) },
            email,
            created_at: now,
            expires_at: new.expires_at,
        };
        let mail = invitation.email.as_ref().filter(|_| new.by_mail).and_then(|email| {
            let template = MailTemplate::Invitation { link: link.clone(), expires_at: new.expires_at };
            self.mail.notice(None, email, &template)
        });
        let record = self.events.done(EventKind::Invitation, "", &ClientMetadata::default());
        let mut record = with_mails(record, mail);
        record.event.user_id = None;
        self.database.add_invitation(&invitation, &record).await?;
        audit_log::log(&record);
        self.mail.wake(&record);
        Ok(Invited { invitation, link, is_mailed: !record.mails.is_empty() })
    }

    /// Invitations that can still be used, the oldest first.
    #[tracing::instrument(name = "invitations.list", level = "debug", skip_all)]
    pub async fn list(&self) -> Result<Vec<Invitation>, InternalError> {
        Ok(self.database.invitations(self.ports.clock.now()).await?)
    }

    /// Withdraws the invitation with this address, or whose id begins so.
    ///
    /// # Errors
    /// [`InviteError::Unknown`], [`InviteError::Ambiguous`].
    #[tracing::instrument(name = "invitations.revoke", level = "debug", skip_all)]
    pub async fn revoke(&self, address_or_id: &str) -> Result<Invitation, InviteError> {
        let email = Email::parse(address_or_id).ok();
        let named = |invitation: &Invitation| match &email {
            Some(email) => invitation.email.as_deref() == Some(email.as_str()),
            None => address_or_id.len() >= SHORTEST_ID && invitation.id.starts_with(address_or_id),
        };
        let mut found = self.list().await?.into_iter().filter(named);
        let invitation = found.next().ok_or(InviteError::Unknown)?;
        if found.next().is_some() {
            return Err(InviteError::Ambiguous);
        }
        let mut record = self.events.done(EventKind::InvitationRevocation, "", &ClientMetadata::default());
        record.event.user_id = None;
        if !self.database.remove_invitation(&invitation.id, &record).await? {
            return Err(InviteError::Unknown);
        }
        audit_log::log(&record);
        Ok(invitation)
    }

    /// The invitation with this token, while it can be used.
    #[tracing::instrument(name = "invitations.find", level = "debug", skip_all)]
    pub async fn find(&self, token: &str) -> Result<Option<Invitation>, InternalError> {
        let found = self.database.find_invitation(&link_id(token)).await?;
        Ok(found.filter(|invitation| invitation.expires_at > self.ports.clock.now()))
    }
}

impl<E: Into<InternalError>> From<E> for InviteError {
    fn from(error: E) -> Self {
        Self::Failure(error.into())
    }
}
