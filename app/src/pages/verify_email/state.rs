//! What the page is about: a link that waits, what a link has done, or a mail to ask for.

use contract::Code;
use domain::User;

use crate::{components::FieldErrors, context::RequestContext, pages::query::query_parameter};

/// The page with the form that asks for a link, even if a link is waiting.
pub(crate) const AGAIN: &str = "/verify-email?again";

/// The state the page shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageState {
    /// An invalid link.
    Failed(Code),
    /// An account may have been opened, whose address has to be verified first.
    SignedUp,
    /// A link was requested.
    Sent,
    /// The code of a mail can be entered.
    EnterCode,
    /// The address is verified.
    Confirmed,
    /// A change of address is confirmed at the current one.
    ChangeConfirmed,
    /// The address was changed.
    Changed,
    /// A link waits for confirmation.
    Link,
    /// A link can be requested.
    Asking,
}

impl PageState {
    /// The query under which the page shows this state, for the form that takes a code there; `None` where it shows none.
    pub(super) const fn query_with_code(self) -> Option<&'static str> {
        match self {
            Self::SignedUp => Some("signed-up"),
            Self::Sent => Some("sent"),
            Self::EnterCode => Some("code"),
            Self::ChangeConfirmed => Some("change"),
            _ => None,
        }
    }
}

/// The query of the address takes precedence over a waiting link, which may be for something else. A visitor whose address
/// is not verified is not told that it is, because anybody can write the query.
pub(super) fn page_state(
    context: &RequestContext,
    user: Option<&User>,
    field_errors: &FieldErrors,
) -> PageState {
    let has_proved = user.is_some_and(|user| user.email_verified);
    match field_errors.code() {
        Some(code @ (Code::InvalidVerificationToken | Code::TokenExpired | Code::InvalidUser)) => {
            return PageState::Failed(code);
        }
        Some(Code::EmailAlreadyVerified) => return PageState::Confirmed,
        Some(_) if field_errors.of_form("email").code().is_some() => return PageState::Asking,
        _ => {}
    }
    let says = |name| query_parameter(name).is_some();
    if let Some(code) = query_parameter("error") {
        PageState::Failed(failure(&code))
    } else if says("changed") {
        PageState::Changed
    } else if says("change") {
        PageState::ChangeConfirmed
    } else if says("code") {
        PageState::EnterCode
    } else if says("again") && !has_proved {
        PageState::Asking
    } else if says("signed-up") && !has_proved {
        PageState::SignedUp
    } else if says("sent") && !has_proved {
        PageState::Sent
    } else if says("confirmed") && (user.is_none() || has_proved) {
        PageState::Confirmed
    } else if context.visitor.link.is_some() {
        PageState::Link
    } else if has_proved {
        PageState::Confirmed
    } else {
        PageState::Asking
    }
}

/// The code of a failed link in the address. Anybody can write an address, so an unknown code means an invalid link.
fn failure(code: &str) -> Code {
    match code {
        "TOKEN_EXPIRED" => Code::TokenExpired,
        "INVALID_USER" => Code::InvalidUser,
        _ => Code::InvalidVerificationToken,
    }
}

/// Whether the failed link was for a change of address.
pub(super) fn of_a_change() -> bool {
    query_parameter("change").or_else(|| query_parameter("changed")).is_some()
}
