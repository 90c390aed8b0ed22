//! Pages as browsers, screen readers and caches get them.

mod book_links;
mod conversations;
mod email_codes;
mod files;
mod forms;
mod headers;
mod outbox;
mod redirects;

use crate::{app::TestApp, client::Client};

/// Every page, signed out and signed in.
async fn every_page(app: &TestApp) -> Vec<(Client, &'static str, u16)> {
    let reader = app.reader("ada@example.com").await;
    let out = [
        ("/", 200),
        ("/sign-in", 200),
        ("/sign-up", 200),
        ("/forgot-password", 200),
        ("/reset-password", 200),
        ("/verify-email", 200),
        ("/no-such-page", 404),
    ];
    let signed_in = [
        ("/", 200),
        ("/conversations", 200),
        ("/account", 200),
        ("/account/security", 200),
        ("/account/sessions", 200),
        ("/account/data", 200),
        ("/sign-out", 200),
        ("/no-such-page", 404),
    ];
    let out = out.map(|(path, status)| (app.browser(), path, status));
    out.into_iter().chain(signed_in.map(|(path, status)| (reader.clone(), path, status))).collect()
}
