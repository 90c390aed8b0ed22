//! `/verify-email`: what a link that proves an address would do or has done, and what to do next.

mod link;
mod next;
mod text;

use contract::Code;
use domain::User;
use leptos::{either::Either, prelude::*};

use self::{link::WaitingLink, next::Next, text::words};
use super::query_parameter;
use crate::{
    components::{FieldErrors, Framed, PageTitle, Plate, ProblemSummary},
    context::RequestContext,
};

/// The page, asked for a link whatever else is waiting.
pub(crate) const AGAIN: &str = "/verify-email?again";

/// What the page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// A link did nothing, or would do nothing.
    Failed(Code),
    /// An account may have been opened, whose address has to be proved first.
    SignedUp,
    /// A mail may be on its way.
    Sent,
    /// The address is proved.
    Confirmed,
    /// A change of address is confirmed at the present one.
    ChangeConfirmed,
    /// The address was changed.
    Changed,
    /// A link waits for the button.
    Link,
    /// A link can be asked for.
    Asking,
}

#[component]
pub(crate) fn VerifyEmailPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let user = context.visitor.signed_in.as_ref().map(|signed_in| signed_in.user.clone());
    let field_errors = FieldErrors::of_request();
    let can_send = context.services.mail.is_enabled();
    let about = page_state(&context, user.as_ref(), &field_errors);
    // Of a link that waits the title is not known yet.
    let title = field_errors.title(words(about, user.as_ref(), can_send).0);
    let plate = match about {
        About::Link => {
            Either::Left(view! { <WaitingLink context user can_send field_errors=field_errors.clone() /> })
        }
        about => Either::Right(view! { <WhatNow about user can_send field_errors=field_errors.clone() /> }),
    };
    Some(view! {
        <Framed
            title
            help="A confirmed address lets you back in when you forget your password."
        >
            {plate}
        </Framed>
    })
}

/// Everything but a link that waits: what has happened, and what to do next.
#[component]
fn WhatNow(about: About, user: Option<User>, can_send: bool, field_errors: FieldErrors) -> impl IntoView {
    let (heading, lede) = words(about, user.as_ref(), can_send);
    // A link that failed is what the page is about already.
    let summary = if let About::Failed(_) = about { FieldErrors::default() } else { field_errors.clone() };
    view! {
        <PageTitle title=field_errors.title(heading) />
        <Plate heading lede=Some(lede)>
            <ProblemSummary field_errors=summary />
            <Next about user can_send field_errors />
        </Plate>
    }
}

/// What the address says counts before a link that waits, as that may have come for something else. Nobody is told that
/// their address is proved who has only been sent here by a link on some page.
fn page_state(context: &RequestContext, user: Option<&User>, field_errors: &FieldErrors) -> About {
    let has_proved = user.is_some_and(|user| user.email_verified);
    match field_errors.code() {
        Some(code @ (Code::InvalidVerificationToken | Code::TokenExpired | Code::InvalidUser)) => {
            return About::Failed(code);
        }
        Some(Code::EmailAlreadyVerified) => return About::Confirmed,
        Some(_) if field_errors.of_form("email").code().is_some() => return About::Asking,
        _ => {}
    }
    let says = |name| query_parameter(name).is_some();
    if let Some(code) = query_parameter("error") {
        About::Failed(failure(&code))
    } else if says("changed") {
        About::Changed
    } else if says("change") {
        About::ChangeConfirmed
    } else if says("again") && !has_proved {
        About::Asking
    } else if says("signed-up") && !has_proved {
        About::SignedUp
    } else if says("sent") && !has_proved {
        About::Sent
    } else if says("confirmed") && (user.is_none() || has_proved) {
        About::Confirmed
    } else if context.visitor.link.is_some() {
        About::Link
    } else if has_proved {
        About::Confirmed
    } else {
        About::Asking
    }
}

/// What the address says of a link that failed. Anybody can write an address, so anything else is no more than that.
fn failure(code: &str) -> Code {
    match code {
        "TOKEN_EXPIRED" => Code::TokenExpired,
        "INVALID_USER" => Code::InvalidUser,
        _ => Code::InvalidVerificationToken,
    }
}

/// Whether the link that led here was about a change of address.
fn of_a_change() -> bool {
    query_parameter("change").or_else(|| query_parameter("changed")).is_some()
}
