//! `POST /forgot-password` and `POST /reset-password`.

use contract::{Code, Problem, routes, with_next};
use leptos::prelude::*;

use super::outcome::{EmailLinkUse, FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext};

/// The page that says that a mail may be on its way, whether or not the address has an account.
const SENT: &str = "/forgot-password?sent";
/// Where the new password is used for the first time.
const RESET: &str = "/sign-in?reset";

/// Requests a password-reset mail.
#[server(prefix = "", endpoint = "/forgot-password")]
pub async fn request_password_reset(
    #[server(flatten)] form: FormFields,
) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let email = form.email("email")?;
    let (accounts, client) = (&context.services.accounts, &context.visitor.client);
    let callback = with_next(routes::RESET_PASSWORD, form.next().as_ref());
    accounts.request_password_reset(&email, &callback, client).await?;
    Ok(FormAccepted::redirect_to(&with_next(SENT, form.next().as_ref())))
}

/// Sets a password with the mailed link that led here.
#[server(prefix = "", endpoint = "/reset-password")]
pub async fn reset_password(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let link = context.visitor.link.as_ref().ok_or_else(|| Problem::new(Code::InvalidResetToken))?;
    let password = form.new_password(context.services.accounts.rules().passwords)?;
    let reset = context.services.accounts.reset_password(&link.0, password, &context.visitor.client).await;
    let (_, effects) = with_effects(reset, &context)?;
    let sign_in = with_next(RESET, form.next().as_ref());
    Ok(FormAccepted::redirect_to(&sign_in).with(effects).with_link(EmailLinkUse::Spent))
}
