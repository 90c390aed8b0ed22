//! A search result.

use contract::conversations::{Hit, Passage, Role};
use leptos::prelude::*;
use markdown::{SnippetPart, strip_markup};

use super::{page_of, row::name_of, with_query};
use crate::components::DateTime;

/// List items, numbered from `first`.
pub(crate) fn hit_rows(found: &[Hit], first: u32) -> String {
    let rows = found.iter().zip(first + 1..);
    rows.map(|(hit, number)| view! { <Row hit=hit.clone() number /> }).collect_view().to_html()
}

#[component]
fn Row(hit: Hit, number: u32) -> impl IntoView {
    let Hit { conversation, message, passage } = hit;
    let name = name_of(conversation.title.as_deref(), conversation.opening.as_deref());
    let id = message.id.as_str();
    let page = with_query(&page_of(conversation.id.as_str()), &[("message", id)]);
    let href = format!("{page}#m-{id}");
    let who = match message.role {
        Role::User => "You",
        Role::Assistant => "Answer",
        Role::Tool => "Tool",
        Role::System => "System",
    };
    view! {
        <li class="list__item list-entry" id=format!("r{number}")>
            <h3 class="list-entry__title"><a href=href dir="auto">{name}</a></h3>
            <p class="list-entry__snippet" dir="auto">{words(passage)}</p>
            <p class="list__meta">{who}" · "<DateTime of=message.created_at /></p>
        </li>
    }
}

/// The snippet as plain text, with the search terms marked.
fn words(passage: Passage) -> impl IntoView {
    let parts = passage.parts.into_iter().map(|part| SnippetPart { text: part.text, matched: part.matched });
    let parts = strip_markup(&parts.collect::<Vec<_>>()).into_iter().map(|part| {
        if part.matched { view! { <mark>{part.text}</mark> }.into_any() } else { part.text.into_any() }
    });
    view! { {passage.before_cut.then_some("… ")}{parts.collect_view()}{passage.after_cut.then_some(" …")} }
}
