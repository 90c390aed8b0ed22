//! Accounts and sessions on the Better Auth wire.

use contract::{Code, Questions};
use serde_json::{Value, json};

use super::{
    examples,
    operation::{Caller, Operation, reference},
};

/// The heading of the reader's account.
pub const ACCOUNT: &str = "Account";
/// The heading of sessions.
pub const SESSIONS: &str = "Sessions";

/// An operation of the wire that only reads.
pub fn reads(path: &str, id: &str, tag: &str, summary: &str, caller: Caller) -> Operation {
    let read = Operation::new(("get", path), id, tag, summary, caller);
    let read = read.errors(&[Code::TooManyRequests, Code::Unavailable]);
    if caller == Caller::Session { read.errors(&[Code::Unauthorized]) } else { read }
}

/// An operation of the wire that changes something: with a cookie it has to come from a trusted origin.
pub fn posts(path: &str, id: &str, tag: &str, summary: &str, caller: Caller) -> Operation {
    let post = Operation::new(("post", path), id, tag, summary, caller);
    let post = post.errors(&[
        Code::BadRequest,
        Code::MissingOrNullOrigin,
        Code::InvalidOrigin,
        Code::RequestTimeout,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
        Code::TooManyRequests,
        Code::Unavailable,
    ]);
    if caller == Caller::Session { post.errors(&[Code::Unauthorized]) } else { post }
}

/// What a new password may be refused for.
pub const OF_A_NEW_PASSWORD: [Code; 5] = [
    Code::ValidationError,
    Code::PasswordTooShort,
    Code::PasswordTooLong,
    Code::PasswordCompromised,
    Code::PasswordTooWeak,
];

/// What a `callbackURL` may be refused for.
pub const OF_A_CALLBACK: [Code; 2] = [Code::CallbackNotAString, Code::InvalidCallbackUrl];

/// Every operation.
pub fn operations(questions: &Questions) -> Vec<Operation> {
    let (sign_up, sign_in, sign_out) = (sign_up(questions), sign_in(questions), sign_out());
    let get_session = get_session(questions);
    vec![
        sign_up.clone(),
        sign_in.clone(),
        sign_out.clone(),
        update_user(questions),
        user(questions),
        list_accounts(),
        unlink_account(),
        delete_user(),
        delete_callback(),
        sign_up.deprecated_alias("/api/auth/signup/email", "signUpEmailOlder"),
        sign_in.deprecated_alias("/api/auth/signin/email", "signInEmailOlder"),
        sign_out.deprecated_alias("/api/auth/signout", "signOutOlder"),
        get_session.clone(),
        refresh(questions),
        list_sessions(),
        revoke_session(),
        revoke("/api/auth/revoke-sessions", "revokeSessions", "End every session, this one too"),
        revoke("/api/auth/revoke-other-sessions", "revokeOtherSessions", "End every session but this one"),
        get_session.deprecated_alias("/api/auth/session", "getSessionOlder"),
        deferred_refresh(),
    ]
}

fn sign_up(questions: &Questions) -> Operation {
    let mut body = json!({ "name": "Ada", "email": "ada@example.com", "password": "quiet paper, ink" });
    if let Some(body) = body.as_object_mut() {
        body.extend(examples::answers(questions, false));
    }
    let answer = json!({ "token": "866acd27fafa2bf33934680eb981e2d6", "user": examples::user(questions) });
    posts("/api/auth/sign-up/email", "signUpEmail", ACCOUNT, "Open an account", Caller::Anybody)
        .describe("The members after `callbackURL` are this book's questions.")
        .takes_form("SignUp", &body)
        .answers(200, "The account is open, and its reader signed in.", "SignedUp", &answer)
        .with_header("Set-Cookie")
        .errors(&OF_A_NEW_PASSWORD)
        .errors(&OF_A_CALLBACK)
        .errors(&[Code::MissingField, Code::CrossSiteNavigation, Code::UserAlreadyExists, Code::Busy])
}

fn sign_in(questions: &Questions) -> Operation {
    let token = "866acd27fafa2bf33934680eb981e2d6";
    let answer = json!({ "redirect": false, "token": token, "user": examples::user(questions) });
    posts("/api/auth/sign-in/email", "signInEmail", ACCOUNT, "Sign in", Caller::Anybody)
        .takes_form("SignIn", &json!({ "email": "ada@example.com", "password": "quiet paper, ink" }))
        .answers(200, "The reader is signed in.", "SignedIn", &answer)
        .with_header("Set-Cookie")
        .errors(&OF_A_CALLBACK)
        .errors(&[
            Code::ValidationError,
            Code::InvalidEmail,
            Code::PasswordTooLong,
            Code::InvalidEmailOrPassword,
            Code::EmailNotVerified,
            Code::BannedUser,
            Code::CrossSiteNavigation,
            Code::Busy,
        ])
}

fn sign_out() -> Operation {
    posts("/api/auth/sign-out", "signOut", ACCOUNT, "Sign out", Caller::PerhapsSession)
        .describe("With or without a session; the cookies are cleared.")
        .optional_json_body("Anything", &json!({}))
        .answers(200, "There is no session any more.", "SignedOut", &json!({ "success": true }))
        .with_header("Set-Cookie")
}

fn get_session(questions: &Questions) -> Operation {
    let answer = session_and_user(questions);
    let schema = json!({ "oneOf": [{ "type": "null" }, reference("SessionAndUser")] });
    reads("/api/auth/get-session", "getSession", SESSIONS, "Who is signed in", Caller::PerhapsSession)
        .describe("Renews the session when that is due.")
        .asks_text("disableRefresh", false, "`true` or `1`: it is not renewed.")
        .answers_as(200, "The session and its reader, or `null`.", "application/json", &schema, &answer)
}

