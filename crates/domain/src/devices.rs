//! Browsers, known by a long-lived cookie that says nothing but "I have been here before".

use contract::Timestamp;
use sha2::{Digest, Sha256};
use storage::KnownDevice;
use uuid::Uuid;

use crate::{ClientMetadata, Sessions, sessions::truncate_untrusted};

/// What a browser's long-lived cookie says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceId {
    handle: Uuid,
    brought: bool,
    /// Whether it was signed under the secret before this one.
    outdated: bool,
}

impl DeviceId {
    /// Whether the browser brought it along.
    pub const fn is_brought(&self) -> bool {
        self.brought
    }

    /// Whether the browser has to be given its cookie: for the first time, or under the present secret.
    pub const fn needs_cookie(&self) -> bool {
        !self.brought || self.outdated
    }

    /// The name under which readers' browsers are stored; the cookie cannot be made from it.
    pub(crate) fn stored_name(&self) -> String {
        hex::encode(Sha256::digest(format!("device:{}", self.handle.simple())))
    }

    /// The browser as it is noted for a reader who signs in.
    pub(crate) fn seen(&self, device: &ClientMetadata, now: Timestamp) -> KnownDevice {
        KnownDevice {
            id: self.stored_name(),
            user_agent: truncate_untrusted(&device.user_agent),
            first_seen_at: now,
            last_seen_at: now,
        }
    }
}

impl Sessions {
    /// Reads a device cookie's value; one that this server has not signed says nothing.
    pub fn read_device(&self, value: &str) -> Option<DeviceId> {
        let (handle, signature) = value.split_once('.')?;
        let handle = Uuid::try_parse(handle).ok()?;
        let outdated = self.secret().signed_by(&signed_text(handle), signature)?.is_previous();
        Some(DeviceId { handle, brought: true, outdated })
    }

    /// A device cookie for a browser that has none.
    pub fn new_device(&self) -> DeviceId {
        DeviceId { handle: self.random_handle(), brought: false, outdated: false }
    }

    /// The value of a device cookie: `HANDLE.SIGNATURE`.
    pub fn device_value(&self, device: &DeviceId) -> String {
        let signature = self.secret().sign(&signed_text(device.handle));
        format!("{}.{signature}", device.handle.simple())
    }
}

/// Different from anything else that is signed, so that one cookie cannot stand for another.
fn signed_text(handle: Uuid) -> String {
    format!("device:{}", handle.simple())
}
