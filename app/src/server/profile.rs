//! `POST /account`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::{FormAccepted, FormRefused, request_context, signed_in};
use crate::FormFields;

/// Changes a reader's name and answers.
#[server(prefix = "", endpoint = "/account")]
pub async fn save_profile(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = request_context()?;
    let signed_in = signed_in(&context)?;
    let change = form.profile(&context.services.questions, &signed_in.user.answers)?;
    context.services.accounts.update_profile(&signed_in.user, &change).await?;
    context.services.sessions.browser_state(&signed_in.session).set(Flash::ProfileSaved).await;
    Ok(FormAccepted::redirect_to(routes::ACCOUNT))
}
