//! The error codes, which are stable.

/// Declares [`Code`] once, with the code and the message of the Better Auth wire.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $wire:expr, $message:expr;)*) => {
        /// Why a request failed; the same code for a form and for JSON.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The `code` member of a JSON error; `None` where the Better Auth wire sends none.
            pub const fn wire(self) -> Option<&'static str> {
                match self { $(Self::$variant => $wire,)* }
            }

            /// The `message` member of a JSON error. For [`Code::ValidationError`], [`Code::MissingField`],
            /// [`Code::TermsNotAccepted`] and [`Code::UnsupportedMediaType`] the message is composed from the details of the problem instead.
            pub const fn message(self) -> &'static str {
                match self { $(Self::$variant => $message,)* }
            }
        }
    };
}

codes! {
    /// A field has the wrong type, syntax or length.
    ValidationError = Some("VALIDATION_ERROR"), "Invalid input";
    /// The body could not be read as what it claims to be.
    BadRequest = Some("BAD_REQUEST"), "Invalid JSON in request body";
    /// The request itself is malformed: an unreadable Host, target or encoding.
    MalformedRequest = Some("MALFORMED_REQUEST"), "The request is malformed";
    /// The content type or encoding of the body is not read here.
    UnsupportedMediaType = Some("UNSUPPORTED_MEDIA_TYPE"), "Content-Type is not allowed";
    /// The body is larger than this endpoint reads.
    PayloadTooLarge = Some("PAYLOAD_TOO_LARGE"), "Request body is too large";
    /// The body did not arrive in time.
    RequestTimeout = Some("REQUEST_TIMEOUT"), "The request body did not arrive in time";
    /// A new password has fewer than 8 UTF-16 code units.
    PasswordTooShort = Some("PASSWORD_TOO_SHORT"), "Password too short";
    /// A password has more than 128 UTF-16 code units.
    PasswordTooLong = Some("PASSWORD_TOO_LONG"), "Password too long";
    /// A new password is in the list of common ones.
    PasswordCompromised = Some("PASSWORD_COMPROMISED"), "This password is among the most common ones";
    /// A new password is easy to guess.
    PasswordTooWeak = Some("PASSWORD_TOO_WEAK"), "Password is too easy to guess";
    /// The current password, asked for again, is wrong.
    InvalidPassword = Some("INVALID_PASSWORD"), "Invalid password";
    /// The account has no password.
    CredentialAccountNotFound = Some("CREDENTIAL_ACCOUNT_NOT_FOUND"), "Credential account not found";
    /// A required background question has no answer.
    MissingField = Some("MISSING_FIELD"), "A required field is missing";
    /// Sign-up with an address that has an account.
    UserAlreadyExists = Some("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"), "User already exists. Use another email.";
    /// Nobody can sign up.
    SignUpDisabled = Some("EMAIL_PASSWORD_SIGN_UP_DISABLED"), "Email and password sign up is not enabled";
    /// Sign-up needs an invitation and came without one.
    InvitationRequired = Some("INVITATION_REQUIRED"), "An invitation is required to sign up";
    /// An invitation is unknown, used up, revoked, too old or for another address.
    InvalidInvitation = Some("INVALID_INVITATION"), "Invalid invitation";
    /// Accounts are for addresses of other domains.
    EmailDomainNotAllowed = Some("EMAIL_DOMAIN_NOT_ALLOWED"), "Addresses of this domain are not allowed";
    /// The current version of the author's terms was not accepted.
    TermsNotAccepted = Some("TERMS_NOT_ACCEPTED"), "the current version of the terms has to be accepted";
    /// Sign-in with something that is not an address.
    InvalidEmail = Some("INVALID_EMAIL"), "Invalid email";
    /// Sign-in failed; the code does not tell which of the two is wrong.
    InvalidEmailOrPassword = Some("INVALID_EMAIL_OR_PASSWORD"), "Invalid email or password";
    /// The password is right, but the address has to be verified first.
    EmailNotVerified = Some("EMAIL_NOT_VERIFIED"), "Email not verified";
    /// The operator has banned the account.
    BannedUser = Some("BANNED_USER"), "This account has been closed by the operator";
    /// A session is needed and there is none.
    Unauthorized = Some("UNAUTHORIZED"), "Unauthorized";
    /// A bearer token is forged, expired, of another kind or audience, or its session has ended.
    InvalidToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A bearer token is good, but its scope or its audience does not allow this (RFC 6750 section 3.1).
    InsufficientScope = Some("INSUFFICIENT_SCOPE"), "The token does not allow this";
    /// A link to set a password is unknown, used, replaced or too old.
    InvalidResetToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A link to verify an address is unknown, used or replaced.
    InvalidVerificationToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A code that verifies an address is wrong, used, replaced or too old, or is not for this browser.
    InvalidVerificationCode = Some("INVALID_OTP"), "Invalid OTP";
    /// A link to delete an account is unknown, used, too old or another user's.
    InvalidDeletionToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A link to verify an address is too old.
    TokenExpired = Some("TOKEN_EXPIRED"), "Token expired";
    /// A link to verify an address was opened in a browser where another user is signed in.
    InvalidUser = Some("INVALID_USER"), "Invalid user";
    /// A link to delete an account was opened without a session.
    FailedToGetUserInfo = Some("FAILED_TO_GET_USER_INFO"), "Failed to get user info";
    /// The operation needs a fresh session.
    SessionNotFresh = Some("SESSION_NOT_FRESH"), "Session is not fresh";
    /// The session is too old to delete an account without its password.
    SessionExpired = Some("SESSION_EXPIRED"), "Session expired. Re-authenticate to perform this action.";
    /// No mail can be sent, so no password can be reset.
    ResetPasswordDisabled = Some("RESET_PASSWORD_DISABLED"), "Reset password isn't enabled";
    /// No mail can be sent, so no address can be verified.
    VerificationEmailNotEnabled = Some("VERIFICATION_EMAIL_NOT_ENABLED"), "Verification email isn't enabled";
    /// No mail can be sent, so no address can be changed.
    ChangeEmailDisabled = Some("CHANGE_EMAIL_DISABLED"), "Change email is disabled";
    /// The new address is the current one.
    EmailIsTheSame = None, "Email is the same";
    /// A verification mail was requested for another address than the user's.
    EmailMismatch = Some("EMAIL_MISMATCH"), "Email mismatch";
    /// The address is verified already.
    EmailAlreadyVerified = Some("EMAIL_ALREADY_VERIFIED"), "Email is already verified";
    /// The last way to sign in cannot be removed.
    LastSignInMethod = Some("FAILED_TO_UNLINK_LAST_ACCOUNT"), "You can't unlink your last account";
    /// The user has no such way to sign in.
    SignInMethodNotFound = Some("ACCOUNT_NOT_FOUND"), "Account not found";
    /// The address is changed by change-email only.
    EmailCanNotBeUpdated = Some("EMAIL_CAN_NOT_BE_UPDATED"), "Email can not be updated";
    /// An update has no field that can be updated.
    NoFieldsToUpdate = None, "No fields to update";
    /// A request with a cookie has neither `Origin` nor `Referer`.
    MissingOrNullOrigin = Some("MISSING_OR_NULL_ORIGIN"), "Missing or null Origin";
    /// The request comes from an origin that is not trusted.
    InvalidOrigin = Some("INVALID_ORIGIN"), "Invalid origin";
    /// Another site navigated the browser to a sign-in.
    CrossSiteNavigation = Some("CROSS_SITE_NAVIGATION_LOGIN_BLOCKED"),
        "Cross-site navigation login blocked. This request appears to be a CSRF attack.";
    /// `callbackURL` leads to an origin that is not trusted.
    InvalidCallbackUrl = Some("INVALID_CALLBACK_URL"), "Invalid callbackURL";
    /// `redirectTo` leads to an origin that is not trusted.
    InvalidRedirectUrl = Some("INVALID_REDIRECT_URL"), "Invalid redirectURL";
    /// `errorCallbackURL` leads to an origin that is not trusted.
    InvalidErrorCallbackUrl = Some("INVALID_ERROR_CALLBACK_URL"), "Invalid errorCallbackURL";
    /// `newUserCallbackURL` leads to an origin that is not trusted.
    InvalidNewUserCallbackUrl = Some("INVALID_NEW_USER_CALLBACK_URL"), "Invalid newUserCallbackURL";
    /// A request of a client on another site cannot be answered, because the client or its address is not registered.
    InvalidAuthorizationRequest = Some("INVALID_AUTHORIZATION_REQUEST"), "Invalid authorization request";
    /// A callback parameter is not a string.
    CallbackNotAString = None, "Invalid callbackURL: expected a string";
    /// `POST get-session` belongs to a mode of Better Auth that is not supported.
    DeferredRefreshDisabled = Some("METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"),
        "POST method requires deferSessionRefresh to be enabled in session config";
    /// The audience of a requested token is not declared.
    UnknownAudience = Some("UNKNOWN_AUDIENCE"), "Unknown audience";
    /// The user has no such conversation.
    ConversationNotFound = Some("CONVERSATION_NOT_FOUND"), "No such conversation";
    /// The conversation has no such message.
    MessageNotFound = Some("MESSAGE_NOT_FOUND"), "No such message";
    /// A message of this id exists with another role or another parent.
    MessageConflict = Some("MESSAGE_CONFLICT"), "The message is there with another role or another parent";
    /// A conversation of this id belongs to another client.
    ConversationConflict = Some("CONVERSATION_CONFLICT"), "The id is that of another conversation of the reader";
    /// The cursor belongs to another user or another list, or is forged.
    InvalidCursor = Some("INVALID_CURSOR"), "The cursor does not belong to this list";
    /// The idempotency key was used for another request.
    IdempotencyKeyReused = Some("IDEMPOTENCY_KEY_REUSED"), "The Idempotency-Key belongs to another request";
    /// A part of a message is too large.
    PartTooLarge = Some("PART_TOO_LARGE"), "The part is too large";
    /// A message is too large.
    MessageTooLarge = Some("MESSAGE_TOO_LARGE"), "The message is too large";
    /// The conversation has reached its limit of messages.
    ConversationFull = Some("CONVERSATION_FULL"), "The conversation has as many messages as it may have";
    /// The user has reached the limit of conversations.
    TooManyConversations = Some("TOO_MANY_CONVERSATIONS"), "The reader has as many conversations as one may have";
    /// The user's conversations take up as much as they may.
    StorageFull = Some("STORAGE_FULL"), "The reader's conversations take up as much as they may";
    /// No route has this path.
    NotFound = Some("NOT_FOUND"), "Not found";
    /// The route does not have this method.
    MethodNotAllowed = Some("METHOD_NOT_ALLOWED"), "Method not allowed";
    /// A rate limit is exceeded.
    TooManyRequests = Some("TOO_MANY_REQUESTS"), "Too many requests. Please try again later.";
    /// More passwords are waiting than can be hashed soon.
    Busy = Some("SERVICE_BUSY"), "The service is busy. Please try again shortly.";
    /// The database does not respond.
    Unavailable = Some("SERVICE_UNAVAILABLE"), "The service is unavailable. Please try again shortly.";
    /// The database has no room, or its provider's limit is reached.
    InsufficientStorage = Some("INSUFFICIENT_STORAGE"), "The service has no space left";
    /// A bug in Bookplate. The log has the details, the response has none.
    Internal = Some("INTERNAL_SERVER_ERROR"), "Internal server error";
}
