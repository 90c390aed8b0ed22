//! `/verify-email`: what a link that verifies an address would do or has done, and what to do next.

mod link;
mod next;
mod state;
mod text;
mod what_now;

pub(crate) use self::state::AGAIN;

use leptos::{either::Either, prelude::*};

use self::{
    link::WaitingLink,
    state::{PageState, page_state},
    text::words,
    what_now::WhatNow,
};
use crate::{
    components::{CardLayout, FieldErrors},
    context::RequestContext,
};

#[component]
pub(crate) fn VerifyEmailPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let user = context.visitor.signed_in.as_ref().map(|signed_in| signed_in.user.clone());
    let field_errors = FieldErrors::of_request();
    let can_send = context.services.mail.is_enabled();
    let state = page_state(&context, user.as_ref(), &field_errors);
    // The title of a waiting link is known only when the link has been looked up.
    let title = field_errors.title(words(state, user.as_ref(), can_send).0);
    let plate = match state {
        PageState::Link => {
            Either::Left(view! { <WaitingLink context user can_send field_errors=field_errors.clone() /> })
        }
        state => Either::Right(view! { <WhatNow state user can_send field_errors=field_errors.clone() /> }),
    };
    Some(view! {
        <CardLayout
            title
            help="A confirmed address lets you back in when you forget your password."
        >
            {plate}
        </CardLayout>
    })
}
