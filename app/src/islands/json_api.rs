//! Asking the JSON API as the reader of the page.

use leptos::{
    prelude::*,
    wasm_bindgen::{JsCast, JsValue},
};
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// The reply of the API.
pub(super) enum JsonReply {
    /// The JSON that was asked for.
    Found(JsValue),
    /// It is not there any more.
    Gone,
    /// Nobody is signed in.
    Refused,
    /// Anything else, which may pass.
    Failed,
}

/// Gets JSON.
pub(super) async fn get_json(address: &str) -> JsonReply {
    let response = JsFuture::from(window().fetch_with_str(address)).await;
    let Some(response) = response.ok().and_then(|it| it.dyn_into::<Response>().ok()) else {
        return JsonReply::Failed;
    };
    match response.status() {
        200 => {}
        404 => return JsonReply::Gone,
        401 => return JsonReply::Refused,
        _ => return JsonReply::Failed,
    }
    let Ok(json) = response.json() else { return JsonReply::Failed };
    JsFuture::from(json).await.map_or(JsonReply::Failed, JsonReply::Found)
}
