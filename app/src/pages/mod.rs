//! One file a page.

mod account;
mod conversation;
mod conversations;
mod forgot_password;
mod home;
mod privacy;
mod problem;
mod reference;
mod reset_password;
mod security;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod verify_email;

pub(crate) use self::{
    account::AccountPage, conversation::ConversationPage, conversations::ConversationsPage,
    forgot_password::ForgotPasswordPage, home::HomePage, privacy::DataPage, problem::ProblemPage,
    reference::ReferencePage, reset_password::ResetPasswordPage, security::SecurityPage,
    sessions::SessionsPage, sign_in::SignInPage, sign_out::SignOutPage, sign_up::SignUpPage,
    verify_email::VerifyEmailPage,
};

use contract::{LocalPath, routes};
use domain::{InternalError, SignedIn};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{FormErrors, context::RequestContext};

/// The hidden field that carries `next` through a form.
#[component]
fn NextField(next: Option<LocalPath>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next.as_str().to_owned() /> })
}

/// A path with `next` in its query, so that the address still says where to go when a form comes back.
pub(crate) fn with_next(path: &str, next: Option<&LocalPath>) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    match next {
        Some(next) => format!("{path}{sign}next={}", escaped(next.as_str())),
        None => path.to_owned(),
    }
}

/// A path as the value of a query parameter.
fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B").replace('?', "%3F")
}

/// Sends a reader who is signed in where they were going. Signing in again would only replace the session. Who has just
/// tried, on a page opened before, is told what came of it instead.
fn leave_if_signed_in(context: &RequestContext) -> bool {
    let leaves = context.visitor.signed_in.is_some() && use_context::<FormErrors>().is_none();
    if leaves {
        context.go_to(context.visitor.next.as_ref().map_or(routes::HOME, LocalPath::as_str));
    }
    leaves
}

/// Who is signed in; anybody else is sent to sign in, and comes back to `page` then.
fn signed_in_or_leave(context: &RequestContext, page: &str) -> Option<SignedIn> {
    let signed_in = context.visitor.signed_in.clone();
    if signed_in.is_none() {
        context.go_to(&with_next(routes::SIGN_IN, LocalPath::parse(page).as_ref()));
    }
    signed_in
}

/// A parameter of the page's address; `Some` of nothing when it stands there without a value.
fn query_parameter(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name))
}

/// Whether a reader has a password; who came in another way has none.
async fn has_password(context: &RequestContext, signed_in: &SignedIn) -> Result<bool, InternalError> {
    let methods = context.services.accounts.sign_in_methods(&signed_in.user).await?;
    Ok(methods.iter().any(|method| method.provider_id == "credential"))
}

/// How long a mailed link works, for people: whole hours.
fn hours(seconds: i64) -> String {
    match seconds / 3600 {
        1 => "one hour".to_owned(),
        hours => format!("{hours} hours"),
    }
}
