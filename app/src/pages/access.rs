//! Pages that require a session, and pages that require none.

use contract::{LocalPath, routes, with_next};
use domain::{InternalError, SignedIn};
use leptos::prelude::use_context;

use crate::{FormErrors, context::RequestContext};

/// Redirects a signed-in reader to `next`: signing in again would only replace the session, unless a client asks for that. After a refused form the page is
/// shown all the same, with its errors.
pub(crate) fn leave_if_signed_in(context: &RequestContext) -> bool {
    let asks_again = context.visitor.return_to.as_ref().is_some_and(|to| to.has_to_sign_in);
    let leaves = context.visitor.signed_in.is_some() && !asks_again && use_context::<FormErrors>().is_none();
    if leaves {
        go_to_next(context);
    }
    leaves
}

/// Redirects a signed-in reader to `next`, by way of the terms if they have to be accepted first: `next` may be a page that
/// does not ask.
fn go_to_next(context: &RequestContext) {
    let next = context.visitor.next.as_ref();
    if context.visitor.must_accept_terms {
        context.go_to(&with_next(routes::TERMS, next));
    } else {
        context.go_to(next.map_or(routes::HOME, LocalPath::as_str));
    }
}

/// The session; without one, redirects to the sign-in page, which leads back to `page`. A reader who has to accept the terms
/// does so first, unless the page is that on which everything can be taken away and deleted.
pub(crate) fn signed_in_or_leave(context: &RequestContext, page: &str) -> Option<SignedIn> {
    let signed_in = context.visitor.signed_in.clone();
    if signed_in.is_none() {
        context.go_to(&with_next(routes::SIGN_IN, LocalPath::parse(page).as_ref()));
        return None;
    }
    signed_in.filter(|_| page == routes::DATA || !leave_for_terms(context, page))
}

/// Redirects a reader who has to accept the terms to them; they lead back to `page`. A refused form is shown all the same.
pub(crate) fn leave_for_terms(context: &RequestContext, page: &str) -> bool {
    let leaves = context.visitor.must_accept_terms && use_context::<FormErrors>().is_none();
    if leaves {
        context.go_to(&with_next(routes::TERMS, LocalPath::parse(page).as_ref()));
    }
    leaves
}

/// Whether the account has a password.
pub(crate) async fn has_password(
    context: &RequestContext,
    signed_in: &SignedIn,
) -> Result<bool, InternalError> {
    let methods = context.services.accounts.sign_in_methods(&signed_in.user).await?;
    Ok(methods.iter().any(|method| method.provider_id == "credential"))
}
