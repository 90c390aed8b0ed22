//! `POST /sign-up`.

use contract::{routes, with_next};
use leptos::prelude::*;

use super::outcome::{EmailLinkUse, FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext};

/// The page that asks to look for a mail; the same whether or not the address was free.
const LOOK_FOR_MAIL: &str = "/verify-email?signed-up";

/// Opens an account and signs its reader in, unless the address has to be verified first.
#[server(prefix = "", endpoint = "/sign-up")]
pub async fn sign_up(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let rules = context.services.accounts.rules();
    rules.sign_up.check_enabled()?;
    let invitation = context.visitor.link.as_ref().map(|link| link.0.clone());
    let command = form.sign_up(&context.services.questions, rules, invitation)?;
    let signed_up = context.services.accounts.sign_up(command, &context.visitor.client).await;
    let (signed_up, effects) = with_effects(signed_up, &context)?;
    let accepted = match signed_up.session {
        Some(_) => FormAccepted::redirect_next_or(&form, routes::HOME),
        None => FormAccepted::redirect_to(&with_next(LOOK_FOR_MAIL, form.next().as_ref())),
    };
    let link = if context.visitor.link.is_some() { EmailLinkUse::Spent } else { EmailLinkUse::Kept };
    Ok(accepted.with(effects).with_link(link))
}
