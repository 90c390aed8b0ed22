//! `POST /account/security/email`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused};
use crate::{FormFields, context::RequestContext};

/// Begins a change of address.
#[server(prefix = "", endpoint = "/account/security/email")]
pub async fn change_email(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let (signed_in, client) = (context.signed_in()?, &context.visitor.client);
    let new_email = form.email("newEmail")?;
    // Only a verified address is asked first; without one the first link is the last.
    let after = if signed_in.user.email_verified { routes::CHANGE_CONFIRMED } else { routes::CHANGE_DONE };
    context.services.accounts.change_email(&new_email, after, signed_in, client).await?;
    context.services.sessions.browser_state(&signed_in.session).set(Flash::EmailChangeAsked).await;
    Ok(FormAccepted::redirect_to(routes::SECURITY))
}
