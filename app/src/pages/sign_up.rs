//! `/sign-up`.

use contract::routes;
use leptos::prelude::*;

use super::access::leave_if_signed_in;
use crate::{
    components::{
        Card, CardLayout, FieldErrors, KeepSignedIn, PasswordField, ProblemSummary, Questionnaire, TextField,
    },
    context::RequestContext,
    islands::SubmitButton,
    next::{NextField, with_next},
    server::SignUp,
};

#[component]
pub(crate) fn SignUpPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    if leave_if_signed_in(&context) {
        return None;
    }
    let next = context.visitor.next.clone();
    let new_min = context.services.accounts.rules().passwords.min_length;
    let field_errors = FieldErrors::of_request();
    let action = with_next(<SignUp as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    let sign_in = with_next(routes::SIGN_IN, next.as_ref());
    let questions = context.services.questions.clone();
    Some(view! {
        <CardLayout title=field_errors.title("Create an account") help="Your answers stay with this book and its services.">
            <Card
                heading="Create an account"
                lede=Some("One account for this book and its services, on every device.".to_owned())
            >
                <ProblemSummary field_errors=field_errors.clone() questions=Some(questions.clone()) />
                <form class="form" method="post" action=action novalidate>
                    <NextField next />
                    <TextField
                        name="name"
                        label="Name"
                        autocomplete="name"
                        optional=true
                        state=field_errors.field("name", None)
                    />
                    <TextField
                        name="email"
                        label="E-mail"
                        email=true
                        autocomplete="username"
                        state=field_errors.field("email", None)
                    />
                    <PasswordField new_min state=field_errors.field("password", None) />
                    <Questionnaire questions answers=None field_errors=field_errors.clone() />
                    <KeepSignedIn field_errors />
                    <SubmitButton label="Create account".to_owned() />
                </form>
                <p class="card__footer">"Have an account? "<a href=sign_in>"Sign in"</a></p>
            </Card>
        </CardLayout>
    })
}
