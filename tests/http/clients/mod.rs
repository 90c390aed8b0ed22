//! Clients of OAuth 2.0: what their registration opens to the pages of their origins.

mod cross_site;
mod origins;
mod registered;

use testkit::databases::TestDatabase;

use crate::app::TestApp;

/// The origin of a first-party client.
const BOOK: &str = "https://book.example.org";
/// The origin of a client that asks for consent.
const OTHER_BOOK: &str = "https://other.example.net";

const CLIENTS: &str = r#"
[[clients]]
id = "book"
name = "The book"
redirect_uris = ["https://book.example.org/callback"]
origins = ["https://book.example.org", "http://localhost:4000"]
first_party = true

[[clients]]
id = "other"
name = "Another book"
redirect_uris = ["https://other.example.net/callback"]
origins = ["https://other.example.net", "http://localhost:3000"]
"#;

async fn app(database: TestDatabase) -> TestApp {
    TestApp::declared(database, &[], CLIENTS).await
}
