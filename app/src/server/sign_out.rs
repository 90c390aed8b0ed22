//! `POST /sign-out`.

use contract::routes;
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext};

/// Ends the session of this browser, if it has one.
#[server(prefix = "", endpoint = "/sign-out")]
pub async fn sign_out(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let client = &context.visitor.client;
    let signed_out = context.services.sessions.sign_out(client.presented.as_ref(), &client.device).await;
    let (_, effects) = with_effects(signed_out, &context)?;
    Ok(FormAccepted::redirect_next_or(&form, routes::HOME).with(effects))
}
