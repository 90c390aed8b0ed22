//! `POST /sign-in`.

use contract::{Problems, routes};
use leptos::prelude::*;

use super::{request_context, redirect_next_or, finish_form};
use crate::{SessionChange, FormFields, fragments::FormError};

/// Lets a reader in.
#[server(prefix = "", endpoint = "/sign-in")]
pub async fn sign_in(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let door = request_context()?;
    let outcome = async {
        let command = form.sign_in()?;
        let signed_in = door.services.accounts.sign_in(command, &door.reader.visit).await?;
        Ok::<_, Problems>(redirect_next_or(&form, routes::HOME).with(SessionChange::Opened(signed_in.session)))
    };
    let outcome = outcome.await;
    finish_form(&door, form, outcome)
}
