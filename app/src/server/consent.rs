//! `POST /consent` and `POST /account/sessions/withdraw-consent`.

use contract::{Code, Problem, routes};
use domain::Flash;
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused};
use crate::{FormFields, context::RequestContext};

/// Stores what a reader answers to a client that asks for consent, and goes on with its request.
#[server(prefix = "", endpoint = "/consent")]
pub async fn decide_consent(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let signed_in = context.signed_in()?;
    // Whoever saw the page must be who answers it: another tab may have signed somebody else in meanwhile.
    if form.hidden_field("reader") != signed_in.user.id {
        return Err(Problem::new(Code::InvalidUser).into());
    }
    let Some(next) = form.next() else { return Ok(FormAccepted::redirect_to(routes::HOME)) };
    let allow = match form.hidden_field("decision") {
        "allow" => true,
        "deny" => false,
        _ => return Err(Problem::on(Code::MissingField, "decision").into()),
    };
    let device = &context.visitor.client.device;
    let go_to = context.services.oidc.decide_consent(&next, signed_in, allow, device).await?;
    Ok(FormAccepted { go_to, ..FormAccepted::redirect_to(routes::HOME) })
}

/// Withdraws a consent, and ends everything that its client was granted.
#[server(prefix = "", endpoint = "/account/sessions/withdraw-consent")]
pub async fn withdraw_consent(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let (signed_in, device) = (context.signed_in()?, &context.visitor.client.device);
    let client_id = form.hidden_field("client");
    context.services.oidc.withdraw_consent(&signed_in.user.id, client_id, device).await?;
    context.services.sessions.browser_state(&signed_in.session).set(Flash::ConsentWithdrawn).await;
    Ok(FormAccepted::redirect_to(routes::SESSIONS))
}
