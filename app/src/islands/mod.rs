//! The parts of a page that do more when script runs. Every form is whole without them.

mod conversation;
mod copy;
mod dom;
mod json_api;
mod jump_to_latest;
mod live;
mod poll;
mod position;
mod search;
mod times;

#[cfg(feature = "ssr")]
pub(crate) use self::position::{counted, placed};
pub use self::{conversation::LiveConversation, search::SearchableList, times::LocalTimes};

use contract::{Strength, strength};
use leptos::{ev, prelude::*};

/// Said where nothing came back, and one stays where one is.
const FAILED: &str = "That did not work. Check your connection and try again.";

/// A password field that can show what is typed and, for a new password, say how well it would stand.
///
/// Children stand between the field and the hint: the field's error.
#[island]
pub fn PasswordInput(
    /// Wire name and id.
    name: String,
    /// The fewest characters of a new password; `None` for the current one.
    new_min: Option<usize>,
    /// Ids of the hint and the error.
    described_by: Option<String>,
    /// Whether what was sent was not accepted.
    invalid: bool,
    /// Whether the page opens with this field in focus.
    focused: bool,
    children: Children,
) -> impl IntoView {
    let is_new = new_min.is_some();
    // WHATWG HTML, autofill field names.
    let autocomplete = if is_new { "new-password" } else { "current-password" };
    let visible = RwSignal::new(false);
    let estimate = RwSignal::new(Strength::Empty);
    let steps = move || Some(estimate.get().steps()).filter(|steps| *steps > 0);
    view! {
        <div class="field__box">
            <input
                class="field__input"
                id=name.clone()
                name=name.clone()
                type=move || if visible.get() { "text" } else { "password" }
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                enterkeyhint=if is_new { "next" } else { "go" }
                required
                aria-describedby=described_by
                aria-invalid=invalid.then_some("true")
                autofocus=focused
                on:input=move |event| {
                    if let Some(min) = new_min {
                        estimate.set(strength(&event_target_value(&event), min));
                    }
                }
            />
            <button
                class="field__toggle"
                type="button"
                aria-controls=name
                aria-label=move || if visible.get() { "Hide password" } else { "Show password" }
                on:click=move |_| visible.update(|visible| *visible = !*visible)
            >
                {move || if visible.get() { "Hide" } else { "Show" }}
            </button>
        </div>
        {children()}
        {new_min
            .map(|min| {
                view! {
                    <div class="strength" data-level=steps>
                        <div class="strength__meter"></div>
                        <p role="status">
                            {move || match estimate.get() {
                                Strength::Empty => String::new(),
                                estimate => estimate.hint(min),
                            }}
                        </p>
                    </div>
                }
            })}
    }
}

/// The button of a form. While the form is on its way it says so and does not send it twice.
#[island]
pub fn SubmitButton(
    /// What happens.
    label: String,
) -> impl IntoView {
    let pending = RwSignal::new(false);
    // A page that comes back from the browser's cache has arrived: it must be usable again.
    let returned = window_event_listener(ev::pageshow, move |_| pending.set(false));
    on_cleanup(move || returned.remove());
    view! {
        <button
            class="button"
            type="submit"
            aria-busy=move || pending.get().then_some("true")
            aria-disabled=move || pending.get().then_some("true")
            on:click=move |event| {
                if pending.get() {
                    event.prevent_default();
                } else {
                    pending.set(true);
                }
            }
        >
            {label}
        </button>
    }
}
