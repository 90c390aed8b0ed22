//! `/reset-password`: sets a new password, with the token of an email link.

use contract::{LocalPath, routes, with_next};
use leptos::{either::Either, prelude::*};

use super::query::query_parameter;
use crate::{
    components::{Card, CardLayout, FieldErrors, PageTitle, PasswordField, ProblemSummary, async_section},
    context::RequestContext,
    islands::SubmitButton,
    next::NextField,
    server::ResetPassword,
};

#[component]
pub(crate) fn ResetPasswordPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let failed = query_parameter("error").is_some();
    let new_min = context.services.accounts.rules().passwords.min_length;
    let asking = context.clone();
    let is_good = move || {
        let context = asking.clone();
        async move {
            match context.visitor.link.as_ref().filter(|_| !failed) {
                Some(link) => context.services.accounts.is_reset_link_valid(&link.0).await,
                None => Ok(false),
            }
        }
    };
    let field_errors = FieldErrors::of_request();
    let title = field_errors.title("Choose a new password");
    let next = context.visitor.next.clone();
    let page = async_section(&context, is_good, move |good| {
        if good {
            Either::Left(view! { <Choose new_min next=next.clone() field_errors=field_errors.clone() /> })
        } else {
            Either::Right(view! { <Dead next=next.clone() /> })
        }
    });
    Some(view! {
        <CardLayout title help="A new password signs you out wherever you are signed in.">{page}</CardLayout>
    })
}

#[component]
fn Choose(new_min: usize, next: Option<LocalPath>, field_errors: FieldErrors) -> impl IntoView {
    let action = with_next(<ResetPassword as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    view! {
        <Card heading="Choose a new password">
            <ProblemSummary field_errors=field_errors.clone() />
            <form class="form" method="post" action=action novalidate>
                <NextField next />
                <PasswordField
                    name="newPassword"
                    label="New password"
                    new_min
                    state=field_errors.field("newPassword", None)
                />
                <SubmitButton label="Set the password".to_owned() />
            </form>
        </Card>
    }
}

const DEAD: &str = "This link does not work any more";

/// The link is unknown, used, replaced or expired; a reader need not know which.
#[component]
fn Dead(next: Option<LocalPath>) -> impl IntoView {
    let again = with_next(routes::FORGOT_PASSWORD, next.as_ref());
    let lede = "A link works once and for a short time, and a newer one takes its place. Ask for a new one.";
    view! {
        <PageTitle title=DEAD />
        <Card heading=DEAD lede=Some(lede.to_owned())>
            <div class="actions"><a class="button" href=again>"Ask for a new link"</a></div>
        </Card>
    }
}
