//! What an operation does to the browser that asked for it: its session and its device cookie. Every entry point (form,
//! JSON, later OAuth and the embed frame) applies the same effects, so which outcomes open a session or make a device known
//! is decided here alone.

use storage::{Session, SignedIn};

use crate::{
    ChangePasswordError, CheckPasswordError, ClientInfo, DeleteAccountError, DeleteAccountOutcome, DeviceId,
    EmailLinkOutcome, InternalError, PasswordChanged, PasswordReset, ResetPasswordError, SessionsRevoked,
    SignInError, SignUpError, SignedOut, SignedUp, VerifyCodeError, VerifyEmailError,
};

/// Changes to a browser's session and to its device cookie.
#[derive(Debug, Clone, Default)]
pub struct BrowserEffects {
    /// The session the browser holds from now on.
    pub session: SessionEffect,
    /// Whether the browser is recognised from now on.
    pub device: DeviceEffect,
}

/// The change to a browser's session.
#[derive(Debug, Clone, Default)]
pub enum SessionEffect {
    /// The browser keeps what it has.
    #[default]
    Unchanged,
    /// The browser gets this session.
    Opened(Session),
    /// The browser keeps this session and gets its cookie again, with a new end.
    Renewed(Session),
    /// The browser has no session any more.
    Ended,
}

/// The change to a browser's device cookie.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum DeviceEffect {
    /// Nothing.
    #[default]
    Unchanged,
    /// The device is stored with the account, and the browser keeps its cookie.
    Remembered(DeviceId),
}

impl BrowserEffects {
    /// The browser's session has ended.
    pub fn ended() -> Self {
        Self { session: SessionEffect::Ended, ..Self::default() }
    }

    /// The browser's session goes on, and its cookie is sent again.
    pub fn renewed(session: Session) -> Self {
        Self { session: SessionEffect::Renewed(session), ..Self::default() }
    }

    /// These effects, and those of `earlier` where these change nothing.
    #[must_use]
    pub fn or(self, earlier: Self) -> Self {
        Self {
            session: match self.session {
                SessionEffect::Unchanged => earlier.session,
                changed => changed,
            },
            device: match self.device {
                DeviceEffect::Unchanged => earlier.device,
                changed @ DeviceEffect::Remembered(_) => changed,
            },
        }
    }

    fn opened(session: &Session, client: &ClientInfo) -> Self {
        Self { session: SessionEffect::Opened(session.clone()), ..Self::remembered(client) }
    }

    fn remembered(client: &ClientInfo) -> Self {
        let device = client.browser.clone().map(DeviceEffect::Remembered).unwrap_or_default();
        Self { device, ..Self::default() }
    }
}

/// An outcome, a success or a failure, that may affect the browser of `client`. Most failures do not.
pub trait HasBrowserEffects {
    /// What the outcome does to the browser that asked for it.
    fn browser_effects(&self, _client: &ClientInfo) -> BrowserEffects {
        BrowserEffects::default()
    }
}

impl<T: HasBrowserEffects, E: HasBrowserEffects> HasBrowserEffects for Result<T, E> {
    fn browser_effects(&self, client: &ClientInfo) -> BrowserEffects {
        match self {
            Ok(outcome) => outcome.browser_effects(client),
            Err(error) => error.browser_effects(client),
        }
    }
}

/// The outcome of [`crate::Accounts::sign_in`].
impl HasBrowserEffects for SignedIn {
    fn browser_effects(&self, client: &ClientInfo) -> BrowserEffects {
        BrowserEffects::opened(&self.session, client)
    }
}

impl HasBrowserEffects for SignInError {
    fn browser_effects(&self, client: &ClientInfo) -> BrowserEffects {
        match self {
            // The password was right, so the link that is on its way may sign in this browser.
            Self::EmailNotVerified => BrowserEffects::remembered(client),
            Self::WrongCredentials | Self::Banned | Self::TooMany { .. } | Self::Failure(_) => {
                BrowserEffects::default()
            }
        }
    }
}

