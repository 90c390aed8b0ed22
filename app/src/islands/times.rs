//! Times in the reader's own form.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::Element,
};
use web_sys::{
    MutationObserver, MutationObserverInit,
    js_sys::{Date, JSON},
};

use super::dom::all_inside;

/// Writes the times of the page, and those that are added to it, in the language and the zone of the reader. Their
/// titles stay the full times in UTC.
#[island]
pub fn LocalTimes() -> impl IntoView {
    Effect::new(|_| {
        let Some(body) = document().body() else { return };
        let body: Element = body.unchecked_into();
        write_anew(&body);
        let options = MutationObserverInit::new();
        options.set_child_list(true);
        options.set_subtree(true);
        let page = body.clone();
        // It lives as long as the page.
        let changed = Closure::<dyn Fn()>::new(move || write_anew(&page)).into_js_value();
        if let Ok(observer) = MutationObserver::new(changed.unchecked_ref()) {
            let _ = observer.observe_with_options(&body, &options);
        }
    });
}

/// Each time once: those that are written say in which language.
fn write_anew(page: &Element) {
    let language = window().navigator().language().unwrap_or_default();
    for time in all_inside(page, "time:not([lang])") {
        let form = if time.has_attribute("data-day") {
            r#"{"dateStyle":"long"}"#
        } else {
            r#"{"dateStyle":"long","timeStyle":"short"}"#
        };
        let form = JSON::parse(form).unwrap_or(JsValue::UNDEFINED);
        let moment = Date::new(&time.get_attribute("datetime").unwrap_or_default().into());
        let words = String::from(moment.to_locale_string(&language, &form));
        let _ = time.set_attribute("lang", &language);
        let _ = time.set_attribute("dir", "auto");
        time.set_text_content(Some(&words));
    }
}
