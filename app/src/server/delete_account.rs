//! `POST /account/data/delete`.

use contract::routes;
use domain::{DeleteAccountOutcome, Flash};
use leptos::prelude::*;

use super::{FormAccepted, FormRefused, outcome::with_effects, request_context, signed_in};
use crate::{FormFields, form::AFTER_DELETION};

/// Deletes the account, or has a link mailed that does.
#[server(prefix = "", endpoint = "/account/data/delete")]
pub async fn delete_account(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = request_context()?;
    let signed_in = signed_in(&context)?;
    let command = form.delete_account()?;
    let deleted = context.services.accounts.delete(command, signed_in, &context.visitor.client).await;
    let (deleted, effects) = with_effects(deleted, &context)?;
    let page = match deleted {
        DeleteAccountOutcome::Now => AFTER_DELETION,
        DeleteAccountOutcome::ByMail => {
            context.services.sessions.browser_state(&signed_in.session).set(Flash::DeletionMailed).await;
            routes::DATA
        }
    };
    Ok(FormAccepted::redirect_to(page).with(effects))
}
