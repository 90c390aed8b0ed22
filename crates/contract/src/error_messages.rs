//! The sentences that pages show for each code: the one catalogue, so that it can be translated.

use crate::{Code, NewPassword, Problem, Reason};

const PASSWORD_COMPROMISED: &str = "Many people use this password, so it is tried first. Choose another one.";
const NO_PASSWORD_YET: &str =
    "This account has no password yet. Set one with \u{201c}Forgot your password?\u{201d}.";
const PASSWORD_TOO_WEAK: &str =
    "This password would soon be guessed. Add a word or two that have nothing to do with you.";

/// The sentence for a problem: what happened and what to do, without blame.
pub fn sentence(problem: &Problem) -> String {
    if let Some(Reason::Sentence(sentence)) = &problem.reason {
        return sentence.clone();
    }
    match problem.code {
        Code::ValidationError => invalid(problem),
        Code::MissingField => "Please answer this question.".into(),
        Code::PasswordTooShort => too_short(problem.reason.as_ref()),
        Code::PasswordTooLong => "Use at most 128 characters.".into(),
        Code::PasswordCompromised => PASSWORD_COMPROMISED.into(),
        Code::PasswordTooWeak => PASSWORD_TOO_WEAK.into(),
        Code::InvalidPassword => "This is not your password. Check it and try again.".into(),
        Code::CredentialAccountNotFound => NO_PASSWORD_YET.into(),
        Code::UserAlreadyExists => {
            "This address already has an account. Sign in instead, or use another address.".into()
        }
        Code::SignUpDisabled
        | Code::InvitationRequired
        | Code::InvalidInvitation
        | Code::TermsNotAccepted
        | Code::EmailDomainNotAllowed => may_not_sign_up(problem.code).into(),
        Code::InvalidEmail => address(),
        Code::InvalidEmailOrPassword => {
            "E-mail address or password is not right. Check both and try again.".into()
        }
        Code::EmailNotVerified => {
            "Confirm your address first. We have just sent you a mail with a link.".into()
        }
        Code::BannedUser => "This account has been closed. Write to the author of the book.".into(),
        Code::Unauthorized => "You are signed out. Sign in to go on.".into(),
        Code::InvalidToken => "This link or token is no longer valid. Start again.".into(),
        Code::InsufficientScope => "This service may not do that with your conversations.".into(),
        Code::InvalidResetToken | Code::InvalidVerificationToken | Code::InvalidDeletionToken => {
            "This link does not work any more. Ask for a new one.".into()
        }
        Code::InvalidVerificationCode => {
            "This code does not work, or no longer. Enter the six digits of the newest mail, or open its link.".into()
        }
        Code::TokenExpired => "This link is too old. Ask for a new one.".into(),
        Code::InvalidUser => {
            "You are signed in with another account. Sign out, then open the link again.".into()
        }
        Code::FailedToGetUserInfo => {
            "Open this link in the browser where you are signed in. If your account is deleted \
            already, there is nothing left to do."
                .into()
        }
        Code::SessionNotFresh | Code::SessionExpired => {
            "It has been a while since you signed in. Sign in again to do this.".into()
        }
        Code::ResetPasswordDisabled | Code::VerificationEmailNotEnabled | Code::ChangeEmailDisabled => {
            "This book sends no mail, so this cannot be done here. Write to its author.".into()
        }
        Code::EmailIsTheSame => "This is your address already.".into(),
        Code::EmailMismatch => "This is not the address of your account.".into(),
        Code::EmailAlreadyVerified => "Your address is confirmed already.".into(),
        Code::LastSignInMethod => "This is your only way to sign in, so it stays.".into(),
        Code::SignInMethodNotFound => "Your account has no such way to sign in.".into(),
        Code::EmailCanNotBeUpdated => "The address cannot be changed here.".into(),
        Code::NoFieldsToUpdate => "Nothing was changed. Change a field, then save.".into(),
        Code::MissingOrNullOrigin | Code::InvalidOrigin | Code::CrossSiteNavigation => {
            "This form was sent from another page. Open this page directly and send it again.".into()
        }
        Code::InvalidCallbackUrl
        | Code::InvalidRedirectUrl
        | Code::InvalidErrorCallbackUrl
        | Code::InvalidNewUserCallbackUrl
        | Code::CallbackNotAString => "The address to return to is not allowed.".into(),
        Code::MalformedRequest if has_repeated_header(problem) => repeated_header(),
        Code::BadRequest | Code::MalformedRequest | Code::UnsupportedMediaType => {
            "The form did not arrive in one piece. Load the page again and send it once more.".into()
        }
        Code::RequestTimeout => too_slow(),
        Code::InvalidAuthorizationRequest => mistaken_client(),
        Code::UnknownAudience => "This service is not known here.".into(),
        Code::ConversationNotFound => "This conversation is not here. It may have been deleted.".into(),
        Code::MessageNotFound => "This message is not here.".into(),
        Code::MessageConflict => "This message is there already, and says something else.".into(),
        Code::ConversationConflict => "You have another conversation of this name.".into(),
        Code::InvalidCursor => "This page of the list is gone. Begin at the first one.".into(),
        Code::IdempotencyKeyReused => "This was sent before, with other words. Send it once more.".into(),
        Code::PayloadTooLarge | Code::PartTooLarge | Code::MessageTooLarge => {
            "That is too much text. Shorten it and send it again.".into()
        }
        Code::ConversationFull => "This conversation is as long as one can be. Begin a new one.".into(),
        Code::TooManyConversations => {
            "You have as many conversations as one can have. Delete some you no longer need.".into()
        }
        Code::StorageFull => storage_full(),
        Code::NotFound => "There is nothing at this address.".into(),
        Code::MethodNotAllowed | Code::DeferredRefreshDisabled => {
            "This address cannot be used that way.".into()
        }
        Code::TooManyRequests => {
            format!("Too many tries. Wait {}, then try again.", wait(problem.retry_after))
        }
        Code::Busy => "Many people are signing in right now. Try again in a few seconds.".into(),
        Code::Unavailable => "The accounts are out of reach for a moment. Try again shortly.".into(),
        Code::InsufficientStorage => no_space_left(),
        Code::Internal => "Something failed on our side. Nothing was changed. Try again shortly.".into(),
    }
}

