//! `next`: where a reader goes after a form, carried through it and in its address.

use contract::LocalPath;
use leptos::prelude::*;

/// The hidden field that carries `next` through a form.
#[component]
pub(crate) fn NextField(next: Option<LocalPath>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next.as_str().to_owned() /> })
}

/// A path with `next` in its query, so that the address still says where to go when a form comes back.
pub(crate) fn with_next(path: &str, next: Option<&LocalPath>) -> String {
    let sign = if path.contains('?') { '&' } else { '?' };
    match next {
        Some(next) => format!("{path}{sign}next={}", escaped(next.as_str())),
        None => path.to_owned(),
    }
}

/// A path as the value of a query parameter.
fn escaped(path: &str) -> String {
    path.replace('%', "%25").replace('&', "%26").replace('#', "%23").replace('+', "%2B").replace('?', "%3F")
}
