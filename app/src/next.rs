//! `next`: where a reader goes after a form, carried through it and in its address.

use contract::LocalPath;
use leptos::prelude::*;

/// The hidden field that carries `next` through a form.
#[component]
pub(crate) fn NextField(next: Option<LocalPath>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next.as_str().to_owned() /> })
}
