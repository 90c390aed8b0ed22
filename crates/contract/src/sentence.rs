//! The sentences a reader sees, by code: the one catalogue, so that other languages can follow.

use crate::{Code, NewPassword, Problem, Reason};

/// What a page says about a problem: what happened and what to do, without blame.
pub fn sentence(problem: &Problem) -> String {
    match problem.code {
        Code::ValidationError => invalid(problem),
        Code::MissingField => "Please answer this question.".into(),
        Code::PasswordTooShort => format!("Use at least {} characters.", NewPassword::MIN),
        Code::PasswordTooLong => "Use at most 128 characters.".into(),
        Code::UserAlreadyExists => {
            "This address already has an account. Sign in instead, or use another address.".into()
        }
        Code::InvalidEmail => address(),
        Code::InvalidEmailOrPassword => {
            "E-mail address or password is not right. Check both and try again.".into()
        }
        Code::Unauthorized => "You are signed out. Sign in to go on.".into(),
        Code::InvalidToken => "This link or token is no longer valid. Start again.".into(),
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
        Code::PayloadTooLarge => "That is too much text. Shorten it and send it again.".into(),
        Code::BadRequest | Code::MalformedRequest | Code::UnsupportedMediaType => {
            "The form did not arrive in one piece. Load the page again and send it once more.".into()
        }
        Code::RequestTimeout => {
            "The form did not arrive in time. Check your connection and send it again.".into()
        }
        Code::UnknownAudience => "This service is not known here.".into(),
        Code::NotFound => "There is nothing at this address.".into(),
        Code::MethodNotAllowed | Code::DeferredRefreshDisabled => {
            "This address cannot be used that way.".into()
        }
        Code::Busy => "Many people are signing in right now. Try again in a few seconds.".into(),
        Code::Unavailable => "The accounts are out of reach for a moment. Try again shortly.".into(),
        Code::Internal => "Something failed on our side. Nothing was changed. Try again shortly.".into(),
    }
}

fn address() -> String {
    "Enter an e-mail address, such as name@example.com.".into()
}

fn invalid(problem: &Problem) -> String {
    match &problem.reason {
        Some(Reason::NotAnAddress) => address(),
        Some(Reason::TooLong { max }) => format!("Use at most {max} characters."),
        Some(Reason::ForbiddenCharacter) => "Use letters, digits and signs on one line.".into(),
        Some(Reason::NotAnOption { .. }) => "Choose one of the options.".into(),
        Some(Reason::NotAUrl) => "Enter an address that begins with https://.".into(),
        Some(Reason::Empty | Reason::Type { .. }) if problem.field.as_deref() == Some("password") => {
            "Enter a password.".into()
        }
        Some(Reason::Empty | Reason::Type { .. })
        | None
        | Some(Reason::ContentType { .. } | Reason::ContentEncoding) => "Fill in this field.".into(),
    }
}
