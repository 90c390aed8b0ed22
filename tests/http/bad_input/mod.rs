//! Bad input is answered as documented or with a 4xx in that format, never with an internal error.

mod bodies;
mod concurrent;
mod fields;
mod log;
mod random;
mod repeated_headers;
mod requests;

pub(crate) use self::log::Log;

/// Every endpoint that reads a body, and whether it accepts forms.
const ENDPOINTS: [(&str, bool); 19] = [
    ("/api/auth/sign-up/email", true),
    ("/api/auth/sign-in/email", true),
    ("/api/auth/sign-out", false),
    ("/api/auth/update-user", false),
    ("/api/auth/session/refresh", false),
    ("/api/auth/signup/email", true),
    ("/api/auth/signin/email", true),
    ("/api/auth/signout", false),
    ("/api/auth/change-password", false),
    ("/api/auth/verify-password", false),
    ("/api/auth/request-password-reset", false),
    ("/api/auth/reset-password", false),
    ("/api/auth/change-email", false),
    ("/api/auth/send-verification-email", false),
    ("/api/auth/delete-user", false),
    ("/api/auth/revoke-session", false),
    ("/api/auth/revoke-sessions", false),
    ("/api/auth/revoke-other-sessions", false),
    ("/api/auth/unlink-account", false),
];

/// Every path that forms post to.
const FORMS: [&str; 13] = [
    "/sign-in",
    "/sign-up",
    "/sign-out",
    "/account",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/verify-email/send",
    "/account/security/password",
    "/account/security/email",
    "/account/sessions/end",
    "/account/sessions/end-others",
    "/account/data/delete",
];
