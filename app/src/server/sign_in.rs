//! `POST /sign-in`.

use contract::{routes, with_next};
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext};

/// Signs a reader in, and leads those who have to accept the terms to them first: `next` may be a page that does not ask.
#[server(prefix = "", endpoint = "/sign-in")]
pub async fn sign_in(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let command = form.sign_in()?;
    let accounts = &context.services.accounts;
    let signed_in = accounts.sign_in(command, &context.visitor.client).await;
    let (signed_in, effects) = with_effects(signed_in, &context)?;
    // When this fails the sign-in stands, and the page of the terms leads on to where nothing has to be accepted.
    let accepted = if accounts.must_accept_terms(&signed_in.user).await.unwrap_or(true) {
        FormAccepted::redirect_to(&with_next(routes::TERMS, form.next().as_ref()))
    } else {
        FormAccepted::redirect_next_or(&form, routes::HOME)
    };
    Ok(accepted.with(effects))
}
