//! Conversations, as list rows and as pages.

mod actions;
mod list;
mod message;
mod part;
mod row;
mod search_result;
mod source;

pub(crate) use self::{
    actions::{Manage, Undo},
    list::{BookChoice, Rows, list_more, list_region},
    message::{message_rows, way_to_earlier, way_to_later},
    row::{list_rows, name_of},
    search_result::hit_rows,
};

use contract::routes;
use url::form_urlencoded;

/// The path of a conversation's page.
pub(crate) fn page_of(id: &str) -> String {
    // Ids contain only characters that need no escaping in a path.
    format!("{}/{id}", routes::CONVERSATIONS)
}

/// A path with those query parameters that have a value.
pub(crate) fn with_query(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters.iter().filter(|(_, value)| !value.is_empty()));
    match query.finish() {
        query if query.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

/// A count with its noun.
fn count(number: i64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}
