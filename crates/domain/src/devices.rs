//! Devices: browsers recognised by a long-lived cookie, which grants nothing.

use contract::Timestamp;
use sha2::{Digest, Sha256};
use storage::KnownDevice;
use uuid::Uuid;

use crate::{ClientMetadata, Sessions, client_metadata::truncate_untrusted};

/// The id in a device cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceId {
    handle: Uuid,
    /// Whether the browser sent it, rather than being given a new one.
    is_known: bool,
    /// Whether it was signed with the previous secret.
    outdated: bool,
}

impl DeviceId {
    /// Whether the browser sent it.
    pub const fn was_sent(&self) -> bool {
        self.is_known
    }

    /// Whether the cookie has to be set: for a new browser, or to sign it with the current secret.
    pub const fn needs_cookie(&self) -> bool {
        !self.is_known || self.outdated
    }

    /// The id of the device's rows: a hash, from which the cookie cannot be made.
    pub(crate) fn stored_name(&self) -> String {
        hex::encode(Sha256::digest(format!("device:{}", self.handle.simple())))
    }

    /// The device's row for a user who signs in.
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
    /// Parses a device cookie; `None` without a valid signature.
    pub fn read_device(&self, value: &str) -> Option<DeviceId> {
        let (handle, signature) = value.split_once('.')?;
        let handle = Uuid::try_parse(handle).ok()?;
        let outdated = self.secret().signed_by(&signed_text(handle), signature)?.is_previous();
        Some(DeviceId { handle, is_known: true, outdated })
    }

    /// An id for a browser without a device cookie.
    pub fn new_device(&self) -> DeviceId {
        DeviceId { handle: self.random_handle(), is_known: false, outdated: false }
    }

    /// The value of a device cookie: `HANDLE.SIGNATURE`.
    pub fn device_value(&self, device: &DeviceId) -> String {
        let signature = self.secret().sign(&signed_text(device.handle));
        format!("{}.{signature}", device.handle.simple())
    }
}

/// The signed text. Its prefix keeps one cookie's signature from being valid for another.
fn signed_text(handle: Uuid) -> String {
    format!("device:{}", handle.simple())
}
