//! `/account`: the reader's profile.

use contract::{Email, routes};
use domain::User;
use leptos::prelude::*;

use super::{access::signed_in_or_leave, verify_email::AGAIN};
use crate::{
    components::{Date, Entry, FieldErrors, PageLayout, Questionnaire, TextField},
    context::RequestContext,
    islands::SubmitButton,
    server::SaveProfile,
};

#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let user = signed_in_or_leave(&context, routes::ACCOUNT)?.user;
    let field_errors = FieldErrors::of_request();
    let questions = context.services.questions.clone();
    let can_confirm = context.services.mail.is_enabled();
    let action = <SaveProfile as leptos::server_fn::ServerFn>::PATH;
    Some(view! {
        <PageLayout
            heading="Your account"
            at=Entry::Profile
            field_errors=field_errors.clone()
            questions=Some(questions.clone())
            context
            help="Your answers stay with this book and its services."
        >
            <Facts user=user.clone() can_confirm />
            <form class="form" method="post" action=action novalidate>
                <TextField
                    name="name"
                    label="Name"
                    autocomplete="name"
                    optional=true
                    state=field_errors.field("name", Some(&user.name))
                />
                <Questionnaire questions answers=Some(user.answers) field_errors />
                <SubmitButton label="Save changes".to_owned() />
            </form>
        </PageLayout>
    })
}

/// Facts about the account that do not change here.
#[component]
fn Facts(
    /// The user.
    user: User,
    /// Whether a verification link can be sent.
    can_confirm: bool,
) -> impl IntoView {
    let confirmed = if user.email_verified { "confirmed" } else { "not confirmed" };
    let send_again = (can_confirm && !user.email_verified)
        .then(|| view! { " "<a class="facts__action" href=AGAIN>"Send the link again"</a> });
    view! {
        <dl class="facts">
            <dt>"E-mail"</dt>
            <dd>{Email::display(&user.email).into_owned()}" "<span class="tag">{confirmed}</span>{send_again}</dd>
            <dt>"Reader since"</dt>
            <dd><Date of=user.created_at /></dd>
        </dl>
    }
}
