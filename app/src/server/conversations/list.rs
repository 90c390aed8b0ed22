//! `POST /conversations/-/list`: the list, and what a search finds.

use contract::conversations::{Conversation, ConversationStatus, Hit};
use domain::{ClientFilter, ConversationError, PageRequest, Principal};

use crate::{
    components::{BookChoice, Rows, hit_rows, list_more, list_region, list_rows},
    context::RequestContext,
    fragments::{FragmentError, ListFragment, ListQuery},
};

/// Rows of a page.
const STEP: u32 = 20;
/// Rows that a page grows to at most; then another one begins.
const MOST: u32 = 200;

/// Rows, and where to go on.
type Found<T> = (Vec<T>, Option<String>);

/// The reader's conversations, or the messages in which something was found.
pub(crate) async fn list(asked: ListQuery) -> Result<ListFragment, FragmentError> {
    let context = RequestContext::of_call()?;
    let asked = ListQuery { shown: rows(asked.shown), q: asked.q.trim().to_owned(), ..asked };
    let user_id = context.signed_in()?.user.id.clone();
    let before = asked.shown - STEP;
    // Rows that an island adds are numbered on from those that are there.
    let first = if asked.more.is_some() { before } else { 0 };
    let (rows, next) = if asked.q.is_empty() {
        let (found, next) = conversations(&context, &user_id, &asked).await?;
        (Rows { count: found.len(), html: list_rows(&found, &asked, first) }, next)
    } else {
        let (found, next) = hits(&context, &user_id, &asked).await?;
        (Rows { count: found.len(), html: hit_rows(&found, first) }, next)
    };
    let more = next.map(|next| list_more(&asked, &next, STEP, asked.shown < MOST)).unwrap_or_default();
    let note = note(&asked, rows.count, !more.is_empty());
    let html = if asked.more.is_some() {
        rows.html
    } else {
        let books = books(&context, &user_id, &asked).await?;
        list_region(&asked, rows, &more, &books)
    };
    Ok(ListFragment { html, more, note })
}

/// The books that the reader's conversations belong to, when there is one to be chosen.
async fn books(
    context: &RequestContext,
    user_id: &str,
    asked: &ListQuery,
) -> Result<Vec<BookChoice>, ConversationError> {
    if !asked.q.is_empty() {
        return Ok(Vec::new());
    }
    let ids = context.services.conversations.clients(user_id).await?;
    if ids.len() < 2 && asked.client.is_none() {
        return Ok(Vec::new());
    }
    let (of_none, of_books): (Vec<_>, Vec<_>) = ids.into_iter().partition(Option::is_none);
    let named = of_books.into_iter().flatten().map(|id| {
        // A client that is registered no longer is called by its id.
        let name =
            context.services.clients.find(&id).map_or_else(|| id.clone(), |client| client.name.clone());
        BookChoice { name, client: id }
    });
    let mut books: Vec<_> = named.collect();
    books.sort_by(|one, other| (&one.name, &one.client).cmp(&(&other.name, &other.client)));
    let other = || BookChoice { name: "Others".to_owned(), client: String::new() };
    books.extend((!of_none.is_empty()).then(other));
    Ok(books)
}

/// As many rows as somebody may ask for: whole pages.
fn rows(shown: u32) -> u32 {
    shown.clamp(STEP, MOST).div_ceil(STEP) * STEP
}

fn note(asked: &ListQuery, count: usize, has_more: bool) -> String {
    let what = if asked.q.is_empty() { "conversation" } else { "message" };
    match (count, has_more, asked.more.is_some()) {
        (0, ..) => format!("No {what}s found."),
        (1, false, false) => format!("One {what} found."),
        (count, true, false) => format!("More than {count} {what}s found."),
        (count, false, false) => format!("{count} {what}s found."),
        (1, _, true) => format!("One more {what}."),
        (count, _, true) => format!("{count} more {what}s."),
    }
}

/// Where the rows that are asked for begin, and how many they are.
fn wanted(asked: &ListQuery) -> (Option<String>, u32) {
    match &asked.more {
        Some(more) => (Some(more.clone()), STEP),
        None => (Some(asked.from.clone()).filter(|from| !from.is_empty()), asked.shown),
    }
}

async fn conversations(
    context: &RequestContext,
    user_id: &str,
    asked: &ListQuery,
) -> Result<Found<Conversation>, ConversationError> {
    let status = if asked.archived { ConversationStatus::Archived } else { ConversationStatus::Active };
    let (mut cursor, mut left) = wanted(asked);
    let client = match asked.client.as_deref() {
        None => ClientFilter::All,
        Some("") => ClientFilter::NoClient,
        Some(id) => ClientFilter::Client(id),
    };
    let reader = Principal::reader(user_id);
    let mut found = Vec::new();
    while left > 0 {
        let limit = left.min(PageRequest::MAX_LIMIT);
        let page = PageRequest { limit, cursor: cursor.as_deref() };
        let page = context.services.conversations.list(reader, status, client, page).await?;
        found.extend(page.items);
        cursor = page.next_cursor;
        left -= limit;
        if cursor.is_none() {
            break;
        }
    }
    Ok((found, cursor))
}

async fn hits(
    context: &RequestContext,
    user_id: &str,
    asked: &ListQuery,
) -> Result<Found<Hit>, ConversationError> {
    let (mut cursor, mut left) = wanted(asked);
    let mut found = Vec::new();
    while left > 0 {
        let limit = left.min(PageRequest::MAX_LIMIT);
        let page = PageRequest { limit, cursor: cursor.as_deref() };
        let page = context.services.conversations.search(Principal::reader(user_id), &asked.q, page).await?;
        found.extend(page.items);
        cursor = page.next_cursor;
        left -= limit;
        if cursor.is_none() {
            break;
        }
    }
    Ok((found, cursor))
}
