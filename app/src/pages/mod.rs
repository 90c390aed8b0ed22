//! One file a page.

mod account;
mod home;
mod problem;
mod sign_in;
mod sign_out;
mod sign_up;

pub(crate) use self::{
    account::AccountPage, home::HomePage, problem::ProblemPage, sign_in::SignInPage, sign_out::SignOutPage,
    sign_up::SignUpPage,
};

use contract::{LocalPath, routes};
use leptos::prelude::*;

use crate::{Refusal, context::Door};

/// The hidden field that carries `next` through a form.
#[component]
fn NextField(next: Option<LocalPath>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next.as_str().to_owned() /> })
}

/// A path with `next` in its query, so that the address still says where to go when a form comes back.
fn with_next(path: &str, next: Option<&LocalPath>) -> String {
    match next {
        Some(next) => format!("{path}?next={}", escaped(next.as_str())),
        None => path.to_owned(),
    }
}

/// A path as the value of a query parameter.
fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B").replace('?', "%3F")
}

/// Sends a reader who is signed in where they were going. Signing in again would only replace the session. Who has just
/// tried, on a page opened before, is told what came of it instead.
fn leave_if_signed_in(door: &Door) -> bool {
    let leaves = door.reader.signed_in.is_some() && use_context::<Refusal>().is_none();
    if leaves {
        door.go_to(door.reader.next.as_ref().map_or(routes::HOME, LocalPath::as_str));
    }
    leaves
}
