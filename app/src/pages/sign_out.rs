//! `/sign-out`: asks first, so that a link alone never signs anyone out.

use contract::{Email, routes, with_next};
use leptos::prelude::*;

use crate::{
    components::{Card, CardLayout, FieldErrors, ProblemSummary},
    context::RequestContext,
    islands::SubmitButton,
    next::NextField,
    server::SignOut,
};

#[component]
pub(crate) fn SignOutPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let Some(signed_in) = &context.visitor.signed_in else {
        context.go_to(routes::HOME);
        return None;
    };
    let next = context.visitor.next.clone();
    let email = Email::display(&signed_in.user.email);
    let lede = match &context.visitor.return_to {
        Some(to) => format!("You are signed in as {email}, and go on to {}.", to.client.name),
        None => format!("You are signed in as {email}."),
    };
    let field_errors = FieldErrors::of_request();
    let action = with_next(<SignOut as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    Some(view! {
        <CardLayout title=field_errors.title("Sign out") help="What you keep here stays with your account.">
            <Card heading="Sign out?" lede=Some(lede)>
                <ProblemSummary field_errors />
                <form class="form" method="post" action=action>
                    <NextField next />
                    <SubmitButton label="Sign out".to_owned() />
                </form>
                <p class="card__footer"><a href=routes::HOME>"Stay signed in"</a></p>
            </Card>
        </CardLayout>
    })
}
