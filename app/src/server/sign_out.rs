//! `POST /sign-out`.

use contract::routes;
use leptos::prelude::*;

use super::{finish_form, redirect_next_or, request_context, with_effects};
use crate::{FormFields, fragments::FormError};

/// Ends the session of this browser, if it has one.
#[server(prefix = "", endpoint = "/sign-out")]
pub async fn sign_out(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let visit = &context.reader.visit;
    let signed_out = context.services.sessions.sign_out(visit.presented.as_ref(), &visit.device).await;
    let outcome = with_effects(signed_out, &context)
        .map(|(_, effects)| redirect_next_or(&form, routes::HOME).with(effects));
    finish_form(&context, form, outcome)
}
