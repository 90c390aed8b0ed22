//! Copying a message or a block of code.

use std::time::Duration;

use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement},
};
use wasm_bindgen_futures::JsFuture;
use web_sys::js_sys::Reflect;

use super::dom::{all_inside, insert, inside};

/// How long a button says that it has copied something.
const COPIED_FOR: Duration = Duration::from_secs(2);

/// Gives every block of code that has none a button that copies it.
pub(super) fn offer_copies(root: &Element) {
    let clipboard = Reflect::get(&window().navigator(), &"clipboard".into());
    if clipboard.map_or(true, |clipboard| clipboard.is_undefined()) {
        let _ = root.class_list().add_1("conversation--no-copy");
        return;
    }
    for head in all_inside(root, ".code__head:not(:has(.code__copy))") {
        insert(&head, "beforeend", "<button class=\"code__copy\" type=\"button\">Copy</button>");
    }
}

/// Copies the block of code or the message that a button belongs to, and says so on the button and in `note`.
pub(super) fn copy(button: &Element, note: RwSignal<String>) {
    let text = if button.class_list().contains("code__copy") {
        let code = button.closest(".code").ok().flatten();
        code.and_then(|code| inside(&code, "pre")?.text_content())
    } else {
        let message = button.closest(".message").ok().flatten();
        message.map(|message| message_text(&message))
    };
    let copying = window().navigator().clipboard().write_text(&text.unwrap_or_default());
    let button = button.clone();
    spawn_local(async move {
        let words = if JsFuture::from(copying).await.is_ok() { "Copied" } else { "Not copied" };
        button.set_text_content(Some(words));
        note.set(words.to_owned());
        set_timeout(
            move || {
                button.set_text_content(Some("Copy"));
                note.set(String::new());
            },
            COPIED_FOR,
        );
    });
}

/// The text of a message, without citation numbers and the buttons on its code.
fn message_text(message: &Element) -> String {
    // What is not shown is no part of `innerText`; nothing is painted in between.
    let left_out = all_inside(message, ".cite, .code__copy");
    let show = |is_shown: bool| {
        for it in &left_out {
            let _ = it.toggle_attribute_with_force("hidden", !is_shown);
        }
    };
    show(false);
    let texts = all_inside(message, ".message__body > .prose").into_iter();
    let texts = texts.filter_map(|it| Some(it.dyn_into::<HtmlElement>().ok()?.inner_text()));
    let texts = texts.collect::<Vec<_>>().join("\n\n");
    show(true);
    texts
}
