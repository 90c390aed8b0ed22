//! `POST /sign-out`.

use contract::routes;
use leptos::prelude::*;

use super::{request_context, redirect_next_or, finish_form};
use crate::{SessionChange, FormFields, fragments::FormError};

/// Ends the session of this browser, if it has one.
#[server(prefix = "", endpoint = "/sign-out")]
pub async fn sign_out(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let door = request_context()?;
    let ended = match &door.reader.visit.presented {
        Some(presented) => door.services.sessions.sign_out(presented, &door.reader.visit.device).await,
        None => Ok(()),
    };
    let outcome = ended.map(|()| redirect_next_or(&form, routes::HOME).with(SessionChange::Ended)).map_err(Into::into);
    finish_form(&door, form, outcome)
}
