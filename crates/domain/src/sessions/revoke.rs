//! The list of a reader's sessions, and their ends.

use storage::Session;

use super::{ClientMetadata, SessionHandle, Sessions, tokens::handle_in};
use crate::{EventKind, InternalError, events};

impl Sessions {
    /// Ends the session a browser brings along, at its own wish. Ending one that is gone is no error.
    ///
    /// # Errors
    /// [`InternalError`].
    pub async fn sign_out(
        &self,
        presented: &SessionHandle,
        device: &ClientMetadata,
    ) -> Result<(), InternalError> {
        if let Some(signed_in) = self.database.find_session(&presented.id()).await? {
            self.end(EventKind::SignOut, &signed_in.user.id, &presented.id(), device).await?;
        }
        Ok(())
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
        user_id: &str,
        token: &str,
        device: &ClientMetadata,
    ) -> Result<(), InternalError> {
        match handle_in(token) {
            Some(handle) => self.end(EventKind::SessionEnd, user_id, &handle.to_string(), device).await,
            None => Ok(()),
        }
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
    ) -> Result<(), InternalError> {
        let record = self.events.done(EventKind::SessionEnd, user_id, device);
        self.database.revoke_sessions(user_id, except.map(|it| it.id.as_str()), &record).await?;
        events::log(&record);
        Ok(())
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
