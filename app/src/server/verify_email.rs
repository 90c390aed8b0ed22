//! `POST /verify-email` and `POST /verify-email/send`.

use contract::{Code, Problem, routes};
use domain::EmailLinkOutcome;
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_to, request_context, with_effects};
use crate::{FormFields, ResponseEffects, form::AFTER_CONFIRMING, fragments::FormError};

/// Where it is said that a mail may be on its way, whether or not the address needs one.
const SENT: &str = "/verify-email?sent";

/// Does what the mailed link that led here is for: proves an address, and lets its reader in; or carries a change of it
/// one step on.
#[server(prefix = "", endpoint = "/verify-email")]
pub async fn verify_email(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let (signed_in, visit) = (context.reader.signed_in.as_ref(), &context.reader.visit);
        let link =
            context.reader.link.as_ref().ok_or_else(|| Problem::new(Code::InvalidVerificationToken))?;
        // The first step of a change mails a second link, which leads where the first does, but for our own page.
        let onwards = match context.reader.link_callback.as_str() {
            "" | routes::CHANGE_CONFIRMED => routes::CHANGE_DONE,
            elsewhere => elsewhere,
        };
        let verified = context.services.accounts.verify_email(&link.0, onwards, signed_in, visit).await;
        let (verified, effects) = with_effects(verified, &context)?;
        let next = match verified {
            EmailLinkOutcome::Address { session: Some(_) } => redirect_to(routes::HOME),
            EmailLinkOutcome::Address { session: None } => redirect_to(AFTER_CONFIRMING),
            // The edge takes the token out of the address before the page is shown.
            EmailLinkOutcome::NewPasswordNeeded { token } => {
                let go_to = redirect_to(&format!("{}?token={token}", routes::RESET_PASSWORD));
                return Ok(ResponseEffects { link_spent: true, ..go_to });
            }
            EmailLinkOutcome::ChangeConfirmed => redirect_to(routes::CHANGE_CONFIRMED),
            EmailLinkOutcome::Changed(_) => redirect_to(routes::CHANGE_DONE),
        };
        Ok::<_, Refusal>(ResponseEffects { link_spent: true, follow_link: true, ..next.with(effects) })
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}

/// Has such a link mailed once more. Who is not signed in names the address, and is told nothing about it.
#[server(prefix = "", endpoint = "/verify-email/send")]
pub async fn send_verification(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let asking = context.reader.signed_in.as_ref().map(|signed_in| &signed_in.user);
        let email = form.email("email")?;
        context.services.accounts.send_verification(&email, AFTER_CONFIRMING, asking).await?;
        Ok::<_, Refusal>(redirect_to(SENT))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
