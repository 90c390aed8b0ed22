//! `POST /account/sessions/end` and `POST /account/sessions/end-others`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext};

/// Signs one of the reader's browsers out; for this one it is like any sign-out.
#[server(prefix = "", endpoint = "/account/sessions/end")]
pub async fn end_session(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let (signed_in, client) = (context.signed_in()?, &context.visitor.client);
    let (sessions, named) = (&context.services.sessions, form.hidden_field("session"));
    if sessions.names(named, &signed_in.session) {
        let signed_out = sessions.sign_out(client.presented.as_ref(), &client.device).await;
        let (_, effects) = with_effects(signed_out, &context)?;
        return Ok(FormAccepted::redirect_to(routes::HOME).with(effects));
    }
    sessions.revoke(signed_in, named, &client.device).await?;
    sessions.browser_state(&signed_in.session).set(Flash::SessionEnded).await;
    Ok(FormAccepted::redirect_to(routes::SESSIONS))
}

/// Signs every browser of the reader out but this one.
#[server(prefix = "", endpoint = "/account/sessions/end-others")]
pub async fn end_other_sessions(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    // The form has no fields of its own.
    drop(form);
    let context = RequestContext::of_call()?;
    let (signed_in, sessions) = (context.signed_in()?, &context.services.sessions);
    let device = &context.visitor.client.device;
    sessions.revoke_all(&signed_in.user.id, Some(&signed_in.session), device).await?;
    sessions.browser_state(&signed_in.session).set(Flash::OtherSessionsEnded).await;
    Ok(FormAccepted::redirect_to(routes::SESSIONS))
}
