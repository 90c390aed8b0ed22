//! The query of the page's address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A query parameter; an empty string when it has no value.
pub(crate) fn query_parameter(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name))
}
