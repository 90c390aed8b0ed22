//! `POST /account/data/delete`.

use contract::{Problems, routes};
use domain::{Deleted, Notice};
use leptos::prelude::*;

use super::{door, settle, signed_in, to};
use crate::{SessionChange, Submitted, form::AFTER_DELETION, loading::FormError};

/// Deletes the account, or has a link mailed that does.
#[server(prefix = "", endpoint = "/account/data/delete")]
pub async fn delete_account(#[server(flatten)] form: Submitted) -> Result<(), FormError> {
    let door = door()?;
    let outcome = async {
        let signed_in = signed_in(&door)?;
        let command = form.delete_account()?;
        let deleted = door.services.accounts.delete(command, signed_in, &door.reader.visit).await?;
        Ok::<_, Problems>(match deleted {
            Deleted::Now => to(AFTER_DELETION).with(SessionChange::Ended),
            Deleted::ByMail => {
                let state = door.services.sessions.browser_state(&signed_in.session);
                state.leave(Notice::DeletionMailed).await;
                to(routes::DATA)
            }
        })
    };
    let outcome = outcome.await;
    settle(&door, form, outcome)
}
