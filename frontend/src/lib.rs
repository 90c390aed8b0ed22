//! The WASM entry: brings the islands of a page to life.

// Links the islands, which leptos finds by name.
use app as _;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page once the WASM has loaded.
#[wasm_bindgen]
pub fn hydrate() {
    leptos::mount::hydrate_islands();
}
