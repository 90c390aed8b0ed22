//! A link that waits for the reader to press a button: what it would do.

use contract::{Code, Email, routes};
use domain::{EmailLinkKind, User, VerifyEmailError};
use leptos::{either::Either, prelude::*};

use super::{state::PageState, what_now::WhatNow};
use crate::{
    components::{Card, FieldErrors, PageTitle, ProblemSummary, async_section},
    context::RequestContext,
    islands::SubmitButton,
    server::VerifyEmail,
};

/// Looks the link up first, so that the button says what it does.
#[component]
pub(super) fn WaitingLink(
    context: RequestContext,
    user: Option<User>,
    can_send: bool,
    field_errors: FieldErrors,
) -> impl IntoView {
    let asking = context.clone();
    let look = move || {
        let context = asking.clone();
        async move {
            let token = context.visitor.link.map(|link| link.0).unwrap_or_default();
            match context.services.accounts.inspect_link(&token).await {
                Ok(meaning) => Ok(Ok(meaning)),
                Err(VerifyEmailError::Failure(failure)) => Err(failure),
                Err(VerifyEmailError::Expired) => Ok(Err(Code::TokenExpired)),
                Err(VerifyEmailError::OtherUser) => Ok(Err(Code::InvalidUser)),
                Err(VerifyEmailError::InvalidToken) => Ok(Err(Code::InvalidVerificationToken)),
            }
        }
    };
    async_section(&context, look, move |found: Result<EmailLinkKind, Code>| {
        let (user, field_errors) = (user.clone(), field_errors.clone());
        match found {
            Ok(meaning) => Either::Left(view! { <Confirm meaning field_errors /> }),
            Err(code) => {
                Either::Right(view! { <WhatNow state=PageState::Failed(code) user can_send field_errors /> })
            }
        }
    })
}

/// A button, because a link on some page must not sign in or move anybody, and mail scanners press no buttons.
#[component]
fn Confirm(meaning: EmailLinkKind, field_errors: FieldErrors) -> impl IntoView {
    let (heading, lede, label) = words(&meaning);
    let action = <VerifyEmail as leptos::server_fn::ServerFn>::PATH;
    let doubt = matches!(meaning, EmailLinkKind::MoveTo(_)).then(|| {
        view! {
            <p>
                "If you did not ask for this, leave the page and "
                <a href=routes::SECURITY>"change your password"</a>"."
            </p>
        }
    });
    view! {
        <PageTitle title=field_errors.title(heading) />
        <Card heading lede=Some(lede)>
            <ProblemSummary field_errors />
            <form class="form" method="post" action=action>
                <SubmitButton label=label.to_owned() />
            </form>
            {doubt}
        </Card>
    }
}

/// Heading, sentence and button label.
fn words(meaning: &EmailLinkKind) -> (&'static str, String, &'static str) {
    match meaning {
        EmailLinkKind::Address => {
            ("Confirm your address", "Confirm that this mailbox is yours.".to_owned(), "Confirm my address")
        }
        EmailLinkKind::MoveTo(address) => {
            ("Move your account?", format!("It goes to {}.", Email::display(address)), "Confirm the change")
        }
        EmailLinkKind::NewAddress(address) => (
            "Confirm your new address",
            format!("Your account gets the address {}.", Email::display(address)),
            "Confirm the new address",
        ),
    }
}
