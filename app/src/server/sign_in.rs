//! `POST /sign-in`.

use contract::{Problems, routes};
use leptos::prelude::*;

use super::{finish_form, redirect_next_or, request_context};
use crate::{FormFields, SessionChange, fragments::FormError};

/// Lets a reader in.
#[server(prefix = "", endpoint = "/sign-in")]
pub async fn sign_in(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let command = form.sign_in()?;
        let signed_in = context.services.accounts.sign_in(command, &context.reader.visit).await?;
        Ok::<_, Problems>(
            redirect_next_or(&form, routes::HOME).with(SessionChange::Opened(signed_in.session)),
        )
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
