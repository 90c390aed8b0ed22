//! `POST /forgot-password` and `POST /reset-password`.

use contract::{Code, Problem, routes};
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_to, request_context, with_effects};
use crate::{FormFields, ResponseEffects, fragments::FormError, pages::with_next};

/// Where it is said that a mail may be on its way, whether or not the address has an account.
const ASKED: &str = "/forgot-password?sent";
/// Where the new password is used for the first time.
const RESET: &str = "/sign-in?reset";

/// Has a link mailed to who has this address.
#[server(prefix = "", endpoint = "/forgot-password")]
pub async fn request_password_reset(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let email = form.email("email")?;
        let accounts = &context.services.accounts;
        accounts.request_password_reset(&email, routes::RESET_PASSWORD, &context.reader.visit).await?;
        Ok::<_, Refusal>(redirect_to(&with_next(ASKED, form.next().as_ref())))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}

/// Sets a password with the mailed link that led here.
#[server(prefix = "", endpoint = "/reset-password")]
pub async fn reset_password(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let link = context.reader.link.as_ref().ok_or_else(|| Problem::new(Code::InvalidResetToken))?;
        let password = form.new_password()?;
        let set = context.services.accounts.reset_password(&link.0, password, &context.reader.visit).await;
        let (_, effects) = with_effects(set, &context)?;
        Ok::<_, Refusal>(ResponseEffects { link_spent: true, ..redirect_to(RESET).with(effects) })
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
