//! `POST /account/security/password`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::{FormAccepted, FormRefused, outcome::with_effects, request_context, signed_in};
use crate::FormFields;

/// Changes the password, and signs every other browser out if the reader wants that.
#[server(prefix = "", endpoint = "/account/security/password")]
pub async fn change_password(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = request_context()?;
    let signed_in = signed_in(&context)?;
    let command = form.change_password()?;
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
