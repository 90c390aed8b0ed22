//! `POST /account/security/password`.

use contract::{Problems, routes};
use domain::Flash;
use leptos::prelude::*;

use super::{finish_form, redirect_to, request_context, signed_in};
use crate::{FormFields, SessionChange, fragments::FormError};

/// Changes the password, and signs every other browser out if the reader wants that.
#[server(prefix = "", endpoint = "/account/security/password")]
pub async fn change_password(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let signed_in = signed_in(&context)?;
        let command = form.change_password()?;
        let changed =
            context.services.accounts.change_password(command, signed_in, &context.reader.visit).await?;
        let state = |session| context.services.sessions.browser_state(session);
        Ok::<_, Problems>(match changed.session {
            Some(session) => {
                state(&session).set(Flash::PasswordChangedEverywhere).await;
                redirect_to(routes::SECURITY).with(SessionChange::Opened(session))
            }
            None => {
                state(&signed_in.session).set(Flash::PasswordChanged).await;
                redirect_to(routes::SECURITY)
            }
        })
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
