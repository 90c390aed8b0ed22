//! `POST /conversations/-/turns`: messages of a conversation.

use std::sync::Arc;

use contract::{Code, Problem, Problems};
use domain::Place;
use leptos::prelude::use_context;

use super::{super::signed_in, door, refused};
use crate::{
    Book,
    components::{turn_rows, way_to_earlier, way_to_later},
    context::Door,
    loading::{AskedTurns, FormError, TurnPlace, Turns},
};

/// Messages of a page.
const PAGE: u32 = 30;

/// Messages of a conversation of the reader.
pub(crate) async fn turns(asked: AskedTurns) -> Result<Turns, FormError> {
    let door = door()?;
    let book = use_context::<Arc<Book>>().map(|book| book.name.clone()).unwrap_or_default();
    read(&door, &asked, &book).await.map_err(|problems| refused(&door, problems))
}

async fn read(door: &Door, asked: &AskedTurns, book: &str) -> Result<Turns, Problems> {
    let user_id = &signed_in(door)?.user.id;
    let place = match (asked.place, asked.message.as_str()) {
        (TurnPlace::End, _) => Place::End,
        (_, "") => return Err(Problem::new(Code::MalformedRequest).into()),
        (TurnPlace::Before, message) => Place::Before(message),
        (TurnPlace::After, message) => Place::After(message),
        (TurnPlace::Around, message) => Place::Around(message),
        (TurnPlace::Only, message) => Place::Only(message),
    };
    let branch = Some(asked.branch.as_str()).filter(|branch| !branch.is_empty());
    let stretch = door.services.conversations.branch(user_id, &asked.id, branch, place, PAGE).await?;
    let places = stretch.turns.first().zip(stretch.turns.last());
    let html = if places.is_some() { turn_rows(&stretch.turns, asked, book) } else { String::new() };
    let first = stretch.turns.first().filter(|_| stretch.goes_up).map(|turn| turn.message.id.as_str());
    let last = stretch.turns.last().filter(|_| stretch.goes_on).map(|turn| turn.message.id.as_str());
    Ok(Turns {
        html,
        earlier: first.map(|first| way_to_earlier(asked, first)).unwrap_or_default(),
        later: last.map(|last| way_to_later(asked, last)).unwrap_or_default(),
        places: places.map(|(first, last)| (first.message.seq, last.message.seq)),
    })
}
