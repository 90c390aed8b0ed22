//! `POST /account/security/password`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_to, request_context, signed_in, with_effects};
use crate::{FormFields, fragments::FormError};

/// Changes the password, and signs every other browser out if the reader wants that.
#[server(prefix = "", endpoint = "/account/security/password")]
pub async fn change_password(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let signed_in = signed_in(&context)?;
        let command = form.change_password()?;
        let changed =
            context.services.accounts.change_password(command, signed_in, &context.reader.visit).await;
        let (changed, effects) = with_effects(changed, &context)?;
        let (session, flash) = match &changed.session {
            Some(session) => (session, Flash::PasswordChangedEverywhere),
            None => (&signed_in.session, Flash::PasswordChanged),
        };
        context.services.sessions.browser_state(session).set(flash).await;
        Ok::<_, Refusal>(redirect_to(routes::SECURITY).with(effects))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
