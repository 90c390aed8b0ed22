//! The stable vocabulary of failures.

/// Declares [`Code`] once, with what each code is called and says on the Better Auth wire.
macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $wire:expr, $message:expr;)*) => {
        /// Why a request was not carried out. One code, whichever door it came in by.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Code { $($(#[$doc])* $variant,)* }

        impl Code {
            /// Every code, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The `code` member of a JSON error; `None` where the Better Auth wire sends none.
            pub const fn wire(self) -> Option<&'static str> {
                match self { $(Self::$variant => $wire,)* }
            }

            /// The `message` member of a JSON error. For [`Code::ValidationError`], [`Code::MissingField`] and
            /// [`Code::UnsupportedMediaType`] the message is composed from the details of the problem instead.
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
    /// The body is of a type this endpoint does not read.
    UnsupportedMediaType = Some("UNSUPPORTED_MEDIA_TYPE"), "Content-Type is not allowed";
    /// The body is larger than any this service needs.
    PayloadTooLarge = Some("PAYLOAD_TOO_LARGE"), "Request body is too large";
    /// The body did not arrive in time.
    RequestTimeout = Some("REQUEST_TIMEOUT"), "The request body did not arrive in time";
    /// A new password has fewer than 8 UTF-16 code units.
    PasswordTooShort = Some("PASSWORD_TOO_SHORT"), "Password too short";
    /// A password has more than 128 UTF-16 code units.
    PasswordTooLong = Some("PASSWORD_TOO_LONG"), "Password too long";
    /// A new password is one of those that attackers try first.
    PasswordCompromised = Some("PASSWORD_COMPROMISED"), "This password is among the most common ones";
    /// A new password would be guessed soon.
    PasswordTooWeak = Some("PASSWORD_TOO_WEAK"), "Password is too easy to guess";
    /// The current password, asked for again, is not right.
    InvalidPassword = Some("INVALID_PASSWORD"), "Invalid password";
    /// The account has no password.
    CredentialAccountNotFound = Some("CREDENTIAL_ACCOUNT_NOT_FOUND"), "Credential account not found";
    /// A required background question has no answer.
    MissingField = Some("MISSING_FIELD"), "A required field is missing";
    /// Sign-up with an address that has an account.
    UserAlreadyExists = Some("USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL"), "User already exists. Use another email.";
    /// Sign-in with something that is not an address.
    InvalidEmail = Some("INVALID_EMAIL"), "Invalid email";
    /// Sign-in failed; never says which of the two was wrong.
    InvalidEmailOrPassword = Some("INVALID_EMAIL_OR_PASSWORD"), "Invalid email or password";
    /// The password was right, but the address has to be confirmed first.
    EmailNotVerified = Some("EMAIL_NOT_VERIFIED"), "Email not verified";
    /// The operator has closed the account.
    BannedUser = Some("BANNED_USER"), "This account has been closed by the operator";
    /// A session is needed and there is none.
    Unauthorized = Some("UNAUTHORIZED"), "Unauthorized";
    /// A bearer token is forged, expired, of another kind or audience, or its session has ended.
    InvalidToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A link to set a password is unknown, used, replaced or too old.
    InvalidResetToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A link to confirm an address is unknown, used or replaced.
    InvalidVerificationToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A link to delete an account is unknown, used, too old or somebody else's.
    InvalidDeletionToken = Some("INVALID_TOKEN"), "Invalid token";
    /// A link to confirm an address is too old.
    TokenExpired = Some("TOKEN_EXPIRED"), "Token expired";
    /// A link to confirm an address was opened by another reader's browser.
    InvalidUser = Some("INVALID_USER"), "Invalid user";
    /// A link to delete an account was opened without its reader's session.
    FailedToGetUserInfo = Some("FAILED_TO_GET_USER_INFO"), "Failed to get user info";
    /// The session is too old for what was asked: sign in again.
    SessionNotFresh = Some("SESSION_NOT_FRESH"), "Session is not fresh";
    /// The session is too old to delete an account without its password.
    SessionExpired = Some("SESSION_EXPIRED"), "Session expired. Re-authenticate to perform this action.";
    /// No mail can be sent, so no password can be reset.
    ResetPasswordDisabled = Some("RESET_PASSWORD_DISABLED"), "Reset password isn't enabled";
    /// No mail can be sent, so no address can be confirmed.
    VerificationEmailNotEnabled = Some("VERIFICATION_EMAIL_NOT_ENABLED"), "Verification email isn't enabled";
    /// No mail can be sent, so no address can be changed.
    ChangeEmailDisabled = Some("CHANGE_EMAIL_DISABLED"), "Change email is disabled";
    /// The new address is the present one.
    EmailIsTheSame = None, "Email is the same";
    /// A verification mail was asked for an address that is not the reader's.
    EmailMismatch = Some("EMAIL_MISMATCH"), "Email mismatch";
    /// The address is confirmed already.
    EmailAlreadyVerified = Some("EMAIL_ALREADY_VERIFIED"), "Email is already verified";
    /// The one way to sign in cannot be taken away.
    LastSignInMethod = Some("FAILED_TO_UNLINK_LAST_ACCOUNT"), "You can't unlink your last account";
    /// The reader has no such way to sign in.
    SignInMethodNotFound = Some("ACCOUNT_NOT_FOUND"), "Account not found";
    /// The address changes by its own flow only.
    EmailCanNotBeUpdated = Some("EMAIL_CAN_NOT_BE_UPDATED"), "Email can not be updated";
    /// An update named nothing that can be updated.
    NoFieldsToUpdate = None, "No fields to update";
    /// A request with a cookie did not say where it comes from.
    MissingOrNullOrigin = Some("MISSING_OR_NULL_ORIGIN"), "Missing or null Origin";
    /// A request comes from an origin that is not trusted.
    InvalidOrigin = Some("INVALID_ORIGIN"), "Invalid origin";
    /// Another site navigated a browser into a sign-in.
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
    /// A callback parameter is not a string.
    CallbackNotAString = None, "Invalid callbackURL: expected a string";
    /// `POST get-session` asks for a mode this service does not have.
    DeferredRefreshDisabled = Some("METHOD_NOT_ALLOWED_DEFER_SESSION_REQUIRED"),
        "POST method requires deferSessionRefresh to be enabled in session config";
    /// A token was asked for an audience that is not declared.
    UnknownAudience = Some("UNKNOWN_AUDIENCE"), "Unknown audience";
    /// The reader has no such conversation.
    ConversationNotFound = Some("CONVERSATION_NOT_FOUND"), "No such conversation";
    /// The conversation has no such message.
    MessageNotFound = Some("MESSAGE_NOT_FOUND"), "No such message";
    /// The message is there, but somebody else speaks in it or it follows another.
    MessageConflict = Some("MESSAGE_CONFLICT"), "The message is there with another role or another parent";
    /// A cursor was made for another reader or another list, or by nobody.
    InvalidCursor = Some("INVALID_CURSOR"), "The cursor does not belong to this list";
    /// An idempotency key was sent with another request before.
    IdempotencyKeyReused = Some("IDEMPOTENCY_KEY_REUSED"), "The Idempotency-Key belongs to another request";
    /// A part of a message is larger than any may be.
    PartTooLarge = Some("PART_TOO_LARGE"), "The part is too large";
    /// A message is larger than any may be.
    MessageTooLarge = Some("MESSAGE_TOO_LARGE"), "The message is too large";
    /// A conversation has as many messages as one may have.
    ConversationFull = Some("CONVERSATION_FULL"), "The conversation has as many messages as it may have";
    /// A reader has as many conversations as one may have.
    TooManyConversations = Some("TOO_MANY_CONVERSATIONS"), "The reader has as many conversations as one may have";
    /// Nothing is at this address.
    NotFound = Some("NOT_FOUND"), "Not found";
    /// The address is right, the method is not.
    MethodNotAllowed = Some("METHOD_NOT_ALLOWED"), "Method not allowed";
    /// Too many tries from one address, for one account or from one browser.
    TooManyRequests = Some("TOO_MANY_REQUESTS"), "Too many requests. Please try again later.";
    /// More sign-ins are under way than this machine can hash; try again shortly.
    Busy = Some("SERVICE_BUSY"), "The service is busy. Please try again shortly.";
    /// The database does not answer.
    Unavailable = Some("SERVICE_UNAVAILABLE"), "The service is unavailable. Please try again shortly.";
    /// A fault of ours. The log knows more; the answer does not.
    Internal = Some("INTERNAL_SERVER_ERROR"), "Internal server error";
}
