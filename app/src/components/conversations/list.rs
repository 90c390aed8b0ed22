//! The list of conversations, without its rows.

use contract::routes;
use leptos::{either::Either, prelude::*};

use super::with_query;
use crate::fragments::ListQuery;

/// The rows of a list, rendered.
pub(crate) struct Rows {
    /// Number of rows.
    pub(crate) count: usize,
    /// The rendered `<li>` elements.
    pub(crate) html: String,
}

/// The list with tabs and the "show more" link, or a message if it is empty.
pub(crate) fn list_region(asked: &ListQuery, rows: Rows, more: &str) -> String {
    let (is_search, from_later) = (!asked.q.is_empty(), !asked.from.is_empty());
    let heading = is_search.then(|| format!("Messages with \u{201c}{}\u{201d}", asked.q));
    // For an empty search result the link is below the message.
    let back = (is_search && rows.count > 0).then(way_to_all);
    let tabs = (!is_search).then(|| view! { <Tabs archived=asked.archived /> });
    let newer = from_later.then(|| {
        let beginning = address(asked, "", 0);
        view! { <p><a class="button button--quiet" href=beginning>"Back to the newest"</a></p> }
    });
    let body = if rows.count == 0 {
        Either::Left(view! { <Nothing asked=asked.clone() /> })
    } else {
        Either::Right(view! { <ul class="list conversation-list" data-rows inner_html=rows.html></ul> })
    };
    view! {
        {tabs}
        {heading.map(|heading| view! { <h2><bdi>{heading}</bdi></h2> })}
        {back}
        {newer}
        {body}
        <div class="conversation-list__next-page" data-more inner_html=more.to_owned()></div>
    }
    .to_html()
}

/// The "show more" link. It works without script, and carries the cursor for the island.
pub(crate) fn list_more(asked: &ListQuery, cursor: &str, step: u32, grows: bool) -> String {
    let shown = asked.shown + step;
    let (href, cursor) = if grows {
        (format!("{}#r{}", address(asked, &asked.from, shown), asked.shown), Some(cursor.to_owned()))
    } else {
        (address(asked, cursor, 0), None)
    };
    view! {
        <a class="button button--quiet" href=href data-cursor=cursor data-shown=shown.to_string()>
            "Show more"
        </a>
    }
    .to_html()
}

/// The address of the list in its current state.
pub(crate) fn address(asked: &ListQuery, from: &str, shown: u32) -> String {
    let shown = if shown == 0 { String::new() } else { shown.to_string() };
    let archived = if asked.archived { "archived" } else { "" };
    with_query(
        routes::CONVERSATIONS,
        &[("q", &asked.q), ("status", archived), ("from", from), ("shown", &shown)],
    )
}

#[component]
fn Tabs(archived: bool) -> impl IntoView {
    let put_away = with_query(routes::CONVERSATIONS, &[("status", "archived")]);
    let current = |is: bool| is.then_some("page");
    view! {
        <nav class="nav nav--tabs" aria-label="Which conversations">
            <ul>
                <li><a href=routes::CONVERSATIONS aria-current=current(!archived)>"Active"</a></li>
                <li><a href=put_away aria-current=current(archived)>"Archived"</a></li>
            </ul>
        </nav>
    }
}

/// The link from a search or the archive to all conversations.
fn way_to_all() -> impl IntoView {
    view! { <p><a class="conversation-list__back" href=routes::CONVERSATIONS>"All conversations"</a></p> }
}

/// The message of an empty list, with what to do.
#[component]
fn Nothing(asked: ListQuery) -> impl IntoView {
    let (title, words) = if !asked.q.is_empty() {
        ("Nothing found", "All words have to be in one message. Try fewer of them, or another spelling.")
    } else if asked.archived {
        ("No archived conversations", "Archive a conversation to keep it without having it in your list.")
    } else {
        (
            "No conversations yet",
            "Open the book and ask its assistant something. What you ask, and what it answers, is kept here, and you \
            find it again on every device.",
        )
    };
    let back = (!asked.q.is_empty() || asked.archived).then(way_to_all);
    view! {
        <div class="conversation-list__empty">
            <h2>{title}</h2>
            <p>{words}</p>
            {back}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_way_out_of_a_search_and_of_what_is_put_away() {
        let ways = |q: &str, archived: bool, count: usize| {
            let asked = ListQuery { q: q.to_owned(), archived, ..ListQuery::default() };
            list_region(&asked, Rows { count, html: String::new() }, "").matches("All conversations").count()
        };
        assert_eq!((ways("lidar", false, 2), ways("lidar", false, 0)), (1, 1));
        assert_eq!((ways("", true, 2), ways("", true, 0)), (0, 1), "rows that are put away are a tab's");
        assert_eq!((ways("", false, 2), ways("", false, 0)), (0, 0));
    }
}
