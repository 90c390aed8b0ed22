//! `POST /account/data/delete`.

use contract::routes;
use domain::{DeleteAccountOutcome, Flash};
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext, form::AFTER_DELETION};

/// Deletes the account, or has a link mailed that does.
#[server(prefix = "", endpoint = "/account/data/delete")]
pub async fn delete_account(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let signed_in = context.signed_in()?;
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
