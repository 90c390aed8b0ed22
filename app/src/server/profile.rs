//! `POST /account`.

use contract::routes;
use domain::Flash;
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused};
use crate::{FormFields, context::RequestContext};

/// Changes a reader's name and answers.
#[server(prefix = "", endpoint = "/account")]
pub async fn save_profile(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let signed_in = context.signed_in()?;
    let change = form.profile(&context.services.questions, &signed_in.user.answers)?;
    context.services.accounts.update_profile(&signed_in.user, &change).await?;
    context.services.sessions.browser_state(&signed_in.session).set(Flash::ProfileSaved).await;
    Ok(FormAccepted::redirect_to(routes::ACCOUNT))
}
