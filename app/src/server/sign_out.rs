//! `POST /sign-out`.

use contract::routes;
use leptos::prelude::*;

use super::{finish_form, redirect_next_or, request_context};
use crate::{FormFields, SessionChange, fragments::FormError};

/// Ends the session of this browser, if it has one.
#[server(prefix = "", endpoint = "/sign-out")]
pub async fn sign_out(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let ended = match &context.reader.visit.presented {
        Some(presented) => context.services.sessions.sign_out(presented, &context.reader.visit.device).await,
        None => Ok(()),
    };
    let outcome =
        ended.map(|()| redirect_next_or(&form, routes::HOME).with(SessionChange::Ended)).map_err(Into::into);
    finish_form(&context, form, outcome)
}
