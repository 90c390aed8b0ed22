//! `POST /account/security/email`.

use contract::{Problems, routes};
use domain::Notice;
use leptos::prelude::*;

use super::{door, settle, signed_in, to};
use crate::{Submitted, loading::FormError};

/// Begins a change of address.
#[server(prefix = "", endpoint = "/account/security/email")]
pub async fn change_email(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let (signed_in, visit) = (signed_in(&door)?, &door.reader.visit);
        let new_email = form.email("newEmail")?;
        // Only a proved address is asked first; without one the first link is the last.
        let after =
            if signed_in.user.email_verified { routes::CHANGE_CONFIRMED } else { routes::CHANGE_DONE };
        door.services.accounts.change_email(&new_email, after, signed_in, visit).await?;
        door.services.sessions.browser_state(&signed_in.session).leave(Notice::EmailChangeAsked).await;
        Ok::<_, Problems>(to(routes::SECURITY))
    };
    let outcome = outcome.await;
    settle(&door, form, outcome)
}
