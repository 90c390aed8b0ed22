//! Following a conversation while it goes on.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    time::Duration,
};

use contract::routes;
use leptos::{
    prelude::*,
    task::spawn_local,
    wasm_bindgen::{JsCast, JsValue, closure::Closure},
    web_sys::Element,
};
use web_sys::{
    EventSource, MessageEvent, VisibilityState,
    js_sys::{JSON, Reflect},
};

use super::{
    copy::offer_copies,
    dom::{all_inside, focus, insert, inside, is_at_end},
    position::{say_count, say_place},
};
use crate::fragments::{AnchorKind, MessagesQuery, load_messages};

/// The least time between two looks at what an answer says by now.
const PAUSE: Duration = Duration::from_millis(300);
/// How near the end of the page a reader is who follows along, in pixels.
const NEAR: f64 = 120.0;

/// What is said over the page, and where it leads: an address and what the link to it is called.
pub(super) type StatusMessage = RwSignal<Option<(&'static str, Option<(String, &'static str)>)>>;

/// A conversation that is followed.
pub(super) struct Live {
    pub(super) asked: MessagesQuery,
    pub(super) root: Element,
    /// The last change that has arrived.
    pub(super) revision: RefCell<String>,
    pub(super) source: RefCell<Option<EventSource>>,
    /// Whether it asks for changes, or will soon, instead of being told.
    pub(super) asks: Cell<bool>,
    /// When the last of the messages changed that were asked for.
    pub(super) last_change: RefCell<String>,
    /// Messages that were added or have changed, each with the one it follows.
    waiting: RefCell<VecDeque<(String, Option<String>)>>,
    is_busy: Cell<bool>,
    pub(super) is_gone: Cell<bool>,
    note: RwSignal<String>,
    news: StatusMessage,
}

impl Live {
    pub(super) fn new(
        asked: MessagesQuery,
        revision: i64,
        root: Element,
        note: RwSignal<String>,
        news: StatusMessage,
    ) -> Self {
        Self {
            asked,
            root,
            revision: RefCell::new(revision.to_string()),
            source: RefCell::default(),
            asks: Cell::new(false),
            last_change: RefCell::default(),
            waiting: RefCell::default(),
            is_busy: Cell::new(false),
            is_gone: Cell::new(false),
            note,
            news,
        }
    }

    /// Follows it as long as the page is looked at: a browser has few connections to one place, and a page that is kept
    /// for Back must have none.
    pub(super) fn follow(self: Rc<Self>) {
        let live = Rc::clone(&self);
        let changed = Closure::<dyn Fn()>::new(move || live.look()).into_js_value();
        // It lives as long as the page.
        let _ = document().add_event_listener_with_callback("visibilitychange", changed.unchecked_ref());
        self.look();
    }

    pub(super) fn look(self: &Rc<Self>) {
        let is_seen = document().visibility_state() == VisibilityState::Visible;
        if !is_seen || self.is_gone.get() {
            if let Some(source) = self.source.take() {
                source.close();
            }
            return;
        }
        if self.source.borrow().is_some() {
            return;
        }
        let address = format!("/api/conversations/{}/events?after={}", self.asked.id, self.revision.borrow());
        let Ok(source) = EventSource::new(&address) else { return };
        self.hear(&source, "message", Self::message);
        self.hear(&source, "conversation", |_, conversation| Self::conversation(conversation));
        self.hear(&source, "deleted", |live, _| live.deleted());
        self.fall_back(&source);
        self.source.replace(Some(source));
    }

    fn hear(self: &Rc<Self>, source: &EventSource, kind: &str, act: fn(&Rc<Self>, &JsValue)) {
        let live = Rc::clone(self);
        let heard = move |event: MessageEvent| {
            let id = event.last_event_id();
            if !id.is_empty() {
                live.revision.replace(id);
            }
            let data = event.data().as_string().unwrap_or_default();
            act(&live, &JSON::parse(&data).unwrap_or(JsValue::NULL));
        };
        let heard = Closure::<dyn Fn(MessageEvent)>::new(heard).into_js_value();
        // It lives as long as the page.
        let _ = source.add_event_listener_with_callback(kind, heard.unchecked_ref());
    }

    pub(super) fn message(self: &Rc<Self>, message: &JsValue) {
        let Some(id) = text(message, "id") else { return };
        say_count(Reflect::get(message, &"seq".into()).ok().and_then(|seq| seq.as_f64()));
        {
            let mut waiting = self.waiting.borrow_mut();
            if waiting.iter().any(|(known, _)| *known == id) {
                return;
            }
            waiting.push_back((id, text(message, "parentId")));
        }
        self.work();
    }

