//! The queue of mail.
//!
//! A request only notes what a mail is to be about; who gets it, and with which link, is found out when the mail is
//! written, in the background. So a request for an address that has an account does the same work as one for an address
//! that has none, and no mail server, slow or dead, is waited for.

use std::{sync::Arc, time::Duration};

use contract::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{AuditRecord, Database, QueuedMail};
use tokio::sync::Notify;

use super::{MailBranding, MailMessage, MailTemplate, compose::MailRequest};
use crate::{Encrypted, InternalError, Limits, MailerError, Ports, Secret, events::AuditLog};

/// The kind of notice that a stranger can cause at a proved address too.
const SIGN_UP_ATTEMPT: &str = "sign-up-attempt";
/// Purpose under which queued mail is sealed.
const PURPOSE: &str = "mail";
/// Seconds a carrier has for one mail before another takes it.
const CLAIM: i64 = 120;
/// Seconds after which a mail that could not be sent is given up.
const GIVE_UP: i64 = 3 * 86_400;
/// Seconds until the next try after the first, second, ... failure; the last counts for all that follow.
const PAUSES: [i64; 5] = [15, 60, 300, 1200, 3600];

/// Queues mail and delivers it.
#[derive(Debug, Clone)]
pub struct MailQueue {
    pub(super) database: Database,
    pub(super) ports: Ports,
    secret: Arc<Secret>,
    pub(super) letterhead: Arc<MailBranding>,
    pub(super) limits: Limits,
    pub(super) events: AuditLog,
    queued: Arc<Notify>,
}

/// What waits in the queue.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum QueueItem {
    /// A mail.
    Letter(MailMessage),
    /// What a mail is to be about.
    Request(MailRequest),
}

/// What a round of delivery came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// One has been seen to; there may be more.
    One,
    /// Nothing is due now; the next mail is, at this moment.
    UpTo(Option<Timestamp>),
    /// The mail server takes nothing at the moment.
    Stuck,
}

