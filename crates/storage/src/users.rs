//! Users as they are stored.

use contract::{Answers, Timestamp};
use sqlx::FromRow;

/// An account.
#[derive(Debug, Clone, FromRow)]
pub struct User {
    /// A UUID, or the id in the system the account was imported from.
    pub id: String,
    /// The address in lower case.
    pub email: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// The name; may be empty.
    pub name: String,
    /// The address of a picture.
    pub image: Option<String>,
    /// Answers to the background questions, also to those no longer asked.
    #[sqlx(json)]
    pub answers: Answers,
    /// When the account was created.
    #[sqlx(try_from = "i64")]
    pub created_at: Timestamp,
    /// When the profile last changed; moves with every change, so it serves as the version of the row.
    #[sqlx(try_from = "i64")]
    pub updated_at: Timestamp,
    /// Whether and why the operator has closed the account.
    #[sqlx(flatten)]
    pub ban: Ban,
}

/// Whether the operator has closed an account.
#[derive(Debug, Clone, Default, PartialEq, Eq, FromRow)]
pub struct Ban {
    /// Since when it is closed, in Unix milliseconds; `None` for an open account.
    pub banned_at: Option<i64>,
    /// The reason.
    pub ban_reason: Option<String>,
    /// Until when, in Unix milliseconds; `None` for good.
    pub ban_expires_at: Option<i64>,
}

impl Ban {
    /// Whether the account is closed at this moment.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.banned_at.is_some() && self.ban_expires_at.is_none_or(|end| now.millis() < end)
    }
}

/// The columns of [`User`], of a table called `u`.
pub(crate) const COLUMNS: &str =
    "u.id, u.email, u.email_verified, u.name, u.image, u.answers, u.created_at, u.updated_at,
    u.banned_at, u.ban_reason, u.ban_expires_at";
