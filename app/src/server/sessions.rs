//! `POST /account/sessions/end` and `POST /account/sessions/end-others`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_to, request_context, signed_in, with_effects};
use crate::{FormFields, fragments::FormError};

/// Signs one of the reader's browsers out; for this one it is like any sign-out.
#[server(prefix = "", endpoint = "/account/sessions/end")]
pub async fn end_session(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let (signed_in, device) = (signed_in(&context)?, &context.reader.visit.device);
        let (sessions, named) = (&context.services.sessions, form.hidden_field("session"));
        if sessions.names(named, &signed_in.session) {
            let signed_out = sessions.sign_out(context.reader.visit.presented.as_ref(), device).await;
            let (_, effects) = with_effects(signed_out, &context)?;
            return Ok(redirect_to(routes::HOME).with(effects));
        }
        sessions.revoke(signed_in, named, device).await?;
        sessions.browser_state(&signed_in.session).set(Flash::SessionEnded).await;
        Ok::<_, Refusal>(redirect_to(routes::SESSIONS))
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
        Ok::<_, Refusal>(redirect_to(routes::SESSIONS))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
