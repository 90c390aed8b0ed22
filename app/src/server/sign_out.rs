//! `POST /sign-out`.

use contract::routes;
use leptos::prelude::*;

use super::{door, onward, settle};
use crate::{SessionChange, Submitted, loading::FormError};

/// Ends the session of this browser, if it has one.
#[server(prefix = "", endpoint = "/sign-out")]
pub async fn sign_out(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let ended = match &door.reader.visit.presented {
        Some(presented) => door.services.sessions.sign_out(presented, &door.reader.visit.device).await,
        None => Ok(()),
    };
    let outcome = ended.map(|()| onward(&form, routes::HOME).with(SessionChange::Ended)).map_err(Into::into);
    settle(&door, form, outcome)
}
