//! Paths of pages and of the JSON door, shared by router, pages and browser tests.

/// Who am I, or sign in.
pub const HOME: &str = "/";
/// The sign-in page and the form's action.
pub const SIGN_IN: &str = "/sign-in";
/// The sign-up page and the form's action.
pub const SIGN_UP: &str = "/sign-up";
/// The sign-out confirmation and the form's action.
pub const SIGN_OUT: &str = "/sign-out";
/// The reader's own account page and the form's action.
pub const ACCOUNT: &str = "/account";
/// Where the Better Auth wire lives.
pub const API: &str = "/api/auth";

/// Older names of pages, each with the page it leads to.
pub const ALIASES: [(&str, &str); 4] =
    [("/auth/login", SIGN_IN), ("/auth/signup", SIGN_UP), ("/login", SIGN_IN), ("/signup", SIGN_UP)];
