//! Passwords, addresses and the links that are mailed for them.

use contract::{Code, Questions};
use serde_json::json;

use super::{
    accounts::{OF_A_CALLBACK, OF_A_NEW_PASSWORD, posts, reads},
    examples,
    operation::{Caller, Operation},
};

/// The heading of passwords and addresses.
pub const PASSWORDS: &str = "Passwords and addresses";

/// Every operation.
pub fn operations(questions: &Questions) -> Vec<Operation> {
    vec![
        change_password(questions),
        verify_password(),
        request_reset(),
        reset_link(),
        reset_password(),
        change_email(),
        send_verification(),
        verify_email(questions),
    ]
}

fn change_password(questions: &Questions) -> Operation {
    let body = json!({ "currentPassword": "quiet paper, ink", "newPassword": "loud vellum, quill" });
    let answer = json!({ "token": "f0b8b4a1c5d24e5b9c06d1a2e3f40516", "user": examples::user(questions) });
    posts("/api/auth/change-password", "changePassword", PASSWORDS, "Change the password", Caller::Session)
        .describe("Every link that was mailed to the reader dies, and the reader is told by mail.")
        .json_body("PasswordChange", &body)
        .answers(200, "It is changed.", "PasswordChanged", &answer)
        .with_header("Set-Cookie")
        .errors(&OF_A_NEW_PASSWORD)
        .errors(&[Code::InvalidPassword, Code::CredentialAccountNotFound, Code::Busy])
}

fn verify_password() -> Operation {
    posts(
        "/api/auth/verify-password",
        "verifyPassword",
        PASSWORDS,
        "Check the reader's password",
        Caller::Session,
    )
    .json_body("PasswordCheck", &json!({ "password": "quiet paper, ink" }))
    .answers(200, "It is right.", "Done", &json!({ "status": true }))
    .errors(&[Code::ValidationError, Code::InvalidPassword, Code::PasswordTooLong])
    .errors(&[Code::CredentialAccountNotFound, Code::Busy])
}

fn request_reset() -> Operation {
    let (path, id) = ("/api/auth/request-password-reset", "requestPasswordReset");
    let message = "If this email exists in our system, check your email for the reset link";
    posts(path, id, PASSWORDS, "Have a link mailed that sets a password", Caller::Anybody)
        .describe("The answer is the same for every address.")
        .json_body("PasswordResetRequest", &json!({ "email": "ada@example.com" }))
        .answers(200, "It is asked for.", "Asked", &json!({ "status": true, "message": message }))
        .errors(&[Code::ValidationError, Code::CallbackNotAString, Code::InvalidRedirectUrl])
        .errors(&[Code::ResetPasswordDisabled])
}

fn reset_link() -> Operation {
    let (path, id) = ("/api/auth/reset-password/{token}", "followResetLink");
    reads(path, id, PASSWORDS, "The link that sets a password", Caller::Anybody)
        .describe("As it stands in the mail. Opening it spends nothing.")
        .asks_text("callbackURL", true, "Where it leads; empty for Bookplate's own page.")
        .answers_empty(302, "To `callbackURL`, with `token`, or with `error=INVALID_TOKEN`.")
        .errors(&[Code::ValidationError, Code::InvalidCallbackUrl])
}

fn reset_password() -> Operation {
    let body = json!({ "newPassword": "loud vellum, quill", "token": "of-the-link" });
    posts(
        "/api/auth/reset-password",
        "resetPassword",
        PASSWORDS,
        "Set a password with a link",
        Caller::Anybody,
    )
    .describe("Every session and every other mailed link of the reader ends. Nobody is signed in.")
    .asks_text("token", false, "The token of the link, where the body has none.")
    .json_body("PasswordReset", &body)
    .answers(200, "It is set.", "Done", &json!({ "status": true }))
    .errors(&OF_A_NEW_PASSWORD)
    .errors(&[Code::InvalidResetToken, Code::ResetPasswordDisabled, Code::Busy])
}

fn change_email() -> Operation {
    posts("/api/auth/change-email", "changeEmail", PASSWORDS, "Change the address", Caller::Session)
        .describe("A link is mailed: to the present address if it is proved, else to the new one.")
        .json_body("AddressChange", &json!({ "newEmail": "ada@example.org" }))
        .answers(200, "It is begun.", "Done", &json!({ "status": true }))
        .errors(&OF_A_CALLBACK)
        .errors(&[Code::ValidationError, Code::EmailIsTheSame, Code::ChangeEmailDisabled])
}

fn send_verification() -> Operation {
    let (path, id) = ("/api/auth/send-verification-email", "sendVerificationEmail");
    posts(path, id, PASSWORDS, "Have a link mailed that proves the address", Caller::PerhapsSession)
        .describe("Without a session the answer is the same for every address.")
        .json_body("VerificationRequest", &json!({ "email": "ada@example.com" }))
        .answers(200, "It is asked for.", "Done", &json!({ "status": true }))
        .errors(&OF_A_CALLBACK)
        .errors(&[Code::ValidationError, Code::EmailMismatch, Code::EmailAlreadyVerified])
        .errors(&[Code::VerificationEmailNotEnabled])
}

fn verify_email(questions: &Questions) -> Operation {
    let (path, summary) = ("/api/auth/verify-email", "The link that proves or changes an address");
    let answer = json!({ "status": true, "user": examples::user(questions) });
    reads(path, "verifyEmail", PASSWORDS, summary, Caller::PerhapsSession)
        .describe("As it stands in the mail. What it does was decided when it was asked for.")
        .asks_text("token", true, "The token of the link.")
        .asks_text("callbackURL", false, "Where it leads in the end; without one the answer is JSON.")
        .answers(200, "It has done its work.", "Verified", &answer)
        .answers_empty(302, "To `callbackURL`, where it fails with `error`.")
        .answers_empty(303, "To a page with a button, which does it.")
        .errors(&[Code::ValidationError, Code::InvalidCallbackUrl])
        .errors(&[Code::InvalidVerificationToken, Code::TokenExpired, Code::InvalidUser])
}
