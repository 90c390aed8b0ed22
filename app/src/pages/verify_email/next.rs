//! The next step.

use contract::{Code, routes};
use domain::User;
use leptos::prelude::*;

use super::state::{AGAIN, PageState, of_a_change};
use crate::{
    components::{FieldErrors, TextField},
    islands::SubmitButton,
    server::SendVerification,
};

#[component]
pub(super) fn Next(
    state: PageState,
    user: Option<User>,
    can_send: bool,
    field_errors: FieldErrors,
) -> impl IntoView {
    let (to, words) = match &user {
        Some(_) => (routes::ACCOUNT, "To your account"),
        None => (routes::SIGN_IN, "Sign in"),
    };
    let is_proved = user.as_ref().is_some_and(|user| user.email_verified);
    let waits = can_send && !is_proved;
    let on = view! { <a class="button" href=to>{words}</a> };
    match state {
        PageState::Failed(Code::InvalidUser) => view! {
            <div class="actions"><a class="button" href=routes::SIGN_OUT>"Sign out"</a></div>
        }
        .into_any(),
        PageState::Failed(_) if is_proved || of_a_change() => view! {
            <div class="actions">
                {on} <a class="button button--quiet" href=routes::SECURITY>"Ask for the change again"</a>
            </div>
        }
        .into_any(),
        PageState::Sent | PageState::SignedUp => view! {
            <p>"Nothing there after a few minutes? Look among the unwanted mail."</p>
            <div class="actions">
                {on} <a class="button button--quiet" href=AGAIN>"Ask for another link"</a>
            </div>
        }
        .into_any(),
        PageState::Failed(_) | PageState::Asking if waits => {
            view! { <Send user field_errors /><p class="card__footer"><a href=to>{words}</a></p> }.into_any()
        }
        // Signed in with a new address that is not verified yet.
        PageState::Changed if waits && user.is_some() => {
            view! { <Send user field_errors /><p class="card__footer"><a href=to>{words}</a></p> }.into_any()
        }
        _ => view! { <div class="actions">{on}</div> }.into_any(),
    }
}

/// The form that asks for a link; for a signed-in reader, to the account's own address.
#[component]
fn Send(user: Option<User>, field_errors: FieldErrors) -> impl IntoView {
    let action = <SendVerification as leptos::server_fn::ServerFn>::PATH;
    let address = match user {
        Some(user) => view! { <input type="hidden" name="email" value=user.email /> }.into_any(),
        None => view! {
            <TextField
                name="email"
                label="E-mail"
                email=true
                autocomplete="username"
                state=field_errors.field("email", None)
            />
        }
        .into_any(),
    };
    view! {
        <form class="form" method="post" action=action novalidate>
            {address}
            <SubmitButton label="Send the link".to_owned() />
        </form>
    }
}
