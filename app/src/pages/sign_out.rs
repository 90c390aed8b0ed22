//! `/sign-out`: asks first, so that a link alone never signs anyone out.

use contract::{Email, routes};
use leptos::prelude::*;

use crate::{
    components::{Card, CardLayout, FieldErrors, ProblemSummary},
    context::RequestContext,
    islands::SubmitButton,
    server::SignOut,
};

#[component]
pub(crate) fn SignOutPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let Some(signed_in) = &context.visitor.signed_in else {
        context.go_to(routes::HOME);
        return None;
    };
    let lede = format!("You are signed in as {}.", Email::display(&signed_in.user.email));
    let field_errors = FieldErrors::of_request();
    let action = <SignOut as leptos::server_fn::ServerFn>::PATH;
    Some(view! {
        <CardLayout title=field_errors.title("Sign out") help="What you keep here stays with your account.">
            <Card heading="Sign out?" lede=Some(lede)>
                <ProblemSummary field_errors />
                <form class="form" method="post" action=action>
                    <SubmitButton label="Sign out".to_owned() />
                </form>
                <p class="card__footer"><a href=routes::HOME>"Stay signed in"</a></p>
            </Card>
        </CardLayout>
    })
}
