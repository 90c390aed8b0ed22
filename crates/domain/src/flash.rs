//! What a signed-in browser carries from one page to the next, besides who it is.

use std::fmt;

use storage::BrowserSession;

/// The belongings of one signed-in browser, kept in tower-sessions' record of its session. They go when it ends.
#[derive(Clone)]
pub struct FlashStore(BrowserSession);

/// Something to tell a reader on the next page, once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flash {
    /// The profile was saved.
    ProfileSaved,
    /// The password is another one.
    PasswordChanged,
    /// The password is another one, and every other browser is signed out.
    PasswordChangedEverywhere,
    /// A mail about a new address is on its way.
    EmailChangeAsked,
    /// Another browser is signed out.
    SessionEnded,
    /// Every other browser is signed out.
    OtherSessionsEnded,
    /// A link that deletes the account is on its way.
    DeletionMailed,
    /// The conversation of this name was deleted, and can be brought back for a while.
    ConversationDeleted(String),
    /// It was brought back.
    ConversationRestored(String),
    /// It was put away.
    ConversationArchived(String),
    /// It stands in the list again.
    ConversationUnarchived(String),
}

const NOTICE: &str = "notice";

impl FlashStore {
    pub(crate) const fn new(session: BrowserSession) -> Self {
        Self(session)
    }

    /// Leaves a notice for the next page. A browser whose session has ended meanwhile gets none.
    pub async fn set(&self, notice: Flash) {
        let kept = self.0.insert(NOTICE, notice.written()).await;
        if let (Err(error), _) | (_, Err(error)) = (kept, self.0.save().await) {
            tracing::debug!(%error, "notice not kept");
        }
    }

    /// Takes the notice, so that it is told once.
    pub async fn take(&self) -> Option<Flash> {
        let written: String = self.0.remove(NOTICE).await.ok().flatten()?;
        if let Err(error) = self.0.save().await {
            tracing::debug!(%error, "notice not removed");
        }
        Flash::read(&written)
    }
}

impl Flash {
    /// Every notice that is about nothing in particular.
    pub const ALL: [Self; 7] = [
        Self::ProfileSaved,
        Self::PasswordChanged,
        Self::PasswordChangedEverywhere,
        Self::EmailChangeAsked,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::DeletionMailed,
    ];

    const fn name(&self) -> &'static str {
        match self {
            Self::ProfileSaved => "profile-saved",
            Self::PasswordChanged => "password-changed",
            Self::PasswordChangedEverywhere => "password-changed-everywhere",
            Self::EmailChangeAsked => "email-change-asked",
            Self::SessionEnded => "session-ended",
            Self::OtherSessionsEnded => "other-sessions-ended",
            Self::DeletionMailed => "deletion-mailed",
            Self::ConversationDeleted(_) => "conversation-deleted",
            Self::ConversationRestored(_) => "conversation-restored",
            Self::ConversationArchived(_) => "conversation-archived",
            Self::ConversationUnarchived(_) => "conversation-unarchived",
        }
    }

    /// As it is kept: what has happened, and behind a blank what it is about.
    fn written(&self) -> String {
        match self {
            Self::ConversationDeleted(id)
            | Self::ConversationRestored(id)
            | Self::ConversationArchived(id)
            | Self::ConversationUnarchived(id) => format!("{} {id}", self.name()),
            about_nothing => about_nothing.name().to_owned(),
        }
    }

    fn read(written: &str) -> Option<Self> {
        let Some((name, id)) = written.split_once(' ') else {
            return Self::ALL.into_iter().find(|notice| notice.name() == written);
        };
        let kinds = [
            Self::ConversationDeleted,
            Self::ConversationRestored,
            Self::ConversationArchived,
            Self::ConversationUnarchived,
        ];
        kinds.into_iter().map(|kind| kind(id.to_owned())).find(|notice| notice.name() == name)
    }
}

impl fmt::Debug for FlashStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserState(..)")
    }
}
