//! `POST /sign-in`.

use contract::routes;
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext};

/// Signs a reader in.
#[server(prefix = "", endpoint = "/sign-in")]
pub async fn sign_in(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let command = form.sign_in()?;
    let signed_in = context.services.accounts.sign_in(command, &context.visitor.client).await;
    let (_, effects) = with_effects(signed_in, &context)?;
    Ok(FormAccepted::redirect_next_or(&form, routes::HOME).with(effects))
}