    /// Shows what is waiting, in its order; an answer that grows by the word is looked at from time to time.
    fn work(self: &Rc<Self>) {
        if self.is_busy.replace(true) {
            return;
        }
        let live = Rc::clone(self);
        spawn_local(async move {
            loop {
                let next = live.waiting.borrow_mut().pop_front();
                let Some((id, parent)) = next else { break };
                live.show(id, parent).await;
            }
            let rested = move || {
                live.is_busy.set(false);
                if !live.waiting.borrow().is_empty() {
                    live.work();
                }
            };
            set_timeout(rested, PAUSE);
        });
    }

    async fn show(&self, id: String, parent: Option<String>) {
        let Some(turns) = inside(&self.root, "[data-messages]") else { return };
        let there = document().get_element_by_id(&format!("m-{id}"));
        let last = turns.last_element_child().and_then(|last| last.get_attribute("data-message"));
        let is_at_end = is_at_end(&self.root);
        if there.is_none() && (last != parent || !is_at_end) {
            if is_at_end && self.asked.branch.is_empty() {
                // Another address than this one, or the browser would stay where it is.
                let latest = format!("/conversations/{}?message={id}#m-{id}", self.asked.id);
                let words = "This conversation goes on in another version.";
                self.news.set(Some((words, Some((latest, "Show it")))));
            }
            return;
        }
        let asked = MessagesQuery { place: AnchorKind::Only, message: id.clone(), ..self.asked.clone() };
        let Ok(turn) = load_messages(asked).await else { return };
        let follows = is_near_end();
        if let Some(there) = there {
            let was_written = there.get_attribute("data-status").as_deref() == Some("in_progress");
            replace(&there, &turn.html);
            let now = document().get_element_by_id(&format!("m-{id}"));
            let is_written =
                now.and_then(|now| now.get_attribute("data-status")).as_deref() == Some("in_progress");
            if was_written && !is_written {
                self.tell("The answer is complete.");
            }
        } else {
            insert(&turns, "beforeend", &turn.html);
            self.tell("New message.");
        }
        offer_copies(&self.root);
        say_place(&self.root);
        if follows {
            let height = document().document_element().map_or(0, |it| it.scroll_height());
            window().scroll_to_with_x_and_y(window().scroll_x().unwrap_or_default(), height.into());
        }
    }

    pub(super) fn conversation(conversation: &JsValue) {
        let Some(title) = text(conversation, "title") else { return };
        if let Some(heading) = document().query_selector("h1").ok().flatten() {
            heading.set_text_content(Some(&title));
        }
        let whole = document().title();
        let book = whole.rsplit(" · ").next().unwrap_or_default();
        document().set_title(&format!("{title} · {book}"));
    }

    pub(super) fn deleted(self: &Rc<Self>) {
        self.is_gone.set(true);
        self.look();
        let all = (routes::CONVERSATIONS.to_owned(), "All conversations");
        self.news.set(Some(("This conversation was deleted.", Some(all))));
    }

    /// Tells who does not see it; the same words twice are two messages.
    fn tell(&self, words: &'static str) {
        let note = self.note;
        note.set(String::new());
        set_timeout(move || note.set(words.to_owned()), Duration::from_millis(100));
    }
}

/// Puts a message in place of itself: what is unfolded stays so, and the focus stays on its button.
fn replace(turn: &Element, html: &str) {
    let id = turn.id();
    let buttons = "summary, button, a";
    let focused = document().active_element();
    let at = all_inside(turn, buttons).iter().position(|it| Some(it) == focused.as_ref());
    let open: Vec<bool> = all_inside(turn, "details").iter().map(|it| it.has_attribute("open")).collect();
    turn.set_outer_html(html);
    let Some(turn) = document().get_element_by_id(&id) else { return };
    for (details, _) in all_inside(&turn, "details").iter().zip(open).filter(|(_, open)| *open) {
        let _ = details.set_attribute("open", "");
    }
    if let Some(at) = at {
        focus(all_inside(&turn, buttons).into_iter().nth(at));
    }
}

fn is_near_end() -> bool {
    let height = document().document_element().map_or(0, |it| it.scroll_height());
    let seen = window().inner_height().ok().and_then(|it| it.as_f64()).unwrap_or_default();
    f64::from(height) - window().scroll_y().unwrap_or_default() - seen < NEAR
}

pub(super) fn text(object: &JsValue, member: &str) -> Option<String> {
    Reflect::get(object, &member.into()).ok()?.as_string()
}
