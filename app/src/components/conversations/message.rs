//! A message on the page of its conversation.

use contract::{
    conversations::{FeedbackValue, Message, MessageId, MessageStatus, Origin, Role, parts_of, plain_text},
    routes,
};
use domain::{BranchMessage, SiblingPosition};
use leptos::prelude::*;

use super::{
    page_of,
    part::{Folded, render_parts},
    source::Sources,
    with_query,
};
use crate::{components::DateTime, fragments::MessagesQuery};

/// A list of messages.
pub(crate) fn message_rows(messages: &[BranchMessage], asked: &MessagesQuery, book: &str) -> String {
    let rows = messages
        .iter()
        .cloned()
        .map(|message| view! { <MessageRow message asked=asked.clone() book=book.to_owned() /> });
    rows.collect_view().to_html()
}

/// The link to earlier messages.
pub(crate) fn way_to_earlier(asked: &MessagesQuery, first: &str) -> String {
    let href = with_query(&page_of(&asked.id), &[("branch", &asked.branch), ("before", first)]);
    let words = "Earlier messages";
    view! { <a class="button button--quiet" href=format!("{href}#end") data-message=first.to_owned()>{words}</a> }
        .to_html()
}

/// The link to later messages.
pub(crate) fn way_to_later(asked: &MessagesQuery, last: &str) -> String {
    let href = with_query(&page_of(&asked.id), &[("branch", &asked.branch), ("after", last)]);
    view! { <a class="button button--quiet" href=href data-message=last.to_owned()>"Later messages"</a> }
        .to_html()
}

#[component]
fn MessageRow(message: BranchMessage, asked: MessagesQuery, book: String) -> impl IntoView {
    let BranchMessage { message, sibling } = message;
    let id = message.id.as_str().to_owned();
    let (element, label) = (format!("m-{id}"), format!("m-{id}-who"));
    let (class, who) = match message.role {
        Role::User => ("message message--user", "You".to_owned()),
        Role::Assistant => ("message", assistant(&message, book)),
        Role::Tool => ("message", "Tool".to_owned()),
        Role::System => ("message", "System".to_owned()),
    };
    let page = page_of(&asked.id);
    let own = format!("{}#{element}", with_query(&page, &[("branch", &asked.branch), ("message", &id)]));
    let siblings = sibling.map(|position| view! { <SiblingLinks position page=page.clone() /> });
    let parts = parts_of(&message.parts);
    let sources = Sources::of(&id, &parts);
    let words = render_parts(&id, &parts, &sources);
    let body = match message.role {
        Role::System => {
            view! { <Folded summary="What the assistant was told".to_owned()>{words}</Folded> }.into_any()
        }
        _ => view! { <div class="message__body">{words}</div> }.into_any(),
    };
    let says_something = !plain_text(&parts).is_empty();
    let labelled = label.clone();
    let back = format!("{}#{element}", here(&asked));
    let foot = (message.role == Role::Assistant && message.status != MessageStatus::InProgress)
        .then(|| view! { <Foot message=message.clone() back says_something /> });
    view! {
        <article
            class=class
            id=element
            aria-labelledby=labelled
            data-message=id
            data-seq=message.seq.to_string()
            data-status=message.status.name()
        >
            <header class="message__header">
                <h2 class="message__author" id=label><bdi>{who}</bdi></h2>
                <a class="message__permalink" href=own title="Link to this message"><DateTime of=message.created_at /></a>
                {siblings}
            </header>
            {body}
            {sources.list()}
            {state_in_words(message.status).map(|words| view! { <p class="message__status">{words}</p> })}
            {foot}
        </article>
    }
}

/// Who an answer is signed by: the product that it was imported from, or else the book.
fn assistant(message: &Message, book: String) -> String {
    match Origin::of(message.format.as_deref()) {
        Some(origin) => origin.name().to_owned(),
        None if book.is_empty() => "Assistant".to_owned(),
        None => book,
    }
}

/// The address of the requested page.
fn here(asked: &MessagesQuery) -> String {
    use crate::fragments::AnchorKind::{After, Around, Before};
    let place = match asked.place {
        Before => "before",
        After => "after",
        Around => "message",
        _ => "",
    };
    let message = if place.is_empty() { "" } else { asked.message.as_str() };
    with_query(&page_of(&asked.id), &[("branch", &asked.branch), (place, message)])
}

const fn state_in_words(status: MessageStatus) -> Option<&'static str> {
    match status {
        MessageStatus::Complete => None,
        MessageStatus::InProgress => Some("Still being written …"),
        MessageStatus::Incomplete => Some("This answer was cut off."),
        MessageStatus::Error => Some("Something failed while this was being written."),
    }
}

/// Links to the previous and next version of a message.
#[component]
fn SiblingLinks(position: SiblingPosition, page: String) -> impl IntoView {
    let link = |sibling: Option<MessageId>, sign: &'static str, label: &'static str| match sibling {
        Some(id) => {
            let href = format!("{}#m-{id}", with_query(&page, &[("branch", id.as_str())]));
            view! { <a class="versions__link" href=href aria-label=label>{sign}</a> }.into_any()
        }
        None => view! { <span class="versions__link" aria-hidden="true">{sign}</span> }.into_any(),
    };
    view! {
        <p class="versions">
            {link(position.previous, "‹", "The version before")}
            <bdi class="versions__position">{format!("{} of {}", position.position, position.count)}</bdi>
            {link(position.next, "›", "The version after")}
        </p>
    }
}

/// The rating of an answer; pressing the same button again removes it.
#[component]
fn Foot(
    message: Message,
    /// The form's redirect target.
    back: String,
    /// Whether the message has text to copy.
    says_something: bool,
) -> impl IntoView {
    let given = message.feedback.map(|feedback| feedback.value);
    let judge = move |value: FeedbackValue, words: &'static str| {
        let is_given = given == Some(value);
        let sent = if is_given { 0 } else { i64::from(value) };
        view! {
            <button
                class="message__action"
                type="submit"
                name="value"
                value=sent.to_string()
                aria-pressed=if is_given { "true" } else { "false" }
            >
                {words}
            </button>
        }
    };
    view! {
        <footer class="message__footer">
            <form
                class="message__feedback"
                method="post"
                action=routes::GIVE_FEEDBACK
                data-feedback
            >
                <input type="hidden" name="conversation" value=message.conversation_id.as_str().to_owned() />
                <input type="hidden" name="message" value=message.id.as_str().to_owned() />
                <input type="hidden" name="next" value=back />
                {judge(FeedbackValue::Good, "Helpful")}
                {judge(FeedbackValue::Bad, "Not helpful")}
            </form>
            {says_something
                .then(|| {
                    view! {
                        <button class="message__action message__copy" type="button" data-copy>
                            "Copy"
                        </button>
                    }
                })}
        </footer>
    }
}
