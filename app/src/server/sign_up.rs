//! `POST /sign-up`.

use contract::{Problems, routes};
use leptos::prelude::*;

use super::{FormError, door, settle};
use crate::{SessionChange, Submitted};

/// Opens an account and lets its reader in.
#[server(prefix = "", endpoint = "/sign-up")]
pub async fn sign_up(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let command = form.sign_up(&door.services.questions)?;
        let signed_up = door.services.accounts.sign_up(command, &door.reader.visit).await?;
        Ok::<_, Problems>(signed_up.session.map_or(SessionChange::None, SessionChange::Opened))
    };
    let outcome = outcome.await;
    settle(&door, form, outcome, routes::HOME)
}
