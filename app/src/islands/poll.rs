//! Asking for the changes of a conversation, where there is no stream that tells of them: a reader has a limited number of
//! them, and so has everybody together.

use std::{rc::Rc, time::Duration};

use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::Element,
};
use web_sys::{
    EventSource,
    js_sys::{Array, Reflect},
};

use super::{
    dom::inside,
    json_api::{JsonReply, get_json},
    live::{Live, text},
};

/// The time between two attempts.
const INTERVAL: Duration = Duration::from_secs(10);
/// The most messages that are asked for at once.
const ASKED: u32 = 100;

impl Live {
    /// Asks now and then when there is no stream to be had. A browser comes back by itself when a stream breaks off, but not
    /// when it is refused one.
    pub(super) fn fall_back(self: &Rc<Self>, source: &EventSource) {
        let live = Rc::clone(self);
        let refused = source.clone();
        let failed = move || {
            if refused.ready_state() == EventSource::CLOSED {
                live.source.take();
                live.ask_and_wait();
            }
        };
        let failed = Closure::<dyn Fn()>::new(failed).into_js_value();
        // It lives as long as the page.
        let _ = source.add_event_listener_with_callback("error", failed.unchecked_ref());
    }

    /// Asks once, and tries for a stream again some seconds later.
    fn ask_and_wait(self: &Rc<Self>) {
        if self.asks.replace(true) {
            return;
        }
        let live = Rc::clone(self);
        spawn_local(async move {
            live.ask_for_changes().await;
            let again = move || {
                live.asks.set(false);
                live.look();
            };
            set_timeout(again, INTERVAL);
        });
    }

    async fn ask_for_changes(self: &Rc<Self>) {
        let address = format!("/api/conversations/{}", self.asked.id);
        let conversation = match get_json(&address).await {
            JsonReply::Found(conversation) => conversation,
            JsonReply::Gone => return self.deleted(),
            // Nobody is signed in any more.
            JsonReply::Refused => return self.is_gone.set(true),
            JsonReply::Failed => return,
        };
        let revision = Reflect::get(&conversation, &"revision".into()).ok().and_then(|it| it.as_f64());
        let Some(revision) = revision.map(|it| it.to_string()) else { return };
        if *self.revision.borrow() == revision {
            // All that changed until then is on the page.
            self.last_change.replace(text(&conversation, "updatedAt").unwrap_or_default());
            return;
        }
        let address = format!("{address}/messages?order=desc&limit={ASKED}");
        let JsonReply::Found(page) = get_json(&address).await else { return };
        let items = Reflect::get(&page, &"items".into()).unwrap_or_default();
        let mut messages: Vec<JsValue> = Array::from(&items).iter().collect();
        messages.reverse();
        self.revision.replace(revision);
        Self::conversation(&conversation);
        self.show_changed(&messages);
    }

    /// Shows which of the newest messages, in their order, are not on the page yet, or have changed.
    fn show_changed(self: &Rc<Self>, messages: &[JsValue]) {
        let last = inside(&self.root, "[data-turns]").and_then(|turns| turns.last_element_child());
        let last = last.and_then(|last| last.get_attribute("data-message"));
        let id = |message: &JsValue| text(message, "id");
        let shown = messages.iter().rposition(|message| id(message) == last);
        // On an empty page everything is new; of very many only the newest leads on.
        let shown =
            if last.is_none() { None } else { Some(shown.unwrap_or(messages.len().saturating_sub(2))) };
        let known = self.last_change.borrow().clone();
        for (at, message) in messages.iter().enumerate() {
            let on_page = id(message).and_then(|id| document().get_element_by_id(&format!("m-{id}")));
            let is_written =
                |turn: Element| turn.get_attribute("data-status").as_deref() == Some("in_progress");
            let changed = text(message, "updatedAt").unwrap_or_default();
            let has_changed = if known.is_empty() {
                on_page.is_some_and(is_written)
            } else {
                on_page.is_some() && changed > known
            };
            if has_changed || shown.is_none_or(|shown| at > shown) {
                self.message(message);
            }
            if changed > *self.last_change.borrow() {
                self.last_change.replace(changed);
            }
        }
    }
}
