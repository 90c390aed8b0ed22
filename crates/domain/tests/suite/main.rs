//! The services, on SQLite and PostgreSQL.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test, a failure is a panic"
)]

mod account_deletion;
mod accounts;
mod admin;
mod admin_actions;
mod cleanup;
mod clients;
mod conversations;
mod data_export;
mod email_codes;
mod email_verification;
mod fixtures;
mod flash;
mod invitations;
mod key_rotation;
mod mail_queue;
mod new_devices;
mod oidc;

mod password_changes;
mod password_guessing;
mod password_policy;
mod password_reset;
mod pre_registration;
mod profile;
mod races;
mod rate_limits;
mod required_verification;
mod retention;
mod search_index;
mod secret;
mod session_cookies;
mod session_lists;
mod sessions;
mod signing_keys;
mod stored_secrets;
mod terms;
mod token_forgery;
mod tokens;
mod transfer;
mod user_import;
