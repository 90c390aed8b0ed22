//! The way to the newest message.

use leptos::{
    wasm_bindgen::{JsCast, closure::Closure},
    web_sys::Element,
};
use web_sys::{IntersectionObserver, IntersectionObserverEntry, js_sys::Array};

use super::dom::{focus, inside, is_at_end};

/// Takes the way away as long as its end is in sight.
pub(super) fn offer_jump(root: &Element) {
    let (Some(end), Some(jump)) = (inside(root, "#end"), inside(root, ".jump-to-latest")) else { return };
    let root = root.clone();
    let moved = move |entries: Array| {
        let entry: IntersectionObserverEntry = entries.pop().unchecked_into();
        let is_there = entry.is_intersecting() && is_at_end(&root);
        let _ = jump.toggle_attribute_with_force("hidden", is_there);
    };
    // It lives as long as the page.
    let moved = Closure::<dyn Fn(Array)>::new(moved).into_js_value();
    if let Ok(observer) = IntersectionObserver::new(moved.unchecked_ref()) {
        observer.observe(&end);
    }
}

/// Goes to the end, and reads on at the last message: the end itself has nothing to say.
pub(super) fn jump(root: &Element) {
    let last = inside(root, "[data-messages]").and_then(|turns| turns.last_element_child());
    if let Some(last) = &last {
        let _ = last.set_attribute("tabindex", "-1");
    }
    focus(last);
    if let Some(end) = inside(root, "#end") {
        end.scroll_into_view();
    }
}
