//! A conversation as a list row.

use contract::conversations::{Conversation, ConversationStatus};
use leptos::prelude::*;
use markdown::first_line;

use super::{actions::Manage, count, list::address, page_of};
use crate::{
    components::{DateTime, FieldErrors},
    fragments::ListQuery,
};

/// Maximum length of a row's preview, in characters.
const LINE: usize = 160;

/// The title of a conversation, or else its opening.
pub(crate) fn name_of(title: Option<&str>, opening: Option<&str>) -> String {
    let begins = || opening.map(|opening| first_line(opening, LINE)).filter(|line| !line.is_empty());
    title.map(str::to_owned).or_else(begins).unwrap_or_else(|| "New conversation".to_owned())
}

/// List items, numbered from `first`.
pub(crate) fn list_rows(found: &[Conversation], asked: &ListQuery, first: u32) -> String {
    let page = address(asked, &asked.from, asked.shown);
    let rows = found.iter().zip(first + 1..).map(|(conversation, number)| {
        view! { <Row conversation=conversation.clone() number page=page.clone() /> }
    });
    rows.collect_view().to_html()
}

#[component]
fn Row(
    conversation: Conversation,
    /// Its position in the list, from 1.
    number: u32,
    /// The address of the list, to return to.
    page: String,
) -> impl IntoView {
    let name = name_of(conversation.title.as_deref(), conversation.opening.as_deref());
    // Without a title, the opening is already shown in its place.
    let line = conversation.opening.as_deref().filter(|_| conversation.title.is_some());
    let line = line.map(|line| first_line(line, LINE)).filter(|line| !line.is_empty());
    let (id, href) = (format!("r{number}"), page_of(conversation.id.as_str()));
    let at = conversation.last_message_at.unwrap_or(conversation.created_at);
    let messages = count(conversation.message_count, "message");
    let field_errors = FieldErrors::of_request().of_conversation(conversation.id.as_str());
    let opens = field_errors.code().is_some();
    let archived = conversation.status == ConversationStatus::Archived;
    let back = format!("{page}#{id}");
    view! {
        <li class="list__item list-entry" id=id>
            <h2 class="list-entry__title"><a href=href dir="auto">{name.clone()}</a></h2>
            {line.map(|line| view! { <p class="list-entry__preview" dir="auto">{line}</p> })}
            <p class="list__meta"><DateTime of=at />" · "{messages}</p>
            <details class="disclosure list-entry__actions" open=opens>
                <summary>"More"<span class="visually-hidden">": "<bdi>{name}</bdi></span></summary>
                <Manage
                    conversation=conversation.id.as_str().to_owned()
                    title=conversation.title
                    archived
                    field_errors
                    rename_to=back
                    back=page
                    number
                />
            </details>
        </li>
    }
}
