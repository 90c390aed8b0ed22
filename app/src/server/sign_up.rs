//! `POST /sign-up`.

use contract::routes;
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_next_or, redirect_to, request_context, with_effects};
use crate::{FormFields, fragments::FormError};

/// Where who has to prove the address first is told to look for a mail; the same whether or not the address was free.
const LOOK_FOR_MAIL: &str = "/verify-email?signed-up";

/// Opens an account and lets its reader in, unless the address has to be proved first.
#[server(prefix = "", endpoint = "/sign-up")]
pub async fn sign_up(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let command = form.sign_up(&context.services.questions)?;
        let signed_up = context.services.accounts.sign_up(command, &context.reader.visit).await;
        let (signed_up, effects) = with_effects(signed_up, &context)?;
        let next = match signed_up.session {
            Some(_) => redirect_next_or(&form, routes::HOME),
            None => redirect_to(LOOK_FOR_MAIL),
        };
        Ok::<_, Refusal>(next.with(effects))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
