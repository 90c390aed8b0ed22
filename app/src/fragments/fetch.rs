//! The same functions as a browser calls them: JSON there and back. Leptos's own client does the same and weighs 20 kB more.

use contract::{Code, routes};
use leptos::{prelude::window, wasm_bindgen::JsCast};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, RequestInit, Response};

use super::{
    error::FragmentError,
    types::{ListFragment, ListQuery, MessagesFragment, MessagesQuery},
};

/// The reader's conversations, or the messages in which something was found.
///
/// # Errors
/// [`FragmentError`].
pub async fn load_conversations(asked: ListQuery) -> Result<ListFragment, FragmentError> {
    ask(routes::LIST_CONVERSATIONS, asked).await
}

/// Messages of a conversation of the reader.
///
/// # Errors
/// [`FragmentError`].
pub async fn load_messages(asked: MessagesQuery) -> Result<MessagesFragment, FragmentError> {
    ask(routes::LOAD_TURNS, asked).await
}

/// The one argument of a function, under its name.
#[derive(Serialize)]
struct Arguments<A> {
    asked: A,
}

async fn ask<A: Serialize, T: DeserializeOwned>(path: &str, asked: A) -> Result<T, FragmentError> {
    let failed = FragmentError(Code::Internal);
    let body = serde_json::to_string(&Arguments { asked }).map_err(|_| failed)?;
    let headers = Headers::new().map_err(|_| failed)?;
    headers.set("content-type", "application/json").map_err(|_| failed)?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_headers(&headers);
    request.set_body(&body.into());
    let answer = JsFuture::from(window().fetch_with_str_and_init(path, &request)).await;
    let answer: Response = answer.map_err(|_| failed)?.dyn_into().map_err(|_| failed)?;
    match answer.status() {
        200 => {}
        400 => return Err(FragmentError(Code::ValidationError)),
        401 => return Err(FragmentError(Code::Unauthorized)),
        _ => return Err(failed),
    }
    let text = JsFuture::from(answer.text().map_err(|_| failed)?).await.map_err(|_| failed)?;
    serde_json::from_str(&text.as_string().unwrap_or_default()).map_err(|_| failed)
}
