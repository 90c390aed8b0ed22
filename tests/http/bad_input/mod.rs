//! Whatever is sent, the answer is the contract's, or a 4xx in its manner; never a fault of ours.

mod anything;
mod at_once;
mod bodies;
mod fields;
mod log;
mod requests;

/// Every endpoint that reads a body, with whether it reads forms.
const ENDPOINTS: [(&str, bool); 8] = [
    ("/api/auth/sign-up/email", true),
    ("/api/auth/sign-in/email", true),
    ("/api/auth/sign-out", false),
    ("/api/auth/update-user", false),
    ("/api/auth/session/refresh", false),
    ("/api/auth/signup/email", true),
    ("/api/auth/signin/email", true),
    ("/api/auth/signout", false),
];

/// Every page with a form.
const FORMS: [&str; 4] = ["/sign-in", "/sign-up", "/sign-out", "/account"];
