//! The next step.

use contract::{Code, LocalPath, VerificationCode, routes, with_next};
use domain::User;
use leptos::prelude::*;

use super::state::{AGAIN, PageState, of_a_change};
use crate::{
    components::{Field, FieldErrors, FieldState, TextField, described_by},
    context::RequestContext,
    islands::SubmitButton,
    next::NextField,
    server::{SendVerification, VerifyEmailCode},
};

#[component]
pub(super) fn Next(
    state: PageState,
    user: Option<User>,
    can_send: bool,
    field_errors: FieldErrors,
) -> impl IntoView {
    let next = RequestContext::of_request().and_then(|context| context.visitor.next);
    let (to, words) = match (&user, &next) {
        (Some(_), Some(next)) => (next.as_str().to_owned(), "Go on"),
        (Some(_), None) => (routes::ACCOUNT.to_owned(), "To your account"),
        (None, next) => (with_next(routes::SIGN_IN, next.as_ref()), "Sign in"),
    };
    let again = with_next(AGAIN, next.as_ref());
    let is_proved = user.as_ref().is_some_and(|user| user.email_verified);
    let waits = can_send && !is_proved;
    let on = view! { <a class="button" href=to.clone()>{words}</a> };
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
        PageState::Sent | PageState::SignedUp | PageState::EnterCode => view! {
            <EnterCode state next field_errors />
            <p>"Nothing there after a few minutes? Look among the unwanted mail."</p>
            <p class="card__footer">
                <a href=to>{words}</a>" · "<a href=again>"Ask for another mail"</a>
            </p>
        }
        .into_any(),
        PageState::Failed(_) | PageState::Asking if waits => {
            view! { <Send user next field_errors /><p class="card__footer"><a href=to>{words}</a></p> }
                .into_any()
        }
        PageState::ChangeConfirmed if user.is_some() => {
            view! { <EnterCode state next field_errors /><p class="card__footer"><a href=to>{words}</a></p> }
                .into_any()
        }
        // Signed in with a new address that is not verified yet.
        PageState::Changed if waits && user.is_some() => {
            view! { <Send user next field_errors /><p class="card__footer"><a href=to>{words}</a></p> }
                .into_any()
        }
        _ => view! { <div class="actions">{on}</div> }.into_any(),
    }
}

/// The form that takes the code of the mail. It keeps its page's query, so that a refused code is shown on the same page.
#[component]
fn EnterCode(state: PageState, next: Option<LocalPath>, field_errors: FieldErrors) -> impl IntoView {
    let path = <VerifyEmailCode as leptos::server_fn::ServerFn>::PATH;
    let action = with_next(&format!("{path}?{}", state.query_with_code().unwrap_or_default()), next.as_ref());
    let name = VerificationCode::FIELD;
    let FieldState { value, error, focused, .. } = field_errors.of_form(name).field(name, None);
    let hint = Some("Six digits from the mail. If it has none, open its link.".to_owned());
    let described_by = described_by(name, true, error.is_some(), false);
    let invalid = error.is_some().then_some("true");
    view! {
        <form class="form" method="post" action=action novalidate>
            <NextField next />
            <Field name label="Code" hint error>
                <input
                    class="field__input field__input--code"
                    id=name
                    name=name
                    type="text"
                    dir="ltr"
                    inputmode="numeric"
                    autocomplete="one-time-code"
                    autocapitalize="none"
                    spellcheck="false"
                    enterkeyhint="done"
                    required
                    value=value
                    aria-describedby=described_by
                    aria-invalid=invalid
                    autofocus=focused
                />
            </Field>
            <SubmitButton label="Confirm the address".to_owned() />
        </form>
    }
}

/// The form that asks for a link; for a signed-in reader, to the account's own address.
#[component]
fn Send(user: Option<User>, next: Option<LocalPath>, field_errors: FieldErrors) -> impl IntoView {
    let action = with_next(<SendVerification as leptos::server_fn::ServerFn>::PATH, next.as_ref());
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
            <NextField next />
            {address}
            <SubmitButton label="Send the link".to_owned() />
        </form>
    }
}
