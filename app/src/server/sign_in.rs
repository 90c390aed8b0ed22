//! `POST /sign-in`.

use contract::routes;
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_next_or, request_context, with_effects};
use crate::{FormFields, fragments::FormError};

/// Lets a reader in.
#[server(prefix = "", endpoint = "/sign-in")]
pub async fn sign_in(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let command = form.sign_in()?;
        let signed_in = context.services.accounts.sign_in(command, &context.reader.visit).await;
        let (_, effects) = with_effects(signed_in, &context)?;
        Ok::<_, Refusal>(redirect_next_or(&form, routes::HOME).with(effects))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
