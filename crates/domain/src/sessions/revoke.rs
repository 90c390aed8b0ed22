//! The list of sessions, and their revocation.

use storage::{Session, SignedIn};

use super::{SessionHandle, Sessions, tokens::handle_in};
use crate::{ClientMetadata, EventKind, InternalError, audit_log};

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
    /// Signs out: ends the session of a handle. Ending one that has ended is no error.
    #[tracing::instrument(name = "sessions.sign_out", level = "debug", skip_all)]
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

    /// A user's active sessions, the last used first.
    #[tracing::instrument(name = "sessions.list", level = "debug", skip_all)]
    pub async fn list(&self, user_id: &str) -> Result<Vec<Session>, InternalError> {
        Ok(self.database.sessions_of(user_id, self.ports.clock.now()).await?)
    }

    /// Ends the user's session of a token or bare id. A session of another user is not touched.
    #[tracing::instrument(name = "sessions.revoke", level = "debug", skip_all)]
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

    /// Ends every session of a user but `except`.
    #[tracing::instrument(name = "sessions.revoke_all", level = "debug", skip_all)]
    pub async fn revoke_all(
        &self,
        user_id: &str,
        except: Option<&Session>,
        device: &ClientMetadata,
    ) -> Result<SessionsRevoked, InternalError> {
        let record = self.events.done(EventKind::SessionEnd, user_id, device);
        self.database.revoke_sessions(user_id, except.map(|it| it.id.as_str()), &record).await?;
        audit_log::log(&record);
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
            audit_log::log(&record);
        }
        Ok(())
    }
}
