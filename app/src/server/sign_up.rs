//! `POST /sign-up`.

use contract::{Problems, routes};
use leptos::prelude::*;

use super::{finish_form, redirect_next_or, redirect_to, request_context};
use crate::{FormFields, SessionChange, fragments::FormError};

/// Where who has to prove the address first is told to look for a mail; the same whether or not the address was free.
const LOOK_FOR_MAIL: &str = "/verify-email?signed-up";

/// Opens an account and lets its reader in, unless the address has to be proved first.
#[server(prefix = "", endpoint = "/sign-up")]
pub async fn sign_up(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let command = form.sign_up(&context.services.questions)?;
        let signed_up = context.services.accounts.sign_up(command, &context.reader.visit).await?;
        Ok::<_, Problems>(match signed_up.session {
            Some(session) => redirect_next_or(&form, routes::HOME).with(SessionChange::Opened(session)),
            None => redirect_to(LOOK_FOR_MAIL),
        })
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
