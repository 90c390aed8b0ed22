//! Dates and times, in UTC, because without script the reader's time zone is unknown. With script, `LocalTimes` rewrites
//! them.

use contract::Timestamp;
use leptos::prelude::*;

/// A date, with the full time as a tooltip.
#[component]
pub(crate) fn Date(of: Timestamp) -> impl IntoView {
    let iso = of.iso();
    view! { <time datetime=iso.clone() title=iso data-day>{of.day()}</time> }
}

/// A date and time, with the full time as a tooltip.
#[component]
pub(crate) fn DateTime(of: Timestamp) -> impl IntoView {
    let iso = of.iso();
    // Hours and minutes have a fixed place in ISO 8601.
    let time = iso.get(11..16).unwrap_or_default().to_owned();
    view! { <time datetime=iso.clone() title=iso>{format!("{}, {time} UTC", of.day())}</time> }
}
