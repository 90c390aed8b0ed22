//! `/forgot-password`: requests a password reset link.

use contract::{LocalPath, routes, with_next};
use domain::link_ttl;
use leptos::{either::EitherOf3, prelude::*};

use super::{lifetime::hours, query::query_parameter};
use crate::{
    components::{Card, CardLayout, FieldErrors, ProblemSummary, TextField},
    context::RequestContext,
    islands::SubmitButton,
    next::NextField,
    server::RequestPasswordReset,
};

#[component]
pub(crate) fn ForgotPasswordPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let next = context.visitor.next.clone();
    let field_errors = FieldErrors::of_request();
    let (heading, lede, body) = if !context.services.mail.is_enabled() {
        (HEADING, NO_MAIL.to_owned(), EitherOf3::A(()))
    } else if query_parameter("sent").is_some() && field_errors.code().is_none() {
        ("Look into your mailbox", sent(), EitherOf3::B(view! { <Sent next=next.clone() /> }))
    } else {
        let form = view! { <Ask next=next.clone() field_errors=field_errors.clone() /> };
        (HEADING, ASK.to_owned(), EitherOf3::C(form))
    };
    let (back, words) = match &context.visitor.signed_in {
        Some(_) => (routes::SECURITY.to_owned(), "Back to your account"),
        None => (with_next(routes::SIGN_IN, next.as_ref()), "Back to sign in"),
    };
    Some(view! {
        <CardLayout
            title=field_errors.title(heading)
            help="Nothing about your account changes until you open the link."
        >
            <Card heading lede=Some(lede)>
                {body}
                <p class="card__footer"><a href=back>{words}</a></p>
            </Card>
        </CardLayout>
    })
}

const HEADING: &str = "Forgot your password?";
const ASK: &str = "Give the address of your account, and we mail you a link to choose a new one.";
const NO_MAIL: &str =
    "This book sends no mail, so we cannot send you a link. Write to its author, who can give you one.";

/// The same text for every address, so that it reveals nothing.
fn sent() -> String {
    let lasts = hours(link_ttl::RESET);
    format!("If this address has an account, a mail with a link is on its way. It works for {lasts}.")
}

#[component]
fn Ask(next: Option<LocalPath>, field_errors: FieldErrors) -> impl IntoView {
    let action = with_next(<RequestPasswordReset as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    view! {
        <ProblemSummary field_errors=field_errors.clone() />
        <form class="form" method="post" action=action novalidate>
            <NextField next />
            <TextField
                name="email"
                label="E-mail"
                email=true
                autocomplete="username"
                state=field_errors.field("email", None)
            />
            <SubmitButton label="Send the link".to_owned() />
        </form>
    }
}

#[component]
fn Sent(next: Option<LocalPath>) -> impl IntoView {
    let again = with_next(routes::FORGOT_PASSWORD, next.as_ref());
    view! {
        <p>
            "Nothing there after a few minutes? Look among the unwanted mail, and see whether you gave the address you
            signed up with."
        </p>
        <div class="actions"><a class="button button--quiet" href=again>"Ask for another link"</a></div>
    }
}
