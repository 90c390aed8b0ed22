//! The list of a reader's sessions, and their ends.

use storage::{Session, SignedIn};

use super::{ClientMetadata, SessionHandle, Sessions, tokens::handle_in};
use crate::{EventKind, InternalError, events};

/// A browser has signed out; it holds no session, whether or not it had one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedOut;

/// Sessions of a user have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionsRevoked {
    /// Whether the session that asked is among them.
    pub own: bool,
}

impl Sessions {
    /// Ends the session a browser brings along, at its own wish. Ending one that is gone is no error.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn sign_out(
        &self,
        presented: Option<&SessionHandle>,
        device: &ClientMetadata,
    ) -> Result<SignedOut, InternalError> {
        if let Some(presented) = presented
            && let Some(signed_in) = self.database.find_session(&presented.id()).await?
        {
            self.end(EventKind::SignOut, &signed_in.user.id, &presented.id(), device).await?;
        }
        Ok(SignedOut)
    }

    /// A reader's living sessions, the last used first.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn list(&self, user_id: &str) -> Result<Vec<Session>, InternalError> {
        Ok(self.database.sessions_of(user_id, self.ports.clock.now()).await?)
    }

    /// Ends the session of a reader that a token, or the id in it, names. One that is not the reader's is left alone.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn revoke(
        &self,
        signed_in: &SignedIn,
        token: &str,
        device: &ClientMetadata,
    ) -> Result<SessionsRevoked, InternalError> {
        if let Some(handle) = handle_in(token) {
            self.end(EventKind::SessionEnd, &signed_in.user.id, &handle.to_string(), device).await?;
        }
        Ok(SessionsRevoked { own: self.names(token, &signed_in.session) })
    }

    /// Ends every session of a reader, except one when it is named.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn revoke_all(
        &self,
        user_id: &str,
        except: Option<&Session>,
        device: &ClientMetadata,
    ) -> Result<SessionsRevoked, InternalError> {
        let record = self.events.done(EventKind::SessionEnd, user_id, device);
        self.database.revoke_sessions(user_id, except.map(|it| it.id.as_str()), &record).await?;
        events::log(&record);
        Ok(SessionsRevoked { own: except.is_none() })
    }

    async fn end(
        &self,
        kind: EventKind,
        user_id: &str,
        session_id: &str,
        device: &ClientMetadata,
    ) -> Result<(), InternalError> {
        let record = self.events.done(kind, user_id, device);
        if self.database.revoke_session(user_id, session_id, &record).await? {
            events::log(&record);
        }
        Ok(())
    }
}
