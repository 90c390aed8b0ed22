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
/// Asks for a link to set a password; the page and the form's action.
pub const FORGOT_PASSWORD: &str = "/forgot-password";
/// Sets a password with such a link; the page and the form's action.
pub const RESET_PASSWORD: &str = "/reset-password";
/// What came of a link that proves an address; the page, and the action of the button on it.
pub const VERIFY_EMAIL: &str = "/verify-email";
/// That page after a change of address was confirmed at the present one: the other link is on its way.
pub const CHANGE_CONFIRMED: &str = "/verify-email?change";
/// That page after the address was changed.
pub const CHANGE_DONE: &str = "/verify-email?changed";
/// Asks for such a link once more; the form's action.
pub const SEND_VERIFICATION: &str = "/verify-email/send";
/// Password and address, and what happened to the account.
pub const SECURITY: &str = "/account/security";
/// Changes the password; the form's action.
pub const CHANGE_PASSWORD: &str = "/account/security/password";
/// Begins a change of address; the form's action.
pub const CHANGE_EMAIL: &str = "/account/security/email";
/// Where the reader is signed in.
pub const SESSIONS: &str = "/account/sessions";
/// Ends one session; the form's action.
pub const END_SESSION: &str = "/account/sessions/end";
/// Ends every session but this one; the form's action.
pub const END_OTHER_SESSIONS: &str = "/account/sessions/end-others";
/// Take everything along, or leave.
pub const DATA: &str = "/account/data";
/// Everything stored about the reader, as a ZIP file.
pub const EXPORT: &str = "/account/data/export";
/// Deletes the account; the form's action.
pub const DELETE_ACCOUNT: &str = "/account/data/delete";
/// The reader's conversations; each has a page below it.
pub const CONVERSATIONS: &str = "/conversations";
/// What the page loads more of its list by.
pub const LIST_CONVERSATIONS: &str = "/conversations/-/list";
/// What the page of a conversation loads more of it by.
pub const LOAD_TURNS: &str = "/conversations/-/turns";
/// Names a conversation; the form's action.
pub const RENAME_CONVERSATION: &str = "/conversations/-/rename";
/// Puts a conversation away; the form's action.
pub const ARCHIVE_CONVERSATION: &str = "/conversations/-/archive";
/// Takes it out again; the form's action.
pub const UNARCHIVE_CONVERSATION: &str = "/conversations/-/unarchive";
/// Deletes a conversation, which can be taken back for a while; the form's action.
pub const DELETE_CONVERSATION: &str = "/conversations/-/delete";
/// Takes that back; the form's action.
pub const RESTORE_CONVERSATION: &str = "/conversations/-/restore";
/// Shows another branch of a conversation from now on; the form's action.
pub const CHOOSE_BRANCH: &str = "/conversations/-/head";
/// Says whether a message was of help; the form's action.
pub const GIVE_FEEDBACK: &str = "/conversations/-/feedback";
/// Where password managers look for the page that changes a password (W3C, "A Well-Known URL for Changing Passwords").
pub const WELL_KNOWN_CHANGE_PASSWORD: &str = "/.well-known/change-password";
/// Where those who find a hole look for whom to tell (RFC 9116).
pub const WELL_KNOWN_SECURITY: &str = "/.well-known/security.txt";
/// Where the Better Auth wire lives.
pub const API: &str = "/api/auth";

/// Conversations as JSON.
pub const API_CONVERSATIONS: &str = "/api/conversations";
/// Finds messages by their words.
pub const API_SEARCH: &str = "/api/search";
/// The reader behind a token.
pub const API_ME: &str = "/api/me";

/// The description of the API (OpenAPI 3.1).
pub const OPENAPI: &str = "/api/openapi.json";
/// The same for tools that know OpenAPI 3.0 alone.
pub const OPENAPI_3_0: &str = "/api/openapi-3.0.json";
/// The same as a page. Problems point at it: `/api/docs#CODE`.
pub const API_DOCS: &str = "/api/docs";

/// Older names of pages, each with the page it leads to.
pub const ALIASES: [(&str, &str); 4] =
    [("/auth/login", SIGN_IN), ("/auth/signup", SIGN_UP), ("/login", SIGN_IN), ("/signup", SIGN_UP)];
