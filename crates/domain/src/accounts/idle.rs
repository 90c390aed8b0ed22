//! Accounts that nobody uses any more.

use contract::Timestamp;
use storage::{IdleCutoffs, User};

use super::Accounts;
use crate::{ClientMetadata, EventKind, InternalError, MailTemplate, audit_log::with_mails};

const DAY: i64 = 86_400;
/// Days between the mail and the deletion.
pub(crate) const NOTICE_DAYS: u32 = 30;
/// The most accounts that one run tells, and deletes.
const BATCH: i64 = 50;

impl Accounts {
    /// Tells readers who have not been there for `days` but thirty that their accounts will be deleted, and deletes those that
    /// nobody has used for `days` since and who were told thirty days ago; how many were deleted.
    ///
    /// Without mail nobody can be told, and nothing is deleted.
    #[tracing::instrument(name = "accounts.retire_idle", level = "debug", skip_all)]
    pub(crate) async fn retire_idle(&self, days: u32) -> Result<u64, InternalError> {
        if !self.mail.is_enabled() {
            return Ok(0);
        }
        let now = self.ports.clock.now();
        let ago = |days: u32| now.plus_seconds(-i64::from(days) * DAY);
        let cutoffs = IdleCutoffs {
            now,
            delete: ago(days),
            notify: ago(days.saturating_sub(NOTICE_DAYS)),
            told: ago(NOTICE_DAYS),
        };
        for user in self.database.idle_users_to_notify(cutoffs, BATCH).await? {
            self.notify_idle(&user, cutoffs).await?;
        }
        let mut deleted = 0;
        for user in self.database.idle_users_to_delete(cutoffs, BATCH).await? {
            deleted += u64::from(self.erase_idle(&user, cutoffs).await?);
        }
        Ok(deleted)
    }

    async fn notify_idle(&self, user: &User, cutoffs: IdleCutoffs) -> Result<(), InternalError> {
        let template = MailTemplate::IdleAccount { deleted_at: deletion(cutoffs.now) };
        let mail = self.mail.notice(Some(&user.id), &user.email, &template);
        let record = self.events.done(EventKind::IdleNotice, &user.id, &ClientMetadata::default());
        let record = with_mails(record, mail);
        if self.database.notify_idle_user(&user.id, cutoffs, &record).await? {
            self.after_commit(&record);
        }
        Ok(())
    }

    /// Deletes an account as its reader would, unless the reader has come back.
    async fn erase_idle(&self, user: &User, cutoffs: IdleCutoffs) -> Result<bool, InternalError> {
        let notice = self.mail.notice(None, &user.email, &MailTemplate::IdleAccountDeleted);
        let record = with_mails(self.events.anonymous_deletion(), notice);
        let erased = self.database.delete_idle_user(&user.id, cutoffs, &record).await?;
        if erased {
            self.after_commit(&record);
        }
        Ok(erased)
    }
}

/// When an account is deleted whose reader is told now.
fn deletion(now: Timestamp) -> Timestamp {
    now.plus_seconds(i64::from(NOTICE_DAYS) * DAY)
}
