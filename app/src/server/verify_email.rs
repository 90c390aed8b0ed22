//! `POST /verify-email`, `POST /verify-email/code` and `POST /verify-email/send`.

use std::borrow::Cow;

use contract::{Code, LocalPath, Problem, routes, with_next};
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
    let used = match verified {
        EmailLinkOutcome::NewPasswordNeeded { .. } => EmailLinkUse::Spent,
        _ => EmailLinkUse::SpentAndFollowed,
    };
    // The mail may lead on with the request of a client, which is not lost by setting a password first.
    let next = LocalPath::parse(&visitor.link_callback)
        .filter(|next| used == EmailLinkUse::Spent && next.as_str().starts_with(routes::AUTHORIZE));
    let page = with_next(&page_after(&verified), next.as_ref());
    Ok(FormAccepted::redirect_to(&page).with(effects).with_link(used))
}

/// The page that goes on after a link or a code.
fn page_after(verified: &EmailLinkOutcome) -> Cow<'static, str> {
    match verified {
        EmailLinkOutcome::Address { session: Some(_) } => routes::HOME.into(),
        EmailLinkOutcome::Address { session: None } => AFTER_CONFIRMING.into(),
        // The token is moved from the address into a cookie before the page is shown.
        EmailLinkOutcome::NewPasswordNeeded { token } => {
            format!("{}?token={token}", routes::RESET_PASSWORD).into()
        }
        EmailLinkOutcome::ChangeConfirmed => routes::CHANGE_CONFIRMED.into(),
        EmailLinkOutcome::Changed(_) => routes::CHANGE_DONE.into(),
    }
}

/// Does what the link of a mail is for by the code in the same mail, in the browser that waits for it.
#[server(prefix = "", endpoint = "/verify-email/code")]
pub async fn verify_email_code(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let visitor = &context.visitor;
    let code = form.verification_code()?;
    let (accounts, signed_in) = (&context.services.accounts, visitor.signed_in.as_ref());
    let verified = accounts.verify_email_code(&code, signed_in, &visitor.client).await;
    let (verified, effects) = with_effects(verified, &context)?;
    let page = page_after(&verified);
    let accepted = match (&verified, form.next()) {
        (EmailLinkOutcome::Address { session: Some(_) }, _) => FormAccepted::redirect_next_or(&form, &page),
        (EmailLinkOutcome::Address { session: None }, next) => {
            FormAccepted::redirect_to(&with_next(&page, next.as_ref()))
        }
        _ => FormAccepted::redirect_to(&page),
    };
    Ok(accepted.with(effects).with_link(EmailLinkUse::Spent))
}

/// Has such a link mailed once more. Who is not signed in names the address, and is told nothing about it.
#[server(prefix = "", endpoint = "/verify-email/send")]
pub async fn send_verification(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let user = context.visitor.signed_in.as_ref().map(|signed_in| &signed_in.user);
    let email = form.email("email")?;
    let client = &context.visitor.client;
    let accounts = &context.services.accounts;
    let callback = form.callback(accounts.rules().require_verified_email);
    accounts.send_verification(&email, &callback, user, client).await?;
    Ok(FormAccepted::redirect_to(&with_next(SENT, form.next().as_ref())))
}
