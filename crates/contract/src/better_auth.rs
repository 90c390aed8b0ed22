//! The objects of the Better Auth wire.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::Timestamp;

/// USER: the reader as every answer shows them. Background questions stand beside the fixed members, under their
/// declared names, unanswered ones as `null`.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = User))]
pub struct UserDto {
    /// A UUID; opaque to clients.
    pub id: String,
    /// May be empty.
    pub name: String,
    /// In lower case.
    pub email: String,
    /// Whether the reader has proved the address.
    pub email_verified: bool,
    /// Address of a picture.
    pub image: Option<String>,
    /// When the account was made.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
    /// Every declared question with its answer or `null`: [`crate::Answers::object`].
    #[serde(flatten)]
    #[cfg_attr(feature = "openapi", schema(ignore))]
    pub answers: Map<String, Value>,
}

/// SESSION: one signed-in browser.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", schema(as = Session))]
pub struct SessionBody {
    /// Public; names the session.
    pub id: String,
    /// What revoke-session takes. Opens a session only when bearer sessions are on.
    pub token: String,
    /// The reader.
    pub user_id: String,
    /// When it ends unless renewed.
    pub expires_at: Timestamp,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last renewed.
    pub updated_at: Timestamp,
    /// Where it was opened; empty when unknown.
    pub ip_address: String,
    /// What it was opened with; empty when unknown.
    pub user_agent: String,
}

/// The answer of get-session.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionAndUser {
    /// The session.
    pub session: SessionBody,
    /// Its reader.
    pub user: UserDto,
}
