//! The document's title. Each page gives its own; a refused form puts "Error: " before it, and `islands/live.rs` sets it
//! again when a conversation is renamed.

use std::sync::Arc;

use leptos::prelude::*;
use leptos_meta::Title;

use crate::Book;

/// The document title; the last one on a page wins.
#[component]
pub(crate) fn PageTitle(#[prop(into)] title: String) -> impl IntoView {
    let book = use_context::<Arc<Book>>().map(|book| book.name.clone()).unwrap_or_default();
    // leptos_meta 0.8.7 does not escape the text, and a name may contain `</title>`.
    let text = format!("{title} · {book}").replace('&', "&amp;").replace('<', "&lt;");
    view! { <Title text /> }
}
