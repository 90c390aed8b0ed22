//! Finding and changing what is on the page.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
    web_sys::{Element, Event, HtmlElement, MouseEvent},
};
use web_sys::FocusOptions;

/// The element that an event is about, if it lies in one of these.
pub(super) fn pressed(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok().flatten()
}

/// Whether a click on a link is meant for this page: one with a key held down opens another.
pub(super) fn is_plain(event: &MouseEvent) -> bool {
    event.button() == 0 && !(event.ctrl_key() || event.meta_key() || event.shift_key() || event.alt_key())
}

/// The first of these inside another element.
pub(super) fn inside(outer: &Element, selector: &str) -> Option<Element> {
    outer.query_selector(selector).ok().flatten()
}

/// All of these inside another element.
pub(super) fn all_inside(outer: &Element, selector: &str) -> Vec<Element> {
    let Ok(found) = outer.query_selector_all(selector) else { return Vec::new() };
    (0..found.length()).filter_map(|at| found.item(at)?.dyn_into().ok()).collect()
}

/// Whether the page of a conversation shows its newest message.
pub(super) fn is_at_end(dialogue: &Element) -> bool {
    inside(dialogue, "[data-later] a").is_none()
}

/// Adds markup of ours to an element, at its beginning or its end.
pub(super) fn insert(element: &Element, place: &str, html: &str) {
    // It fails for places that do not exist only.
    let _ = element.insert_adjacent_html(place, html);
}

/// Gives an element the focus where it is.
pub(super) fn focus(element: Option<Element>) {
    if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// Keeps the address in step with what is shown, so that Back and a reload lead to it.
pub(super) fn show_address(address: &str) {
    if let Ok(history) = window().history() {
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(address));
    }
}

/// The page anew: where nobody is signed in any more, it leads to where one signs in.
pub(super) fn reload() {
    let _ = window().location().reload();
}
