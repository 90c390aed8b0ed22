//! `POST /account/data/delete`.

use contract::routes;
use domain::{DeleteAccountOutcome, Flash};
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_to, request_context, signed_in, with_effects};
use crate::{FormFields, form::AFTER_DELETION, fragments::FormError};

/// Deletes the account, or has a link mailed that does.
#[server(prefix = "", endpoint = "/account/data/delete")]
pub async fn delete_account(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let signed_in = signed_in(&context)?;
        let command = form.delete_account()?;
        let deleted = context.services.accounts.delete(command, signed_in, &context.reader.visit).await;
        let (deleted, effects) = with_effects(deleted, &context)?;
        Ok::<_, Refusal>(match deleted {
            DeleteAccountOutcome::Now => redirect_to(AFTER_DELETION).with(effects),
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