impl MailQueue {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        letterhead: MailBranding,
        limits: Limits,
    ) -> Self {
        let letterhead = Arc::new(letterhead);
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, secret, letterhead, limits, events, queued: Arc::default() }
    }

    /// Whether mail can be sent at all.
    pub fn is_enabled(&self) -> bool {
        self.ports.mailer.is_some()
    }

    /// A notice to a reader, ready to be stored with what it is about. It goes away with its reader, unless `user_id`
    /// is `None`.
    pub(crate) fn notice(
        &self,
        user_id: Option<&str>,
        to: &str,
        occasion: &MailTemplate,
    ) -> Option<QueuedMail> {
        self.ports.mailer.as_ref()?;
        let id = self.ports.random_uuid().to_string();
        let letter = self.letterhead.letter(id.clone(), to, occasion, self.ports.clock.now());
        self.seal(id, user_id, &QueueItem::Letter(letter))
    }

    /// A mail that is still to be written, ready to be stored.
    pub(crate) fn request(&self, user_id: Option<&str>, request: MailRequest) -> Option<QueuedMail> {
        self.ports.mailer.as_ref()?;
        let id = self.ports.random_uuid().to_string();
        self.seal(id, user_id, &QueueItem::Request(request))
    }

    pub(super) fn seal(&self, id: String, user_id: Option<&str>, envelope: &QueueItem) -> Option<QueuedMail> {
        let now = self.ports.clock.now();
        let plain = serde_json::to_vec(envelope).ok()?;
        let sealed = self.secret.seal(PURPOSE, &id, &plain, self.ports.entropy.as_ref())?;
        let user_id = user_id.map(str::to_owned);
        Some(QueuedMail { id, user_id, sealed: sealed.0, created_at: now, due_at: now, attempts: 0 })
    }

    /// Wakes the carriers, after what was queued is stored.
    pub(crate) fn wake(&self, record: &AuditRecord) {
        if !record.mails.is_empty() {
            self.wake_up();
        }
    }

    /// Wakes a carrier.
    pub(crate) fn wake_up(&self) {
        self.queued.notify_one();
    }

    /// Ends when mail has been queued in this process, or after `longest`.
    pub async fn wait(&self, longest: Duration) {
        let _ = tokio::time::timeout(longest, self.queued.notified()).await;
    }

    /// Queues mail by itself.
    pub(crate) async fn queue(&self, mail: &QueuedMail) -> Result<(), InternalError> {
        self.database.queue_mail(mail).await?;
        self.wake_up();
        Ok(())
    }

    /// Delivers what is due, one after the other, until nothing is or the mail server takes nothing.
    ///
    /// # Errors
    /// [`InternalError`] of the database; what was not delivered is due again a little later.
    #[tracing::instrument(name = "mail.deliver", level = "debug", skip_all)]
    pub async fn deliver(&self) -> Result<DeliveryOutcome, InternalError> {
        loop {
            match self.deliver_next().await? {
                DeliveryOutcome::One => {}
                end => return Ok(end),
            }
        }
    }

    /// Delivers the mail that has been due longest, or writes the one that was asked for longest ago.
    ///
    /// # Errors
    /// As [`MailQueue::deliver`].
    #[tracing::instrument(name = "mail.deliver_next", level = "debug", skip_all)]
    pub async fn deliver_next(&self) -> Result<DeliveryOutcome, InternalError> {
        let now = self.ports.clock.now();
        let Some(mail) = self.database.claim_mail(now, now.plus_seconds(CLAIM)).await? else {
            let next = self.database.next_mail_due().await?;
            // Another carrier may have been faster at the one that was due.
            let missed = next.is_some_and(|due| due <= now);
            return Ok(if missed { DeliveryOutcome::One } else { DeliveryOutcome::UpTo(next) });
        };
        self.process(&mail).await
    }

    async fn process(&self, mail: &QueuedMail) -> Result<DeliveryOutcome, InternalError> {
        let opened = self.secret.open(PURPOSE, &mail.id, &Encrypted(mail.sealed.clone()));
        let envelope = opened.and_then(|plain| serde_json::from_slice::<QueueItem>(&plain).ok());
        match envelope {
            Some(QueueItem::Request(request)) => {
                self.write(mail, &request).await?;
                Ok(DeliveryOutcome::One)
            }
            Some(QueueItem::Letter(letter)) => self.send(mail, &letter).await,
            None => {
                tracing::warn!(mail = %mail.id, "a mail was queued under another secret; it is dropped");
                self.database.remove_mail(&mail.id).await?;
                Ok(DeliveryOutcome::One)
            }
        }
    }

    /// Whether a notice may go out. Who has proved an address hears of everything; one that was never proved may be a
    /// stranger's, who did not ask for any of it. Mail with a link was counted when it was written.
    async fn may_notify(&self, mail: &QueuedMail, letter: &MailMessage) -> Result<bool, InternalError> {
        if letter.link.is_some() || mail.attempts > 1 {
            return Ok(true);
        }
        if let Some(user_id) = &mail.user_id
            && letter.kind != SIGN_UP_ATTEMPT
            && self.database.find_user(user_id).await?.is_some_and(|user| user.email_verified)
        {
            return Ok(true);
        }
        self.may_write_to(&letter.kind, &letter.to).await
    }

    async fn send(&self, mail: &QueuedMail, letter: &MailMessage) -> Result<DeliveryOutcome, InternalError> {
        let Some(mailer) = &self.ports.mailer else { return Ok(DeliveryOutcome::Stuck) };
        if !self.may_notify(mail, letter).await? {
            tracing::info!(mail = %mail.id, kind = %letter.kind, "enough of these for now; dropped");
            self.database.remove_mail(&mail.id).await?;
            return Ok(DeliveryOutcome::One);
        }
        let outcome = mailer.send(letter).await;
        let now = self.ports.clock.now();
        match outcome {
            Ok(()) => {
                tracing::info!(mail = %mail.id, kind = %letter.kind, "mail sent");
                self.database.remove_mail(&mail.id).await?;
                Ok(DeliveryOutcome::One)
            }
            Err(MailerError::Final(why)) => {
                tracing::warn!(mail = %mail.id, kind = %letter.kind, why, "mail refused for good");
                self.database.remove_mail(&mail.id).await?;
                Ok(DeliveryOutcome::One)
            }
            Err(MailerError::Passing(why)) if now.seconds_since(mail.created_at) >= GIVE_UP => {
                tracing::error!(mail = %mail.id, kind = %letter.kind, why, "mail given up");
                self.database.remove_mail(&mail.id).await?;
                Ok(DeliveryOutcome::One)
            }
            Err(MailerError::Passing(why)) => {
                let pause = pause(mail.attempts);
                tracing::warn!(mail = %mail.id, kind = %letter.kind, why, pause, "mail not taken yet");
                self.database.postpone_mail(&mail.id, now.plus_seconds(pause)).await?;
                Ok(DeliveryOutcome::Stuck)
            }
        }
    }
}

/// Seconds until the next try after so many.
fn pause(attempts: i64) -> i64 {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    PAUSES.get(at).or(PAUSES.last()).copied().unwrap_or(CLAIM)
}
