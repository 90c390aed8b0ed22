//! `POST /account/security/password`.

use contract::{Problems, routes};
use domain::Notice;
use leptos::prelude::*;

use super::{door, settle, signed_in, to};
use crate::{SessionChange, Submitted, loading::FormError};

/// Changes the password, and signs every other browser out if the reader wants that.
#[server(prefix = "", endpoint = "/account/security/password")]
pub async fn change_password(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let signed_in = signed_in(&door)?;
        let command = form.change_password()?;
        let changed = door.services.accounts.change_password(command, signed_in, &door.reader.visit).await?;
        let state = |session| door.services.sessions.browser_state(session);
        Ok::<_, Problems>(match changed.session {
            Some(session) => {
                state(&session).leave(Notice::PasswordChangedEverywhere).await;
                to(routes::SECURITY).with(SessionChange::Opened(session))
            }
            None => {
                state(&signed_in.session).leave(Notice::PasswordChanged).await;
                to(routes::SECURITY)
            }
        })
    };
    let outcome = outcome.await;
    settle(&door, form, outcome)
}
