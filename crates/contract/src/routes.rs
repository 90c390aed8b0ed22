//! Paths of pages and of the API, shared by the router, the pages and the browser tests.

/// The home page: the account, or a link to sign in.
pub const HOME: &str = "/";
/// The sign-in page and the form's action.
pub const SIGN_IN: &str = "/sign-in";
/// The sign-up page and the form's action.
pub const SIGN_UP: &str = "/sign-up";
/// The sign-out confirmation and the form's action.
pub const SIGN_OUT: &str = "/sign-out";
/// The reader's own account page and the form's action.
pub const ACCOUNT: &str = "/account";
/// Requests a link to set a password; the page and the form's action.
pub const FORGOT_PASSWORD: &str = "/forgot-password";
/// Sets a password with such a link; the page and the form's action.
pub const RESET_PASSWORD: &str = "/reset-password";
/// The result of a link that verifies an address; the page, and the action of its button.
pub const VERIFY_EMAIL: &str = "/verify-email";
/// That page after a change of address was confirmed at the current one; the second link has been mailed.
pub const CHANGE_CONFIRMED: &str = "/verify-email?change";
/// That page after the address was changed.
pub const CHANGE_DONE: &str = "/verify-email?changed";
/// Requests another such link; the form's action.
pub const SEND_VERIFICATION: &str = "/verify-email/send";
/// The form that takes the code of the same mail.
pub const VERIFY_EMAIL_CODE: &str = "/verify-email/code";
/// Password, address and the audit log of the account.
pub const SECURITY: &str = "/account/security";
/// Changes the password; the form's action.
pub const CHANGE_PASSWORD: &str = "/account/security/password";
/// Begins a change of address; the form's action.
pub const CHANGE_EMAIL: &str = "/account/security/email";
/// The sessions of the reader.
pub const SESSIONS: &str = "/account/sessions";
/// Ends one session; the form's action.
pub const END_SESSION: &str = "/account/sessions/end";
/// Ends every session but this one; the form's action.
pub const END_OTHER_SESSIONS: &str = "/account/sessions/end-others";
/// Data export and deletion of the account.
pub const DATA: &str = "/account/data";
/// Everything stored about the reader, as a ZIP file.
pub const EXPORT: &str = "/account/data/export";
/// Deletes the account; the form's action.
pub const DELETE_ACCOUNT: &str = "/account/data/delete";
/// The reader's conversations; each has a page below it.
pub const CONVERSATIONS: &str = "/conversations";
/// Imports conversations from a file; the page and the form's action.
pub const IMPORT_CONVERSATIONS: &str = "/conversations/-/import";
/// Loads another page of the list.
pub const LIST_CONVERSATIONS: &str = "/conversations/-/list";
/// Loads more messages of a conversation.
pub const LOAD_TURNS: &str = "/conversations/-/turns";
/// Renames a conversation; the form's action.
pub const RENAME_CONVERSATION: &str = "/conversations/-/rename";
/// Archives a conversation; the form's action.
pub const ARCHIVE_CONVERSATION: &str = "/conversations/-/archive";
/// Unarchives a conversation; the form's action.
pub const UNARCHIVE_CONVERSATION: &str = "/conversations/-/unarchive";
/// Deletes a conversation, which can be restored for a while; the form's action.
pub const DELETE_CONVERSATION: &str = "/conversations/-/delete";
/// Restores a deleted conversation; the form's action.
pub const RESTORE_CONVERSATION: &str = "/conversations/-/restore";
/// Selects the shown branch of a conversation; the form's action.
pub const CHOOSE_BRANCH: &str = "/conversations/-/head";
/// Rates a message; the form's action.
pub const GIVE_FEEDBACK: &str = "/conversations/-/feedback";
/// Leads password managers to the page that changes a password (W3C, "A Well-Known URL for Changing Passwords").
pub const WELL_KNOWN_CHANGE_PASSWORD: &str = "/.well-known/change-password";
/// The security contact (RFC 9116).
pub const WELL_KNOWN_SECURITY: &str = "/.well-known/security.txt";
/// The metadata of the OpenID provider (OpenID Connect Discovery 1.0 section 4).
pub const OPENID_CONFIGURATION: &str = "/.well-known/openid-configuration";
/// The metadata of the authorization server (RFC 8414 section 3).
pub const OAUTH_METADATA: &str = "/.well-known/oauth-authorization-server";
/// The public keys (RFC 7517 section 5).
pub const JWKS: &str = "/.well-known/jwks.json";
/// The authorization endpoint (RFC 6749 section 3.1).
pub const AUTHORIZE: &str = "/oauth2/authorize";
/// The token endpoint (RFC 6749 section 3.2).
pub const TOKEN_ENDPOINT: &str = "/oauth2/token";
/// The `UserInfo` endpoint (OpenID Connect Core 1.0 section 5.3).
pub const USERINFO: &str = "/oauth2/userinfo";
/// The revocation endpoint (RFC 7009 section 2).
pub const REVOKE: &str = "/oauth2/revoke";
/// The introspection endpoint (RFC 7662 section 2).
pub const INTROSPECT: &str = "/oauth2/introspect";
/// The end session endpoint (OpenID Connect RP-Initiated Logout 1.0 section 2).
pub const END_SESSION_ENDPOINT: &str = "/oauth2/logout";
/// Asks the reader for consent to a client; the page and the form's action.
pub const CONSENT: &str = "/consent";
/// Withdraws a consent; the form's action.
pub const WITHDRAW_CONSENT: &str = "/account/sessions/withdraw-consent";
/// The prefix of the Better Auth endpoints.
pub const API: &str = "/api/auth";

/// Asks a signed-in reader to accept the author's terms; the page and the form's action.
pub const TERMS: &str = "/terms";

/// Conversations as JSON.
pub const API_CONVERSATIONS: &str = "/api/conversations";
/// Full-text search in messages.
pub const API_SEARCH: &str = "/api/search";
/// The user behind a token.
pub const API_ME: &str = "/api/me";

/// The OpenAPI 3.1 document.
pub const OPENAPI: &str = "/api/openapi.json";
/// The same in OpenAPI 3.0.
pub const OPENAPI_3_0: &str = "/api/openapi-3.0.json";
/// The same as a page. Problems point at it: `/api/docs#CODE`.
pub const API_DOCS: &str = "/api/docs";

/// Older paths of pages, each with the path it redirects to.
pub const ALIASES: [(&str, &str); 4] =
    [("/auth/login", SIGN_IN), ("/auth/signup", SIGN_UP), ("/login", SIGN_IN), ("/signup", SIGN_UP)];