/// Belongs to a mode of Better Auth that is not here; its client asks to find out.
fn deferred_refresh() -> Operation {
    let route = ("post", "/api/auth/get-session");
    let summary = "Always refused: a mode of Better Auth that is not here";
    Operation::new(route, "getSessionDeferred", SESSIONS, summary, Caller::Anybody)
        .errors(&[Code::DeferredRefreshDisabled, Code::TooManyRequests])
}

fn session_and_user(questions: &Questions) -> Value {
    json!({ "session": examples::session(), "user": examples::user(questions) })
}

fn refresh(questions: &Questions) -> Operation {
    posts("/api/auth/session/refresh", "refreshSession", SESSIONS, "Renew the session now", Caller::Session)
        .optional_json_body("Anything", &json!({}))
        .answers(200, "The session, renewed.", "SessionAndUser", &session_and_user(questions))
        .with_header("Set-Cookie")
}

fn list_sessions() -> Operation {
    reads(
        "/api/auth/list-sessions",
        "listSessions",
        SESSIONS,
        "Where the reader is signed in",
        Caller::Session,
    )
    .describe("The last used first. Needs a session that was opened within a day.")
    .answers(200, "The living sessions.", "[Session]", &json!([examples::session()]))
    .errors(&[Code::SessionNotFresh])
}

fn revoke_session() -> Operation {
    let body = json!({ "token": "866acd27fafa2bf33934680eb981e2d6" });
    posts("/api/auth/revoke-session", "revokeSession", SESSIONS, "End a session", Caller::Session)
        .describe("Answers the same whether or not there was such a session of the reader's.")
        .json_body("SessionName", &body)
        .answers(200, "It is ended.", "Done", &json!({ "status": true }))
        .errors(&[Code::ValidationError])
}

fn revoke(path: &str, id: &str, summary: &str) -> Operation {
    posts(path, id, SESSIONS, summary, Caller::Session).optional_json_body("Anything", &json!({})).answers(
        200,
        "They are ended.",
        "Done",
        &json!({ "status": true }),
    )
}

fn update_user(questions: &Questions) -> Operation {
    let mut body = json!({ "name": "Ada Lovelace" });
    if let Some(body) = body.as_object_mut() {
        body.extend(examples::answers(questions, false));
    }
    posts("/api/auth/update-user", "updateUser", ACCOUNT, "Change name, picture and answers", Caller::Session)
        .json_body("ProfileChange", &body)
        .answers(200, "It is changed.", "Done", &json!({ "status": true }))
        .with_header("Set-Cookie")
        .errors(&[
            Code::ValidationError,
            Code::MissingField,
            Code::EmailCanNotBeUpdated,
            Code::NoFieldsToUpdate,
        ])
}

fn user(questions: &Questions) -> Operation {
    let answer = json!({ "user": examples::user(questions) });
    reads("/api/auth/user", "getUser", ACCOUNT, "The reader behind a session or a JWT", Caller::Reader)
        .describe("A JWT that is refused is an error, even when a cookie came along.")
        .answers(200, "The reader.", "Reader", &answer)
        .errors(&[Code::Unauthorized, Code::InvalidToken])
}

fn list_accounts() -> Operation {
    reads("/api/auth/list-accounts", "listAccounts", ACCOUNT, "The ways to sign in", Caller::Session).answers(
        200,
        "The ways to sign in.",
        "[SignInMethod]",
        &json!([examples::sign_in_method()]),
    )
}

fn unlink_account() -> Operation {
    let body = json!({ "accountId": "0199a4f0-6f57-7c1a-9a53-2f8f6c1f0001" });
    posts("/api/auth/unlink-account", "unlinkAccount", ACCOUNT, "Take a way to sign in away", Caller::Session)
        .describe("Not the last one. Needs a session that was opened within a day.")
        .json_body("SignInMethodName", &body)
        .answers(200, "It is gone.", "Done", &json!({ "status": true }))
        .errors(&[
            Code::ValidationError,
            Code::LastSignInMethod,
            Code::SignInMethodNotFound,
            Code::SessionNotFresh,
        ])
}

fn delete_user() -> Operation {
    let answer = json!({ "success": true, "message": "User deleted" });
    posts("/api/auth/delete-user", "deleteUser", ACCOUNT, "Delete the account", Caller::Session)
        .describe(
            "With the password, the token of a mailed link, or a session that was opened within a day. Everything about the \
             reader goes at once and for good. Where addresses have to be proved, a link is mailed first.",
        )
        .optional_json_body("Deletion", &json!({ "password": "quiet paper, ink" }))
        .answers(200, "The account is gone, or a link is on its way.", "Deleted", &answer)
        .errors(&OF_A_CALLBACK)
        .errors(&[
            Code::ValidationError,
            Code::InvalidPassword,
            Code::PasswordTooLong,
            Code::CredentialAccountNotFound,
            Code::SessionExpired,
            Code::InvalidDeletionToken,
            Code::Busy,
        ])
}

fn delete_callback() -> Operation {
    let (path, summary) = ("/api/auth/delete-user/callback", "The link that deletes the account");
    let answer = json!({ "success": true, "message": "User deleted" });
    reads(path, "deleteUserCallback", ACCOUNT, summary, Caller::PerhapsSession)
        .describe("As it stands in the mail. A browser that follows it gets a page where it fails.")
        .asks_text("token", true, "The token of the link.")
        .asks_text("callbackURL", false, "Where it leads in the end.")
        .answers(200, "The account is gone.", "Deleted", &answer)
        .answers_empty(302, "The account is gone; the browser is led to `callbackURL`.")
        .errors(&[Code::ValidationError, Code::InvalidCallbackUrl])
        .errors(&[Code::FailedToGetUserInfo, Code::InvalidDeletionToken])
}
