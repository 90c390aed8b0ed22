//! The mail queue.
//!
//! A request only queues what is asked for; the recipient and the link are looked up when the mail is composed, in the
//! background. So a request for an address that has an account does the same work as one for an address that has none, and
//! no mail server, slow or dead, is waited for.

use std::{sync::Arc, time::Duration};

use contract::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{AuditRecord, Database, QueuedMail};
use tokio::{sync::Notify, time::timeout};

use super::{MailBranding, MailMessage, MailTemplate, request::MailRequest};
use crate::{Encrypted, InternalError, Limits, MailerError, Ports, Secret, audit_log::AuditLog};

/// The kind of notice that a stranger can cause at a verified address too.
const SIGN_UP_ATTEMPT: &str = "sign-up-attempt";
/// The purpose under which queued mail is encrypted.
const PURPOSE: &str = "mail";
/// Seconds a worker has for one mail before another takes it.
const CLAIM: i64 = 120;
/// Seconds after which a mail that could not be sent is given up.
const GIVE_UP: i64 = 3 * 86_400;
/// Seconds until the next attempt after the first, second, ... failure; the last for all that follow.
const RETRY_AFTER: [i64; 5] = [15, 60, 300, 1200, 3600];
/// The longest pause that a mail server may ask for, in seconds.
const MAX_RETRY_AFTER: i64 = 86_400;

/// Queues mail and delivers it.
#[derive(Debug, Clone)]
pub struct MailQueue {
    pub(super) database: Database,
    pub(super) ports: Ports,
    pub(super) secret: Arc<Secret>,
    pub(super) branding: Arc<MailBranding>,
    pub(super) limits: Limits,
    pub(super) events: AuditLog,
    queued: Arc<Notify>,
}

/// An item of the queue, stored encrypted.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum QueueItem {
    /// A composed mail. Older versions called it a message.
    #[serde(alias = "Letter")]
    Message(MailMessage),
    /// A mail to be composed.
    Request(MailRequest),
}

/// The outcome of a round of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// One item was processed; there may be more.
    One,
    /// Nothing is due now; the next item is due at this moment.
    UpTo(Option<Timestamp>),
    /// The mail server accepts nothing at the moment.
    Stuck,
}

impl MailQueue {
    pub(crate) fn new(
        database: Database,
        ports: Ports,
        secret: Arc<Secret>,
        branding: MailBranding,
        limits: Limits,
    ) -> Self {
        let branding = Arc::new(branding);
        let events = AuditLog::new(database.clone(), ports.clone());
        Self { database, ports, secret, branding, limits, events, queued: Arc::default() }
    }

    /// The public origin, for links.
    pub(crate) fn origin(&self) -> &str {
        &self.branding.origin
    }

    /// Whether mail can be sent at all.
    pub fn is_enabled(&self) -> bool {
        self.ports.mailer.is_some()
    }

    /// A notice, encrypted, to be stored in the transaction of the change it reports. It is deleted with its user, unless
    /// `user_id` is `None`.
    pub(crate) fn notice(
        &self,
        user_id: Option<&str>,
        to: &str,
        template: &MailTemplate,
    ) -> Option<QueuedMail> {
        self.ports.mailer.as_ref()?;
        let id = self.ports.random_uuid().to_string();
        let message = self.branding.render(id.clone(), to, template, self.ports.clock.now()).ok()?;
        self.seal(id, user_id, &QueueItem::Message(message))
    }

    /// A mail to be composed, encrypted, to be stored.
    pub(crate) fn request(&self, user_id: Option<&str>, request: MailRequest) -> Option<QueuedMail> {
        self.ports.mailer.as_ref()?;
        let id = self.ports.random_uuid().to_string();
        self.seal(id, user_id, &QueueItem::Request(request))
    }

    pub(super) fn seal(&self, id: String, user_id: Option<&str>, item: &QueueItem) -> Option<QueuedMail> {
        let now = self.ports.clock.now();
        let plain = serde_json::to_vec(item).ok()?;
        let sealed = self.secret.seal(PURPOSE, &id, &plain, self.ports.entropy.as_ref())?;
        let user_id = user_id.map(str::to_owned);
        Some(QueuedMail { id, user_id, sealed: sealed.0, created_at: now, due_at: now, attempts: 0 })
    }

    /// Wakes a worker, after the record and its mails are stored.
    pub(crate) fn wake(&self, record: &AuditRecord) {
        if !record.mails.is_empty() {
            self.wake_up();
        }
    }

    /// Wakes a worker; when none waits, the next that does.
    pub(crate) fn wake_up(&self) {
        self.queued.notify_one();
    }

    /// Waits until mail has been queued in this process, or another one has told of some. Each call to wake ends one wait.
    pub async fn queued(&self) {
        self.queued.notified().await;
    }

    /// How long until a moment, by the clock of the queue.
    pub fn until(&self, due: Timestamp) -> Duration {
        let millis = due.millis().saturating_sub(self.ports.clock.now().millis());
        Duration::from_millis(u64::try_from(millis).unwrap_or_default())
    }

    /// Delivers the mail that a process without workers has queued before it ends, for at most `longest`; `false` when some
    /// is left. Then the processes that serve are told; one that does not listen finds it when it is next used.
    ///
    /// # Errors
    /// As [`MailQueue::deliver`].
    #[tracing::instrument(name = "mail.deliver_before_exit", level = "debug", skip_all)]
    pub async fn deliver_before_exit(&self, longest: Duration) -> Result<bool, InternalError> {
        let is_queued = timeout(Duration::ZERO, self.queued()).await.is_ok();
        if !is_queued {
            return Ok(true);
        }
        if let Ok(outcome) = timeout(longest, self.deliver()).await
            && outcome? == DeliveryOutcome::UpTo(None)
        {
            return Ok(true);
        }
        self.database.notify_mail().await?;
        Ok(false)
    }

