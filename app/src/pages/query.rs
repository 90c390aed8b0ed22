//! The query of the page's address.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A parameter of the page's address; `Some` of nothing when it stands there without a value.
pub(crate) fn query_parameter(name: &str) -> Option<String> {
    use_query_map().with_untracked(|query| query.get(name))
}
