//! `POST /sign-up`.

use contract::{Problems, routes};
use leptos::prelude::*;

use super::{door, onward, settle, to};
use crate::{SessionChange, Submitted, loading::FormError};

/// Where who has to prove the address first is told to look for a mail; the same whether or not the address was free.
const LOOK_FOR_MAIL: &str = "/verify-email?signed-up";

/// Opens an account and lets its reader in, unless the address has to be proved first.
#[server(prefix = "", endpoint = "/sign-up")]
pub async fn sign_up(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let command = form.sign_up(&door.services.questions)?;
        let signed_up = door.services.accounts.sign_up(command, &door.reader.visit).await?;
        Ok::<_, Problems>(match signed_up.session {
            Some(session) => onward(&form, routes::HOME).with(SessionChange::Opened(session)),
            None => to(LOOK_FOR_MAIL),
        })
    };
    let outcome = outcome.await;
    settle(&door, form, outcome)
}
