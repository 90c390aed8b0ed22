//! `POST /account/data/delete`.

use contract::{Problems, routes};
use domain::{DeleteAccountOutcome, Flash};
use leptos::prelude::*;

use super::{finish_form, redirect_to, request_context, signed_in};
use crate::{FormFields, SessionChange, form::AFTER_DELETION, fragments::FormError};

/// Deletes the account, or has a link mailed that does.
#[server(prefix = "", endpoint = "/account/data/delete")]
pub async fn delete_account(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let signed_in = signed_in(&context)?;
        let command = form.delete_account()?;
        let deleted = context.services.accounts.delete(command, signed_in, &context.reader.visit).await?;
        Ok::<_, Problems>(match deleted {
            DeleteAccountOutcome::Now => redirect_to(AFTER_DELETION).with(SessionChange::Ended),
            DeleteAccountOutcome::ByMail => {
                let state = context.services.sessions.browser_state(&signed_in.session);
                state.set(Flash::DeletionMailed).await;
                redirect_to(routes::DATA)
            }
        })
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
