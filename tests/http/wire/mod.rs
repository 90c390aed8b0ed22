//! The Better Auth wire, endpoint by endpoint, for those there are.

mod aliases;
mod bearer;
mod bodies;
mod buttons;
mod callbacks;
mod cookies;
mod cors;
mod deletion;
mod devices;
mod emails;
mod limits;
mod limits_of_accounts;
mod links;
mod listing;
mod new_addresses;
mod order;
mod origins;
mod passwords;
mod profile;
mod recovery;
mod routing;
mod sessions;
mod sign_in;
mod sign_up;
mod strangers;
mod strict;
mod token_verification;
mod tokens;

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

/// The password readers of these tests change to.
const OTHER_PASSWORD: &str = "loud paper, chalk";

/// Whether an answer takes every cookie of a session away.
fn takes_every_cookie(reply: &crate::reply::Reply) -> bool {
    let names = [SESSION_COOKIE, "better-auth.session_data", "better-auth.dont_remember"];
    names.iter().all(|name| reply.cookie(name).is_some_and(|cookie| cookie.expires()))
}

/// Whether the password opens the account, asked by a browser of its own.
async fn opens(app: &crate::app::TestApp, email: &str, password: &str) -> bool {
    let body = serde_json::json!({ "email": email, "password": password });
    let reply = app.browser().json(SIGN_IN, body).await;
    assert!([200, 401].contains(&reply.status.as_u16()), "{}", reply.text());
    reply.status == 200
}
