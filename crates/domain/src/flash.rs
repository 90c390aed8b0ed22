//! Flash messages of signed-in browsers.

use std::fmt;

use storage::BrowserSession;
use strum::IntoStaticStr;

/// The flash message of one signed-in browser, kept in the tower-sessions record of its session.
#[derive(Clone)]
pub struct FlashStore(BrowserSession);

/// A message shown once, on the next page.
#[derive(Debug, Clone, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub enum Flash {
    /// The profile was saved.
    ProfileSaved,
    /// The password was changed.
    PasswordChanged,
    /// The password was changed, and every other browser was signed out.
    PasswordChangedEverywhere,
    /// A mail to confirm the new email address was sent.
    EmailChangeAsked,
    /// Another browser was signed out.
    SessionEnded,
    /// Every other browser was signed out.
    OtherSessionsEnded,
    /// A consent was withdrawn.
    ConsentWithdrawn,
    /// A mail with a link that deletes the account was sent.
    DeletionMailed,
    /// The conversation of this id was deleted and can be restored for a while.
    ConversationDeleted(String),
    /// The conversation of this id was restored.
    ConversationRestored(String),
    /// The conversation of this id was archived.
    ConversationArchived(String),
    /// The conversation of this id is active again.
    ConversationUnarchived(String),
}

/// The key in the session's record.
const KEY: &str = "notice";

impl FlashStore {
    pub(crate) const fn new(session: BrowserSession) -> Self {
        Self(session)
    }

    /// Sets the message for the next page. It is lost when the session has ended meanwhile.
    pub async fn set(&self, flash: Flash) {
        let inserted = self.0.insert(KEY, flash.serialize()).await;
        if let (Err(error), _) | (_, Err(error)) = (inserted, self.0.save().await) {
            tracing::debug!(%error, "flash message not stored");
        }
    }

    /// Takes the message, so that it is shown once.
    pub async fn take(&self) -> Option<Flash> {
        let serialized: String = self.0.remove(KEY).await.ok().flatten()?;
        if let Err(error) = self.0.save().await {
            tracing::debug!(%error, "flash message not removed");
        }
        Flash::parse(&serialized)
    }
}

impl Flash {
    /// Every message without a conversation.
    pub const ALL: [Self; 8] = [
        Self::ProfileSaved,
        Self::PasswordChanged,
        Self::PasswordChangedEverywhere,
        Self::EmailChangeAsked,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::ConsentWithdrawn,
        Self::DeletionMailed,
    ];

    fn name(&self) -> &'static str {
        self.into()
    }

    /// The name, and after a space the conversation's id.
    fn serialize(&self) -> String {
        match self {
            Self::ConversationDeleted(id)
            | Self::ConversationRestored(id)
            | Self::ConversationArchived(id)
            | Self::ConversationUnarchived(id) => format!("{} {id}", self.name()),
            flash => flash.name().to_owned(),
        }
    }

    fn parse(serialized: &str) -> Option<Self> {
        let Some((name, id)) = serialized.split_once(' ') else {
            return Self::ALL.into_iter().find(|flash| flash.name() == serialized);
        };
        let variants = [
            Self::ConversationDeleted,
            Self::ConversationRestored,
            Self::ConversationArchived,
            Self::ConversationUnarchived,
        ];
        variants.into_iter().map(|variant| variant(id.to_owned())).find(|flash| flash.name() == name)
    }
}

impl fmt::Debug for FlashStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FlashStore(..)")
    }
}
