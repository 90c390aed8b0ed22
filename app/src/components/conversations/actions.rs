//! Actions on a conversation (rename, archive, delete), as forms that need no script.

use contract::routes;
use leptos::prelude::*;

use crate::components::{FieldErrors, described_by};

/// The longest title, in characters.
const MAX_TITLE: &str = "200";

#[component]
pub(crate) fn Manage(
    /// The conversation's id.
    conversation: String,
    /// The title.
    title: Option<String>,
    /// Whether it is archived.
    archived: bool,
    /// Errors of the submitted form.
    field_errors: FieldErrors,
    /// Redirect target after renaming.
    rename_to: String,
    /// Redirect target after the other actions.
    back: String,
    /// Its position on the page, from 1, to make the ids of fields unique.
    number: u32,
) -> impl IntoView {
    let refused = field_errors.code().is_some();
    let state = field_errors.field("title", title.as_deref());
    // The error summary links to the field by its name.
    let field = if refused { "title".to_owned() } else { format!("title-{number}") };
    let error_id = format!("{field}-error");
    let described = described_by(&field, false, state.error.is_some(), false);
    let invalid = state.error.is_some().then_some("true");
    let (put, words) = if archived {
        (routes::UNARCHIVE_CONVERSATION, "Move to active")
    } else {
        (routes::ARCHIVE_CONVERSATION, "Archive")
    };
    let carried = move |to: String| {
        view! {
            <input type="hidden" name="conversation" value=conversation.clone() />
            <input type="hidden" name="next" value=to />
        }
    };
    let (in_rename, in_put, in_delete) = (carried(rename_to), carried(back.clone()), carried(back));
    view! {
        <div class="conversation-actions">
            <form class="conversation-actions__rename" method="post" action=routes::RENAME_CONVERSATION>
                {in_rename}
                <label class="field__label" for=field.clone()>"Title"</label>
                <input
                    class="field__input"
                    id=field
                    name="title"
                    type="text"
                    dir="auto"
                    maxlength=MAX_TITLE
                    autocomplete="off"
                    enterkeyhint="done"
                    value=state.value
                    aria-describedby=described
                    aria-invalid=invalid
                    autofocus=state.focused
                />
                <button class="button button--quiet" type="submit">"Rename"</button>
                {state.error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
            </form>
            <div class="actions actions--start">
                <form method="post" action=put>
                    {in_put}
                    <button class="button button--quiet" type="submit">{words}</button>
                </form>
                <form method="post" action=routes::DELETE_CONVERSATION>
                    {in_delete}
                    <button class="button button--quiet" type="submit">"Delete"</button>
                </form>
            </div>
        </div>
    }
}

/// The undo button after deleting or archiving.
#[component]
pub(crate) fn Undo(
    /// The conversation's id.
    conversation: String,
    /// The form's action.
    action: &'static str,
    /// The current page, to return to.
    back: String,
) -> impl IntoView {
    view! {
        <form method="post" action=action>
            <input type="hidden" name="conversation" value=conversation />
            <input type="hidden" name="next" value=back />
            <button class="button button--quiet" type="submit">"Undo"</button>
        </form>
    }
}
