//! The Better Auth wire, endpoint by endpoint, for those there are.

mod aliases;
mod bearer;
mod bodies;
mod callbacks;
mod cookies;
mod cors;
mod origins;
mod profile;
mod routing;
mod sessions;
mod sign_in;
mod sign_up;
mod token_verification;
mod tokens;

const SIGN_UP: &str = "/api/auth/sign-up/email";
const SIGN_IN: &str = "/api/auth/sign-in/email";
const SIGN_OUT: &str = "/api/auth/sign-out";
const GET_SESSION: &str = "/api/auth/get-session";
const UPDATE_USER: &str = "/api/auth/update-user";
const TOKEN: &str = "/api/auth/token";
const USER: &str = "/api/auth/user";
const SESSION_COOKIE: &str = "better-auth.session_token";
