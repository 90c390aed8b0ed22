//! `POST /account`.

use contract::{Problems, routes};
use domain::Notice;
use leptos::prelude::*;

use super::{door, settle, signed_in, to};
use crate::{Submitted, loading::FormError};

/// Changes a reader's name and answers.
#[server(prefix = "", endpoint = "/account")]
pub async fn save_profile(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let signed_in = signed_in(&door)?;
        let change = form.profile(&door.services.questions, &signed_in.user.answers)?;
        door.services.accounts.update_profile(&signed_in.user, &change).await?;
        door.services.sessions.browser_state(&signed_in.session).leave(Notice::ProfileSaved).await;
        Ok::<_, Problems>(to(routes::ACCOUNT))
    };
    let outcome = outcome.await;
    settle(&door, form, outcome)
}
