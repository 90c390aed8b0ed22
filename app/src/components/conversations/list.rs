//! The list of conversations, without its rows.

use contract::routes;
use leptos::{either::Either, prelude::*};
use url::form_urlencoded;

use super::with_query;
use crate::fragments::ListQuery;

/// The rows of a list, rendered.
pub(crate) struct Rows {
    /// Number of rows.
    pub(crate) count: usize,
    /// The rendered `<li>` elements.
    pub(crate) html: String,
}

/// A book by which the list can be filtered.
pub(crate) struct BookChoice {
    /// Its name.
    pub(crate) name: String,
    /// Its `client_id`; empty for the conversations of no book.
    pub(crate) client: String,
}

/// The list with tabs and the "show more" link, or a message if it is empty.
pub(crate) fn list_region(asked: &ListQuery, rows: Rows, more: &str, books: &[BookChoice]) -> String {
    let (is_search, from_later) = (!asked.q.is_empty(), !asked.from.is_empty());
    let heading = is_search.then(|| format!("Messages with \u{201c}{}\u{201d}", asked.q));
    // For an empty search result the link is below the message.
    let back = (is_search && rows.count > 0).then(way_to_all);
    let tabs = (!is_search).then(|| tabs(asked));
    let books = (!books.is_empty()).then(|| book_filter(asked, books));
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
        {books}
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
    let address = with_query(
        routes::CONVERSATIONS,
        &[("q", &asked.q), ("status", archived), ("from", from), ("shown", &shown)],
    );
    // An empty one has a meaning of its own.
    let Some(client) = &asked.client else { return address };
    let mut query = form_urlencoded::Serializer::new(String::new());
    let before = if address.contains('?') { '&' } else { '?' };
    format!("{address}{before}{}", query.append_pair("client", client).finish())
}

fn tabs(asked: &ListQuery) -> impl IntoView {
    let way = |archived: bool| {
        let list = ListQuery { archived, client: asked.client.clone(), ..ListQuery::default() };
        (address(&list, "", 0), (archived == asked.archived).then_some("page"))
    };
    let ((active, is_active), (archived, is_archived)) = (way(false), way(true));
    view! {
        <nav class="nav nav--tabs" aria-label="Which conversations">
            <ul>
                <li><a href=active aria-current=is_active>"Active"</a></li>
                <li><a href=archived aria-current=is_archived>"Archived"</a></li>
            </ul>
        </nav>
    }
}

fn book_filter(asked: &ListQuery, books: &[BookChoice]) -> impl IntoView + use<> {
    let way = |client: Option<&str>, name: &str| {
        let client = client.map(str::to_owned);
        let current = (client == asked.client).then_some("true");
        let list = ListQuery { archived: asked.archived, client, ..ListQuery::default() };
        let (href, name) = (address(&list, "", 0), name.to_owned());
        view! { <li><a href=href aria-current=current><bdi>{name}</bdi></a></li> }
    };
    let all = way(None, "All books");
    let each: Vec<_> = books.iter().map(|book| way(Some(&book.client), &book.name)).collect();
    view! {
        <nav class="nav nav--tabs" aria-label="Which book">
            <ul>{all} {each}</ul>
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
    } else if asked.client.is_some() {
        ("No conversations here", "None of those in this list belong to the book you have chosen.")
    } else if asked.archived {
        ("No archived conversations", "Archive a conversation to keep it without having it in your list.")
    } else {
        (
            "No conversations yet",
            "Open the book and ask its assistant something. What you ask, and what it answers, is kept here, and you \
            find it again on every device.",
        )
    };
    let back = (!asked.q.is_empty() || asked.archived || asked.client.is_some()).then(way_to_all);
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
            list_region(&asked, Rows { count, html: String::new() }, "", &[])
                .matches("All conversations")
                .count()
        };
        assert_eq!((ways("lidar", false, 2), ways("lidar", false, 0)), (1, 1));
        assert_eq!((ways("", true, 2), ways("", true, 0)), (0, 1), "rows that are put away are a tab's");
        assert_eq!((ways("", false, 2), ways("", false, 0)), (0, 0));
    }
}
