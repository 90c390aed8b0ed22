//! The Better Auth API, by endpoint.

mod account_limits;
mod aliases;
mod bearer;
mod bodies;
mod callbacks;
mod change_email;
mod cookies;
mod cors;
mod deletion;
mod devices;
mod error_precedence;
mod limits;
mod link_confirmation;
mod links;
mod listing;
mod origins;
mod passwords;
mod profile;
mod recovery;
mod required_verification;
mod routing;
mod sessions;
mod sign_in;
mod sign_up;
mod token_verification;
mod tokens;
mod unknown_browsers;
mod verification;

const SIGN_UP: &str = "/api/auth/sign-up/email";
const SIGN_IN: &str = "/api/auth/sign-in/email";
const SIGN_OUT: &str = "/api/auth/sign-out";
const GET_SESSION: &str = "/api/auth/get-session";
const UPDATE_USER: &str = "/api/auth/update-user";
const TOKEN: &str = "/api/auth/token";
const USER: &str = "/api/auth/user";
const CHANGE_EMAIL: &str = "/api/auth/change-email";
const CHANGE_PASSWORD: &str = "/api/auth/change-password";
const VERIFY_PASSWORD: &str = "/api/auth/verify-password";
const REQUEST_RESET: &str = "/api/auth/request-password-reset";
const RESET_PASSWORD: &str = "/api/auth/reset-password";
const SEND_VERIFICATION: &str = "/api/auth/send-verification-email";
const VERIFY_EMAIL: &str = "/api/auth/verify-email";
const DELETE_USER: &str = "/api/auth/delete-user";
const DELETION_LINK: &str = "/api/auth/delete-user/callback";
const LIST_SESSIONS: &str = "/api/auth/list-sessions";
const SESSION_COOKIE: &str = "better-auth.session_token";

/// The new password in these tests.
const OTHER_PASSWORD: &str = "loud paper, chalk";

/// Whether a response clears every session cookie.
fn takes_every_cookie(reply: &crate::reply::Reply) -> bool {
    let names = [SESSION_COOKIE, "better-auth.session_data", "better-auth.dont_remember"];
    names.iter().all(|name| reply.cookie(name).is_some_and(|cookie| cookie.expires()))
}

/// Whether a sign-in with this password from a new browser succeeds.
async fn opens(app: &crate::app::TestApp, email: &str, password: &str) -> bool {
    let body = serde_json::json!({ "email": email, "password": password });
    let reply = app.browser().json(SIGN_IN, body).await;
    assert!([200, 401].contains(&reply.status.as_u16()), "{}", reply.text());
    reply.status == 200
}
