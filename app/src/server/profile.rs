//! `POST /account`.

use contract::{Problems, routes};
use domain::Flash;
use leptos::prelude::*;

use super::{request_context, finish_form, signed_in, redirect_to};
use crate::{FormFields, fragments::FormError};

/// Changes a reader's name and answers.
#[server(prefix = "", endpoint = "/account")]
pub async fn save_profile(#[server(flatten)] form: FormFields) -> Result<(), FormError> {
    let door = request_context()?;
    let outcome = async {
        let signed_in = signed_in(&door)?;
        let change = form.profile(&door.services.questions, &signed_in.user.answers)?;
        door.services.accounts.update_profile(&signed_in.user, &change).await?;
        door.services.sessions.browser_state(&signed_in.session).set(Flash::ProfileSaved).await;
        Ok::<_, Problems>(redirect_to(routes::ACCOUNT))
    };
    let outcome = outcome.await;
    finish_form(&door, form, outcome)
}
