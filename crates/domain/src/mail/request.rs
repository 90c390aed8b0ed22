//! Requests for mail, as they wait in the queue until they are composed.

use serde::{Deserialize, Serialize};

use crate::ClientMetadata;

/// A mail to be composed in the background.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum MailRequest {
    /// A link to set a password, for whoever has this address.
    ResetPassword {
        email: String,
        /// Where the link leads in the end.
        callback: String,
        /// Where the request came from.
        device: ClientMetadata,
    },
    /// A link to verify this address, if it belongs to a user who has not verified it.
    VerifyEmail {
        email: String,
        callback: String,
        /// The browser that waits, which may enter a code; older versions did not queue it.
        #[serde(default)]
        device_id: Option<String>,
    },
    /// A notice to the owner of an address that somebody wanted to open an account with it.
    SignUpAttempt { email: String },
    /// A link to the present address, which continues a change of address.
    ConfirmEmailChange { user_id: String, new_email: String, callback: String },
    /// A link to the new address, which completes the change.
    VerifyNewEmail {
        user_id: String,
        new_email: String,
        callback: String,
        /// As above.
        #[serde(default)]
        device_id: Option<String>,
    },
    /// A link to delete an account.
    DeleteAccount { user_id: String, callback: String },
}
