//! The descriptions of the endpoints below `/api/auth`, in the order of the document.

use contract::Questions;

use super::{deletion, email, password, profile, sessions, sign_in, sign_up, status, terms, tokens};
use crate::http::openapi::operation::Operation;

/// Every operation.
pub fn operations(questions: &Questions) -> Vec<Operation> {
    let (sign_up, sign_in) = (sign_up::sign_up_operation(questions), sign_in::sign_in_operation(questions));
    let (sign_out, get_session) =
        (sessions::sign_out_operation(), sessions::get_session_operation(questions));
    vec![
        sign_up.clone(),
        sign_in.clone(),
        sign_out.clone(),
        profile::update_user_operation(questions),
        profile::user_operation(questions),
        terms::terms_operation(),
        terms::accept_terms_operation(),
        profile::list_accounts_operation(),
        profile::unlink_account_operation(),
        deletion::delete_user_operation(),
        deletion::callback_operation(),
        sign_up.deprecated_alias("/api/auth/signup/email", "signUpEmailOlder"),
        sign_in.deprecated_alias("/api/auth/signin/email", "signInEmailOlder"),
        sign_out.deprecated_alias("/api/auth/signout", "signOutOlder"),
        get_session.clone(),
        sessions::refresh_operation(questions),
        sessions::list_operation(),
        sessions::revoke_operation(),
        sessions::revoke_all_operation(),
        sessions::revoke_others_operation(),
        get_session.deprecated_alias("/api/auth/session", "getSessionOlder"),
        sessions::deferred_refresh_operation(),
        password::change_password_operation(questions),
        password::verify_password_operation(),
        password::request_password_reset_operation(),
        password::reset_link_operation(),
        password::reset_password_operation(),
        email::change_email_operation(),
        email::send_verification_operation(),
        email::verify_email_operation(questions),
        tokens::token_operation(),
        tokens::jwks_operation(),
        status::ok_operation(),
        status::error_operation(),
    ]
}
