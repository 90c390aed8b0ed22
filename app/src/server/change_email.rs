//! `POST /account/security/email`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::{Refusal, finish_form, redirect_to, request_context, signed_in};
use crate::{FormFields, fragments::FormError};

/// Begins a change of address.
#[server(prefix = "", endpoint = "/account/security/email")]
pub async fn change_email(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let context = request_context()?;
    let outcome = async {
        let (signed_in, visit) = (signed_in(&context)?, &context.reader.visit);
        let new_email = form.email("newEmail")?;
        // Only a proved address is asked first; without one the first link is the last.
        let after =
            if signed_in.user.email_verified { routes::CHANGE_CONFIRMED } else { routes::CHANGE_DONE };
        context.services.accounts.change_email(&new_email, after, signed_in, visit).await?;
        context.services.sessions.browser_state(&signed_in.session).set(Flash::EmailChangeAsked).await;
        Ok::<_, Refusal>(redirect_to(routes::SECURITY))
    };
    let outcome = outcome.await;
    finish_form(&context, form, outcome)
}
