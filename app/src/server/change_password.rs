//! `POST /account/security/password`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext};

/// Changes the password, and signs every other browser out if the reader wants that.
#[server(prefix = "", endpoint = "/account/security/password")]
pub async fn change_password(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let signed_in = context.signed_in()?;
    let command = form.change_password(context.services.accounts.rules().passwords)?;
    let changed =
        context.services.accounts.change_password(command, signed_in, &context.visitor.client).await;
    let (changed, effects) = with_effects(changed, &context)?;
    let (session, flash) = match &changed.session {
        Some(session) => (session, Flash::PasswordChangedEverywhere),
        None => (&signed_in.session, Flash::PasswordChanged),
    };
    context.services.sessions.browser_state(session).set(flash).await;
    Ok(FormAccepted::redirect_to(routes::SECURITY).with(effects))
}
