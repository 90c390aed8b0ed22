//! The author's own pages, below every page.

use std::sync::Arc;

use leptos::prelude::*;

use crate::Book;

/// Links to the book, its terms and whom to ask, where the author has given them.
#[component]
pub(crate) fn BookLinks() -> impl IntoView {
    let links = use_context::<Arc<Book>>().map(|book| book.links.clone()).unwrap_or_default();
    let items: Vec<_> =
        links.into_iter().map(|link| view! { <li><a href=link.url>{link.label}</a></li> }).collect();
    (!items.is_empty()).then(|| {
        view! { <nav class="book-links" aria-label="About this book"><ul>{items}</ul></nav> }
    })
}