/// Why somebody may not sign up.
const fn may_not_sign_up(code: Code) -> &'static str {
    match code {
        Code::InvitationRequired => {
            "You need an invitation. Open the link in yours, then send this form again."
        }
        Code::TermsNotAccepted => "Read the terms and accept them to go on.",
        Code::InvalidInvitation => {
            "This invitation does not work: it was used or withdrawn, is too old, or is for another address. Ask for \
             a new one."
        }
        Code::EmailDomainNotAllowed => {
            "Accounts here are not for addresses of this domain. Use another address."
        }
        _ => "Sign-up is closed: nobody can open an account at the moment.",
    }
}

fn too_slow() -> String {
    "The form did not arrive in time. Check your connection and send it again.".into()
}

fn mistaken_client() -> String {
    "The book that sent you here made a mistake. Go back to it and try again.".into()
}

fn no_space_left() -> String {
    "There is no space left here to keep anything new. What is kept can be read, taken along and deleted."
        .into()
}

fn too_short(reason: Option<&Reason>) -> String {
    let min = if let Some(Reason::TooShort { min }) = reason { *min } else { NewPassword::MIN };
    format!("Use at least {min} characters.")
}

/// A waiting time in words.
fn wait(seconds: Option<u32>) -> String {
    match seconds.unwrap_or(1) {
        0 | 1 => "a second".into(),
        seconds @ 2..=90 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn storage_full() -> String {
    "Your conversations take up all the space there is for you. Delete some you no longer need; ten minutes later there is \
     room again."
        .into()
}

const fn has_repeated_header(problem: &Problem) -> bool {
    matches!(problem.reason, Some(Reason::RepeatedHeader { .. }))
}

fn repeated_header() -> String {
    "The browser, or something between it and this page, sent one thing twice. Turn off extensions that change what is \
     sent, then try again."
        .into()
}

fn address() -> String {
    "Enter an e-mail address, such as name@example.com.".into()
}

fn is_password(field: &str) -> bool {
    matches!(field, "password" | "newPassword" | "currentPassword")
}

fn invalid(problem: &Problem) -> String {
    match &problem.reason {
        Some(Reason::NotAnAddress) => address(),
        Some(reason @ Reason::TooShort { .. }) => too_short(Some(reason)),
        Some(Reason::TooLong { max }) => format!("Use at most {max} characters."),
        Some(Reason::ForbiddenCharacter) => "Use letters, digits and signs on one line.".into(),
        Some(Reason::NotAnOption { .. }) => "Choose one of the options.".into(),
        Some(Reason::NotAUrl) => "Enter an address that begins with https://.".into(),
        Some(Reason::Empty | Reason::Type { .. }) if problem.field.as_deref().is_some_and(is_password) => {
            "Enter a password.".into()
        }
        Some(Reason::Empty | Reason::Type { .. } | Reason::ContentType { .. } | Reason::ContentEncoding)
        | None => "Fill in this field.".into(),
        Some(Reason::RepeatedHeader { .. }) => repeated_header(),
        Some(Reason::OpensNoConversations { .. } | Reason::Scope { .. }) => {
            "This service may not do that with your conversations.".into()
        }
        Some(Reason::Sentence(sentence)) => sentence.clone(),
        Some(Reason::Wanted(_)) => "This cannot be used here. Check it and try again.".into(),
    }
}