    /// Queues mail by itself.
    pub(crate) async fn queue(&self, mail: &QueuedMail) -> Result<(), InternalError> {
        self.database.queue_mail(mail).await?;
        self.wake_up();
        Ok(())
    }

    /// Delivers what is due, one after the other, until nothing is or the mail server accepts nothing.
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

    /// Processes the item that has been due longest: composes a mail, or sends it.
    ///
    /// # Errors
    /// As [`MailQueue::deliver`].
    #[tracing::instrument(name = "mail.deliver_next", level = "debug", skip_all)]
    pub async fn deliver_next(&self) -> Result<DeliveryOutcome, InternalError> {
        let now = self.ports.clock.now();
        let Some(mail) = self.database.claim_mail(now, now.plus_seconds(CLAIM)).await? else {
            let next = self.database.next_mail_due().await?;
            // Another worker may have been faster at the one that was due.
            let missed = next.is_some_and(|due| due <= now);
            return Ok(if missed { DeliveryOutcome::One } else { DeliveryOutcome::UpTo(next) });
        };
        self.process(&mail).await
    }

    async fn process(&self, mail: &QueuedMail) -> Result<DeliveryOutcome, InternalError> {
        let opened = self.secret.open(PURPOSE, &mail.id, &Encrypted(mail.sealed.clone()));
        let item = opened.and_then(|plain| serde_json::from_slice::<QueueItem>(&plain).ok());
        match item {
            Some(QueueItem::Request(request)) => {
                self.compose(mail, &request).await?;
                Ok(DeliveryOutcome::One)
            }
            Some(QueueItem::Message(message)) => self.send(mail, &message).await,
            None => {
                tracing::warn!(mail = %mail.id, "a mail was queued under another secret; it is dropped");
                self.database.remove_mail(&mail.id).await?;
                Ok(DeliveryOutcome::One)
            }
        }
    }

    /// Whether a notice may be sent. A verified address gets every notice; one that was never verified may be a stranger's,
    /// who did not ask for any, so it is rate limited. Mail with a link was counted when it was composed.
    async fn may_notify(&self, mail: &QueuedMail, message: &MailMessage) -> Result<bool, InternalError> {
        if message.link.is_some() || mail.attempts > 1 {
            return Ok(true);
        }
        if let Some(user_id) = &mail.user_id
            && message.kind != SIGN_UP_ATTEMPT
            && self.database.find_user(user_id).await?.is_some_and(|user| user.email_verified)
        {
            return Ok(true);
        }
        self.may_send_to(&message.kind, &message.to).await
    }

    async fn send(&self, mail: &QueuedMail, message: &MailMessage) -> Result<DeliveryOutcome, InternalError> {
        let Some(mailer) = &self.ports.mailer else { return Ok(DeliveryOutcome::Stuck) };
        if !self.may_notify(mail, message).await? {
            tracing::info!(mail = %mail.id, kind = %message.kind, "enough of these for now; dropped");
            self.database.remove_mail(&mail.id).await?;
            return Ok(DeliveryOutcome::One);
        }
        match mailer.send(message).await {
            Ok(()) => {
                tracing::info!(mail = %mail.id, kind = %message.kind, "mail sent");
                self.database.remove_mail(&mail.id).await?;
                Ok(DeliveryOutcome::One)
            }
            Err(MailerError::Final(why)) => {
                tracing::warn!(mail = %mail.id, kind = %message.kind, why, "mail refused for good");
                self.database.remove_mail(&mail.id).await?;
                Ok(DeliveryOutcome::One)
            }
            Err(MailerError::Passing(why)) => self.postpone(mail, message, &why, 0).await,
            Err(MailerError::RetryAfter(why, seconds)) => self.postpone(mail, message, &why, seconds).await,
        }
    }

    /// Keeps a mail for another attempt, after at least so many seconds, or gives it up.
    async fn postpone(
        &self,
        mail: &QueuedMail,
        message: &MailMessage,
        why: &str,
        at_least: u32,
    ) -> Result<DeliveryOutcome, InternalError> {
        let now = self.ports.clock.now();
        if now.seconds_since(mail.created_at) >= GIVE_UP {
            tracing::error!(mail = %mail.id, kind = %message.kind, why, "mail given up");
            self.database.remove_mail(&mail.id).await?;
            return Ok(DeliveryOutcome::One);
        }
        let retry_after = retry_after(mail.attempts).max(i64::from(at_least).min(MAX_RETRY_AFTER));
        tracing::warn!(mail = %mail.id, kind = %message.kind, why, retry_after, "mail not accepted yet");
        self.database.postpone_mail(&mail.id, now.plus_seconds(retry_after)).await?;
        Ok(DeliveryOutcome::Stuck)
    }

    /// Whether the mail server would accept mail, for the log: its name, or what is wrong. `None` without one.
    pub async fn check(&self) -> Option<Result<String, String>> {
        Some(self.ports.mailer.as_ref()?.check().await)
    }
}

/// Seconds until the next attempt after so many.
fn retry_after(attempts: i64) -> i64 {
    let at = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    RETRY_AFTER.get(at).or(RETRY_AFTER.last()).copied().unwrap_or(CLAIM)
}
