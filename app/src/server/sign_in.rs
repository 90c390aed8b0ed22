//! `POST /sign-in`.

use contract::{Problems, routes};
use leptos::prelude::*;

use super::{door, onward, settle};
use crate::{SessionChange, Submitted, loading::FormError};

/// Lets a reader in.
#[server(prefix = "", endpoint = "/sign-in")]
pub async fn sign_in(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let command = form.sign_in()?;
        let signed_in = door.services.accounts.sign_in(command, &door.reader.visit).await?;
        Ok::<_, Problems>(onward(&form, routes::HOME).with(SessionChange::Opened(signed_in.session)))
    };
    let outcome = outcome.await;
    settle(&door, form, outcome)
}
