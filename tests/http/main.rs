//! Tests of the HTTP layer: the real router on a real database, called without a socket.
//!
//! One binary, because each one links the whole server again: add a module, not a file beside this folder.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test, a failure is a panic"
)]

mod app;
mod audit;
mod bad_input;
mod busy;
mod client;
mod clients;
mod codes;
mod commands;
mod contracts;
mod conversations;
mod data_export;
mod fields;
mod forms_and_json;
mod hardening;
mod idle;
mod oauth;
mod openapi;
mod page;
mod pages;
mod reply;
mod request_ids;
mod session_settings;
mod start;
mod wire;
