//! `POST /verify-email` and `POST /verify-email/send`.

use contract::{Code, Problem, routes};
use domain::EmailLinkOutcome;
use leptos::prelude::*;

use super::outcome::{EmailLinkUse, FormAccepted, FormRefused, with_effects};
use crate::{FormFields, context::RequestContext, form::AFTER_CONFIRMING};

/// The page that says that a mail may be on its way, whether or not the address needs one.
const SENT: &str = "/verify-email?sent";

/// Does what the mailed link that led here is for: verifies an address, and signs its reader in; or carries a change of
/// address one step on.
#[server(prefix = "", endpoint = "/verify-email")]
pub async fn verify_email(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    // The form has no fields of its own.
    drop(form);
    let context = RequestContext::of_call()?;
    let visitor = &context.visitor;
    let link = visitor.link.as_ref().ok_or_else(|| Problem::new(Code::InvalidVerificationToken))?;
    // The first step of a change mails a second link, which leads where the first does, but for our own page.
    let callback = match visitor.link_callback.as_str() {
        "" | routes::CHANGE_CONFIRMED => routes::CHANGE_DONE,
        elsewhere => elsewhere,
    };
    let (accounts, signed_in) = (&context.services.accounts, visitor.signed_in.as_ref());
    let verified = accounts.verify_email(&link.0, callback, signed_in, &visitor.client).await;
    let (verified, effects) = with_effects(verified, &context)?;
    let page = match verified {
        EmailLinkOutcome::Address { session: Some(_) } => routes::HOME,
        EmailLinkOutcome::Address { session: None } => AFTER_CONFIRMING,
        EmailLinkOutcome::NewPasswordNeeded { token } => {
            // The token is moved from the address into a cookie before the page is shown.
            let page = format!("{}?token={token}", routes::RESET_PASSWORD);
            return Ok(FormAccepted::redirect_to(&page).with(effects).with_link(EmailLinkUse::Spent));
        }
        EmailLinkOutcome::ChangeConfirmed => routes::CHANGE_CONFIRMED,
        EmailLinkOutcome::Changed(_) => routes::CHANGE_DONE,
    };
    Ok(FormAccepted::redirect_to(page).with(effects).with_link(EmailLinkUse::SpentAndFollowed))
}

/// Has such a link mailed once more. Who is not signed in names the address, and is told nothing about it.
#[server(prefix = "", endpoint = "/verify-email/send")]
pub async fn send_verification(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let user = context.visitor.signed_in.as_ref().map(|signed_in| &signed_in.user);
    let email = form.email("email")?;
    context.services.accounts.send_verification(&email, AFTER_CONFIRMING, user).await?;
    Ok(FormAccepted::redirect_to(SENT))
}
