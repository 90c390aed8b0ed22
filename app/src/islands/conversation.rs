//! The conversation island: loads more messages, copies, sends feedback and follows live changes.

use std::rc::Rc;

use contract::Code;
use leptos::{
    html,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{Element, MouseEvent},
};
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestInit, RequestRedirect, Response, ResponseType, UrlSearchParams};

use super::{
    FAILED,
    copy::{copy, offer_copies},
    dom::{all_inside, focus, insert, inside, is_at_end, is_plain, pressed, reload},
    jump_to_latest::{jump, offer_jump},
    live::{Live, StatusMessage},
    position::say_place,
};
use crate::fragments::{AnchorKind, FragmentError, MessagesQuery, load_messages};

/// The island around a rendered conversation.
#[island]
pub fn LiveConversation(
    /// The conversation.
    id: String,
    /// A message of the branch that is shown; empty for the latest.
    branch: String,
    /// The change of the conversation after which it is shown.
    revision: i64,
    children: Children,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let (note, status) = (RwSignal::new(String::new()), RwSignal::new(None));
    let asked = MessagesQuery { id: id.clone(), branch, ..MessagesQuery::default() };
    let asked = StoredValue::new(asked);
    Effect::new(move |_| {
        let Some(root) = root.get() else { return };
        let root: Element = root.unchecked_into();
        offer_copies(&root);
        offer_jump(&root);
        let live = Live::new(asked.get_value(), revision, root, note, status);
        Rc::new(live).follow();
    });
    let clicked = move |event: MouseEvent| {
        let Some(root) = root.get_untracked() else { return };
        let root: Element = root.unchecked_into();
        if let Some(button) = pressed(&event, "[data-copy], .code__copy") {
            copy(&button, note);
        } else if let Some(link) = pressed(&event, "a[data-message]").filter(|_| is_plain(&event)) {
            event.prevent_default();
            grow(root, link, asked.get_value(), status);
        } else if is_plain(&event) && is_at_end(&root) && pressed(&event, ".jump-to-latest").is_some() {
            event.prevent_default();
            jump(&root);
        }
    };
    view! {
        <div class="conversation" node_ref=root on:click=clicked on:submit=move |event| submit_feedback(event, status)>{children()}</div>
        <p class="visually-hidden" role="status">{move || note.get()}</p>
        <div class="notices" role="status">
            {move || {
                status.get()
                    .map(|(words, way): (&'static str, Option<(String, &'static str)>)| {
                        let link = way.map(|(href, name)| view! { " "<a href=href>{name}</a> });
                        view! { <p class="notice"><span>{words}{link}</span></p> }
                    })
            }}
        </div>
    }
}

/// Adds earlier or later messages, without what is read moving away.
fn grow(root: Element, link: Element, asked: MessagesQuery, status: StatusMessage) {
    let is_earlier = link.closest("[data-earlier]").ok().flatten().is_some();
    let place = if is_earlier { AnchorKind::Before } else { AnchorKind::After };
    let message = link.get_attribute("data-message").unwrap_or_default();
    let href = link.get_attribute("href").unwrap_or_default();
    spawn_local(async move {
        let more = match load_messages(MessagesQuery { place, message, ..asked }).await {
            Ok(more) => more,
            Err(FragmentError(Code::Unauthorized)) => {
                // The link leads to where one signs in, and then there.
                let _ = window().location().set_href(&href);
                return;
            }
            Err(_) => return status.set(Some((FAILED, None))),
        };
        forget_failure(status);
        let (way, found) = if is_earlier {
            (inside(&root, "[data-earlier]"), more.earlier)
        } else {
            (inside(&root, "[data-later]"), more.later)
        };
        let (Some(turns), Some(way)) = (inside(&root, "[data-messages]"), way) else { return };
        let kept = if is_earlier { turns.first_element_child() } else { None };
        let top = |element: &Option<Element>| {
            element.as_ref().map_or(0.0, |element| element.get_bounding_client_rect().top())
        };
        let before = top(&kept);
        insert(&turns, if is_earlier { "afterbegin" } else { "beforeend" }, &more.html);
        way.set_inner_html(&found);
        offer_copies(&root);
        say_place(&root);
        window().scroll_by_with_x_and_y(0.0, top(&kept) - before);
        focus(inside(&way, "a"));
    });
}

/// Takes back that something did not work, when the next thing has.
fn forget_failure(status: StatusMessage) {
    if status.get_untracked().is_some_and(|(words, _)| words == FAILED) {
        status.set(None);
    }
}

/// Sends feedback without leaving the page; the change arrives as an event like any other.
fn submit_feedback(event: leptos::ev::SubmitEvent, status: StatusMessage) {
    let Some(form) = pressed(&event, "form[data-feedback]") else { return };
    let Some(button) = event.submitter() else { return };
    let action = form.get_attribute("action").unwrap_or_default();
    let Ok(fields) = UrlSearchParams::new() else { return };
    for field in all_inside(&form, "input") {
        let value = field.get_attribute("value").unwrap_or_default();
        fields.append(&field.get_attribute("name").unwrap_or_default(), &value);
    }
    fields.append("value", &button.get_attribute("value").unwrap_or_default());
    event.prevent_default();
    spawn_local(async move {
        let request = RequestInit::new();
        request.set_method("POST");
        request.set_body(&fields);
        request.set_redirect(RequestRedirect::Manual);
        let sent = JsFuture::from(window().fetch_with_str_and_init(&action, &request)).await;
        let Some(answer) = sent.ok().and_then(|answer| answer.dyn_into::<Response>().ok()) else {
            return status.set(Some((FAILED, None)));
        };
        if answer.type_() == ResponseType::Opaqueredirect {
            forget_failure(status);
        } else {
            reload();
        }
    });
}
