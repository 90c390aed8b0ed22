//! The list of conversations: searched while one types, grown in place.

use std::time::Duration;

use contract::Code;
use leptos::{
    html,
    prelude::*,
    task::spawn_local,
    wasm_bindgen::JsCast,
    web_sys::{Element, Event, MouseEvent},
};
use web_sys::{HtmlInputElement, js_sys::encode_uri_component};

use super::{
    FAILED,
    dom::{focus, insert, inside, is_plain, pressed, reload, show_address},
};
use crate::fragments::{FragmentError, ListQuery, load_conversations};

/// How long typing rests before anything is asked.
const PAUSE: Duration = Duration::from_millis(200);

/// A search form and, as children, the list. Without script the form asks for the page anew.
#[island]
pub fn SearchableList(
    /// What is looked for at first.
    q: String,
    /// Whether conversations that are put away are shown.
    archived: bool,
    /// The book whose conversations are shown; `None` for all.
    client: Option<String>,
    /// Where the list begins; empty for its beginning.
    from: String,
    children: Children,
) -> impl IntoView {
    let list = NodeRef::<html::Div>::new();
    let asked = StoredValue::new(ListQuery { q: q.clone(), archived, client, from, ..ListQuery::default() });
    // Each question has a number; an answer to any but the last comes too late.
    let number = StoredValue::new(0_u32);
    let (note, failed) = (RwSignal::new(String::new()), RwSignal::new(false));
    let tell = move |words: String, is_bad: bool| {
        note.set(words);
        failed.set(is_bad);
    };
    let ask = move |question: ListQuery, done: fn(&Element, &ListQuery, &crate::fragments::ListFragment)| {
        number.update_value(|number| *number += 1);
        let own = number.get_value();
        spawn_local(async move {
            let answer = load_conversations(question.clone()).await;
            if own != number.get_value() {
                return;
            }
            let Some(list) = list.get_untracked() else { return };
            match answer {
                Ok(listed) => {
                    done(&list, &question, &listed);
                    tell(listed.note, false);
                }
                Err(FragmentError(Code::Unauthorized)) => reload(),
                // Signs alone are no words yet.
                Err(FragmentError(Code::ValidationError)) => tell(String::new(), false),
                Err(_) => tell(FAILED.to_owned(), true),
            }
        });
    };
    let typed = move |event: Event| {
        let q = event_target_value(&event).trim().to_owned();
        if asked.with_value(|asked| asked.q == q) {
            return;
        }
        asked.update_value(|asked| {
            let client = asked.client.take();
            *asked = ListQuery { q, archived, client, ..ListQuery::default() };
        });
        number.update_value(|number| *number += 1);
        let own = number.get_value();
        let rested = move || {
            if own == number.get_value() {
                ask(asked.get_value(), show);
            }
        };
        set_timeout(rested, PAUSE);
    };
    let clicked = move |event: MouseEvent| {
        let Some(link) = pressed(&event, "a[data-cursor]").filter(|_| is_plain(&event)) else { return };
        event.prevent_default();
        let shown = link.get_attribute("data-shown").and_then(|shown| shown.parse().ok());
        let more = link.get_attribute("data-cursor");
        ask(ListQuery { shown: shown.unwrap_or_default(), more, ..asked.get_value() }, add);
    };
    view! {
        <form class="search" role="search" method="get" action="/conversations">
            <label class="field__label" for="q">"Search your conversations"</label>
            <input
                class="field__input"
                id="q"
                name="q"
                type="search"
                dir="auto"
                maxlength="200"
                autocomplete="off"
                enterkeyhint="search"
                value=q
                on:input=typed
            />
            <button class="button button--quiet" type="submit">"Search"</button>
        </form>
        <p class="search__status" class:visually-hidden=move || !failed.get() role="status">
            {move || note.get()}
        </p>
        <div node_ref=list on:click=clicked on:submit=come_back_here>{children()}</div>
    }
}

/// Shows another list.
fn show(list: &Element, asked: &ListQuery, listed: &crate::fragments::ListFragment) {
    if let Some(shown) = inside(list, "[data-list]") {
        shown.set_inner_html(&listed.html);
    }
    let encoded = |text: &str| String::from(encode_uri_component(text));
    let parameters = [
        (!asked.q.is_empty()).then(|| format!("q={}", encoded(&asked.q))),
        asked.archived.then(|| "status=archived".to_owned()),
        asked.client.as_ref().map(|client| format!("client={}", encoded(client))),
    ];
    let query = parameters.into_iter().flatten().collect::<Vec<_>>().join("&");
    let before = if query.is_empty() { "" } else { "?" };
    show_address(&format!("/conversations{before}{query}"));
}

/// Adds rows to the list, and goes on reading at the first of them.
fn add(list: &Element, _: &ListQuery, listed: &crate::fragments::ListFragment) {
    let (Some(rows), Some(more)) = (inside(list, "[data-rows]"), inside(list, "[data-more]")) else { return };
    if let Some(link) = inside(&more, "a") {
        let href = link.get_attribute("href").unwrap_or_default();
        show_address(href.split('#').next().unwrap_or_default());
    }
    let last = rows.last_element_child();
    insert(&rows, "beforeend", &listed.html);
    more.set_inner_html(&listed.more);
    let next = last.and_then(|last| last.next_element_sibling());
    focus(next.and_then(|next| inside(&next, "a")));
}

/// A form of a row leads back to the list as it is shown by now.
fn come_back_here(event: leptos::ev::SubmitEvent) {
    let Some(field) = pressed(&event, "form").and_then(|form| inside(&form, "[name=next]")) else { return };
    let Ok(field) = field.dyn_into::<HtmlInputElement>() else { return };
    let location = window().location();
    let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    let row = field.value().split_once('#').map(|(_, row)| format!("#{row}")).unwrap_or_default();
    field.set_value(&format!("{path}{query}{row}"));
}
