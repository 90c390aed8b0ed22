//! What a request brings along besides its command.

use crate::{ClientMetadata, DeviceId, SessionHandle};

/// The client of a request, with the cookies it sent.
#[derive(Debug, Clone, Default)]
pub struct ClientInfo {
    /// Where the request comes from.
    pub device: ClientMetadata,
    /// The session of its cookie, which a new session replaces.
    pub presented: Option<SessionHandle>,
    /// The browser's device; `None` for a client that is no browser.
    pub browser: Option<DeviceId>,
}

impl ClientInfo {
    /// The stored name of the browser, which may wait for a code.
    pub(crate) fn device_id(&self) -> Option<String> {
        self.browser.as_ref().map(DeviceId::stored_name)
    }

    /// The id of the session that a new one replaces.
    pub(crate) fn replaced(&self) -> Option<String> {
        self.presented.as_ref().map(SessionHandle::id)
    }
}