impl HasBrowserEffects for SignedUp {
    fn browser_effects(&self, client: &ClientInfo) -> BrowserEffects {
        match &self.session {
            Some(session) => BrowserEffects::opened(session, client),
            // The link that verifies the address signs in the browser that the password was chosen in.
            None => BrowserEffects::remembered(client),
        }
    }
}

impl HasBrowserEffects for PasswordChanged {
    fn browser_effects(&self, client: &ClientInfo) -> BrowserEffects {
        let Some(session) = &self.session else { return BrowserEffects::default() };
        let effects = BrowserEffects::opened(session, client);
        // Only a device that was known by its cookie is stored with the new password.
        let brought = client.browser.as_ref().is_some_and(DeviceId::was_sent);
        BrowserEffects { device: if brought { effects.device } else { DeviceEffect::Unchanged }, ..effects }
    }
}

impl HasBrowserEffects for PasswordReset {
    fn browser_effects(&self, client: &ClientInfo) -> BrowserEffects {
        BrowserEffects::remembered(client)
    }
}

impl HasBrowserEffects for EmailLinkOutcome {
    fn browser_effects(&self, client: &ClientInfo) -> BrowserEffects {
        match self {
            Self::Address { session: Some(session) } => BrowserEffects::opened(session, client),
            Self::Address { session: None }
            | Self::NewPasswordNeeded { .. }
            | Self::ChangeConfirmed
            | Self::Changed(_) => BrowserEffects::default(),
        }
    }
}

impl HasBrowserEffects for DeleteAccountOutcome {
    fn browser_effects(&self, _: &ClientInfo) -> BrowserEffects {
        match self {
            Self::Now => BrowserEffects::ended(),
            Self::ByMail => BrowserEffects::default(),
        }
    }
}

impl HasBrowserEffects for SignedOut {
    fn browser_effects(&self, _: &ClientInfo) -> BrowserEffects {
        BrowserEffects::ended()
    }
}

impl HasBrowserEffects for SessionsRevoked {
    fn browser_effects(&self, _: &ClientInfo) -> BrowserEffects {
        if self.own { BrowserEffects::ended() } else { BrowserEffects::default() }
    }
}

impl HasBrowserEffects for SignUpError {}
impl HasBrowserEffects for ChangePasswordError {}
impl HasBrowserEffects for CheckPasswordError {}
impl HasBrowserEffects for ResetPasswordError {}
impl HasBrowserEffects for VerifyCodeError {}
impl HasBrowserEffects for VerifyEmailError {}
impl HasBrowserEffects for DeleteAccountError {}
impl HasBrowserEffects for InternalError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_effects_of_an_outcome_take_precedence_over_those_of_authentication() {
        let client = ClientInfo::default();
        let ended = BrowserEffects::ended;
        let revoked = SessionsRevoked { own: false }.browser_effects(&client).or(ended());
        assert!(matches!(revoked.session, SessionEffect::Ended), "a stale cookie is cleared all the same");
        let unchanged = SessionsRevoked { own: false }.browser_effects(&client).or(BrowserEffects::default());
        assert!(matches!(unchanged.session, SessionEffect::Unchanged));
        let gone = DeleteAccountOutcome::Now.browser_effects(&client).or(BrowserEffects::default());
        assert!(matches!(gone.session, SessionEffect::Ended));
    }

    #[test]
    fn a_failure_affects_the_browser_of_a_client_only_when_its_password_was_right() {
        // A client that is no browser has no device to remember.
        let effects = SignInError::EmailNotVerified.browser_effects(&ClientInfo::default());
        assert!(matches!(effects.device, DeviceEffect::Unchanged));
        let wrong: Result<SignedIn, _> = Err(SignInError::WrongCredentials);
        let effects = wrong.browser_effects(&ClientInfo::default());
        assert!(matches!(effects.session, SessionEffect::Unchanged));
    }
}
