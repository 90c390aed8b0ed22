//! Clients that are registered while the server runs.

use domain::Client as OAuthClient;
use rstest::rstest;
use testkit::databases::Kind;

use super::{BOOK, OTHER_BOOK};
use crate::app::TestApp;

fn client(id: &str, origin: &str, first_party: bool) -> OAuthClient {
    OAuthClient {
        id: id.into(),
        name: id.into(),
        redirect_uris: vec![format!("{origin}/callback")],
        origins: vec![origin.into()],
        post_logout_redirect_uris: Vec::new(),
        audiences: Vec::new(),
        first_party,
        secrets: Vec::new(),
    }
}

/// Who may read, and whether with cookies.
async fn allowed(app: &TestApp, origin: &str, path: &str) -> (Option<String>, bool) {
    let reply = app.script().sending("origin", origin).get(path).await;
    let header = |name: &str| reply.header(name).map(str::to_owned);
    (header("access-control-allow-origin"), header("access-control-allow-credentials").is_some())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn security_17_the_pages_of_a_client_can_be_used_while_it_is_registered(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let server = TestApp::on(kind.migrated().await).await;
    let command = server.again(&[], "").await;
    let session = "/api/auth/get-session";
    let register = async |id: &str, origin: &str, first_party: bool| {
        let registered = command.services.clients.register(&client(id, origin, first_party), false).await;
        assert!(registered.unwrap().is_none());
    };
    register("book", BOOK, true).await;
    register("other", OTHER_BOOK, false).await;
    assert_eq!(allowed(&server, BOOK, session).await, (Some(BOOK.into()), true));
    assert_eq!(allowed(&server, OTHER_BOOK, session).await, (None, false));
    assert_eq!(allowed(&server, OTHER_BOOK, "/api/conversations").await, (Some(OTHER_BOOK.into()), false));

    command.services.clients.remove("book").await.unwrap();
    server.services.run_maintenance().await.unwrap();
    assert_eq!(allowed(&server, BOOK, session).await, (None, false));
    // Whoever asks for nothing that is known does not keep the server from finding what has just been registered.
    let late = "https://late.example.org";
    assert_eq!(allowed(&server, late, session).await, (None, false));
    register("late", late, true).await;
    server.ports.clock.advance_seconds(1);
    assert_eq!(allowed(&server, late, session).await, (Some(late.into()), true));
}
