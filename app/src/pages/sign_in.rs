//! `/sign-in`.

use contract::routes;
use leptos::prelude::*;

use super::{NextField, asked, leave_if_signed_in, with_next};
use crate::{
    components::{Framed, Good, KeepSignedIn, PasswordField, Plate, ProblemSummary, TextField, Trouble},
    context::Door,
    islands::SubmitButton,
    server::SignIn,
};

#[component]
pub(crate) fn SignInPage() -> impl IntoView {
    let door = Door::of_request()?;
    if leave_if_signed_in(&door) {
        return None;
    }
    let next = door.reader.next.clone();
    let trouble = Trouble::of_request();
    let action = with_next(<SignIn as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    let forgot = with_next(routes::FORGOT_PASSWORD, next.as_ref());
    let forgot = door.services.post.is_open().then(|| {
        view! { <p class="field__turn"><a href=forgot>"Forgot your password?"</a></p> }
    });
    let is_reset = asked("reset").is_some() && trouble.code().is_none();
    let sign_up = with_next(routes::SIGN_UP, next.as_ref());
    Some(view! {
        <Framed title=trouble.title("Sign in") help="Your account belongs to this book alone.">
            <Plate heading="Sign in">
                {is_reset.then(|| view! { <Good words="Your password is set. Sign in with it." /> })}
                <ProblemSummary trouble=trouble.clone() />
                <form class="form" method="post" action=action novalidate>
                    <NextField next />
                    <TextField
                        name="email"
                        label="E-mail"
                        email=true
                        autocomplete="username"
                        state=trouble.field("email", None)
                    />
                    <PasswordField state=trouble.field("password", None) />
                    {forgot}
                    <KeepSignedIn trouble />
                    <SubmitButton label="Sign in".to_owned() />
                </form>
                <p class="plate__turn">"New here? "<a href=sign_up>"Create an account"</a></p>
            </Plate>
        </Framed>
    })
}
