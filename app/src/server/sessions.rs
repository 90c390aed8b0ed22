//! `POST /account/sessions/end` and `POST /account/sessions/end-others`.

use contract::{Problems, routes};
use domain::Flash;
use leptos::prelude::*;

use super::{finish_form, redirect_to, request_context, signed_in};
use crate::{FormFields, SessionChange, fragments::FormError};

/// Signs one of the reader's browsers out; for this one it is like any sign-out.
#[server(prefix = "", endpoint = "/account/sessions/end")]
pub async fn end_session(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let (signed_in, device) = (signed_in(&context)?, &context.reader.visit.device);
        let (sessions, named) = (&context.services.sessions, form.hidden_field("session"));
        if let Some(presented) = &context.reader.visit.presented
            && sessions.names(named, &signed_in.session)
        {
            sessions.sign_out(presented, device).await?;
            return Ok(redirect_to(routes::HOME).with(SessionChange::Ended));
        }
        sessions.revoke(&signed_in.user.id, named, device).await?;
        sessions.browser_state(&signed_in.session).set(Flash::SessionEnded).await;
        Ok::<_, Problems>(redirect_to(routes::SESSIONS))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}

/// Signs every browser of the reader out but this one.
#[server(prefix = "", endpoint = "/account/sessions/end-others")]
pub async fn end_other_sessions(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let (signed_in, device) = (signed_in(&context)?, &context.reader.visit.device);
        let sessions = &context.services.sessions;
        sessions.revoke_all(&signed_in.user.id, Some(&signed_in.session), device).await?;
        sessions.browser_state(&signed_in.session).set(Flash::OtherSessionsEnded).await;
        Ok::<_, Problems>(redirect_to(routes::SESSIONS))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
