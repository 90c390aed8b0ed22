//! `POST /account`.

use contract::{Code, Problem, Problems, routes};
use domain::Notice;
use leptos::prelude::*;

use super::{FormError, door, settle};
use crate::{SessionChange, Submitted};

/// Changes a reader's name and answers.
#[server(prefix = "", endpoint = "/account")]
pub async fn save_profile(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let signed_in = door.reader.signed_in.as_ref().ok_or_else(|| Problem::new(Code::Unauthorized))?;
        let change = form.profile(&door.services.questions, &signed_in.user.answers)?;
        door.services.accounts.update_profile(&signed_in.user, &change).await?;
        door.services.sessions.browser_state(&signed_in.session).leave(Notice::ProfileSaved).await;
        Ok::<_, Problems>(SessionChange::None)
    };
    let outcome = outcome.await;
    settle(&door, form, outcome, routes::ACCOUNT)
}
