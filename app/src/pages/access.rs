//! Pages for who is signed in only, or for who is not.

use contract::{LocalPath, routes};
use domain::{InternalError, SignedIn};
use leptos::prelude::use_context;

use crate::{FormErrors, context::RequestContext, next::with_next};

/// Sends a reader who is signed in where they were going. Signing in again would only replace the session. Who has just
/// tried, on a page opened before, is told what came of it instead.
pub(crate) fn leave_if_signed_in(context: &RequestContext) -> bool {
    let leaves = context.visitor.signed_in.is_some() && use_context::<FormErrors>().is_none();
    if leaves {
        context.go_to(context.visitor.next.as_ref().map_or(routes::HOME, LocalPath::as_str));
    }
    leaves
}

/// Who is signed in; anybody else is sent to sign in, and comes back to `page` then.
pub(crate) fn signed_in_or_leave(context: &RequestContext, page: &str) -> Option<SignedIn> {
    let signed_in = context.visitor.signed_in.clone();
    if signed_in.is_none() {
        context.go_to(&with_next(routes::SIGN_IN, LocalPath::parse(page).as_ref()));
    }
    signed_in
}

/// Whether a reader has a password; who came in another way has none.
pub(crate) async fn has_password(
    context: &RequestContext,
    signed_in: &SignedIn,
) -> Result<bool, InternalError> {
    let methods = context.services.accounts.sign_in_methods(&signed_in.user).await?;
    Ok(methods.iter().any(|method| method.provider_id == "credential"))
}
