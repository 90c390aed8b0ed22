//! Moments in words, in UTC: the pages are whole without script, and without it nobody knows the reader's clock. Where
//! script runs, `LocalTimes` writes them anew.

use contract::Timestamp;
use leptos::prelude::*;

/// A day, with the full time for who points at it.
#[component]
pub(crate) fn Date(of: Timestamp) -> impl IntoView {
    let iso = of.iso();
    view! { <time datetime=iso.clone() title=iso data-day>{of.day()}</time> }
}

/// A day and the time of day, with the full time for who points at it.
#[component]
pub(crate) fn DateTime(of: Timestamp) -> impl IntoView {
    let iso = of.iso();
    // The hours and minutes of ISO 8601 stand where they always do.
    let time = iso.get(11..16).unwrap_or_default().to_owned();
    view! { <time datetime=iso.clone() title=iso>{format!("{}, {time} UTC", of.day())}</time> }
}
