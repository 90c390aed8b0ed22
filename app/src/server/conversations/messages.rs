//! `POST /conversations/-/turns`: messages of a conversation.

use std::sync::Arc;

use contract::{Code, Problem};
use domain::{PageAnchor, Principal};
use leptos::prelude::use_context;

use crate::{
    Book,
    components::{message_rows, way_to_earlier, way_to_later},
    context::RequestContext,
    fragments::{AnchorKind, FragmentError, MessagesFragment, MessagesQuery},
};

/// Messages of a page.
const PAGE: u32 = 30;

/// Messages of a conversation of the reader.
pub(crate) async fn messages(asked: MessagesQuery) -> Result<MessagesFragment, FragmentError> {
    let context = RequestContext::of_call()?;
    let book = use_context::<Arc<Book>>().map(|book| book.name.clone()).unwrap_or_default();
    let reader = Principal::reader(&context.signed_in()?.user.id);
    let place = match (asked.place, asked.message.as_str()) {
        (AnchorKind::End, _) => PageAnchor::End,
        (_, "") => return Err(Problem::new(Code::MalformedRequest).into()),
        (AnchorKind::Before, message) => PageAnchor::Before(message),
        (AnchorKind::After, message) => PageAnchor::After(message),
        (AnchorKind::Around, message) => PageAnchor::Around(message),
        (AnchorKind::Only, message) => PageAnchor::Only(message),
    };
    let branch = Some(asked.branch.as_str()).filter(|branch| !branch.is_empty());
    let stretch = context.services.conversations.branch_page(reader, &asked.id, branch, place, PAGE).await?;
    let places = stretch.messages.first().zip(stretch.messages.last());
    let html = if places.is_some() { message_rows(&stretch.messages, &asked, &book) } else { String::new() };
    let first = stretch.messages.first().filter(|_| stretch.has_earlier).map(|turn| turn.message.id.as_str());
    let last = stretch.messages.last().filter(|_| stretch.has_later).map(|turn| turn.message.id.as_str());
    Ok(MessagesFragment {
        html,
        earlier: first.map(|first| way_to_earlier(&asked, first)).unwrap_or_default(),
        later: last.map(|last| way_to_later(&asked, last)).unwrap_or_default(),
        places: places.map(|(first, last)| (first.message.seq, last.message.seq)),
    })
}
