//! The page of the mails that are not sent, for a developer at this machine.

use http::Request;

use crate::{
    app::{TestApp, a_database},
    reply::Reply,
};

const OUTBOX: &str = "/dev/outbox";
const HOST: &str = "localhost:3001";

/// Requests the page from an IP address, with exactly these headers.
async fn ask(app: &TestApp, from: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::builder().uri(OUTBOX);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.script().at(from).send(request, "").await
}

/// Asserts the response of a nonexistent path.
async fn is_nowhere(app: &TestApp, reply: &Reply, case: &str) {
    assert_eq!(reply.status, 404, "{case}");
    let nothing = app.browser().get("/no-such-page").await;
    let heading = |reply: &Reply| reply.page().one("h1").text.clone();
    assert_eq!(heading(reply), heading(&nothing), "{case}");
    assert!(!reply.text().contains("Outbox"), "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_is_shown_on_the_local_machine() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for from in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
        for host in [HOST, "LocalHost:3001"] {
            let reply = ask(&app, from, &[("host", host)]).await;
            assert_eq!(
                (reply.status.as_u16(), reply.header("cache-control")),
                (200, Some("no-store")),
                "{from}"
            );
            assert_eq!(reply.page().one("h1").text, "Outbox", "{host:?}");
        }
    }
    // Under another name of this machine, the page is where every page is.
    let reply = ask(&app, "127.0.0.1", &[("host", "127.0.0.1:3001")]).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (307, Some("http://localhost:3001/dev/outbox")));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_23_the_outbox_is_hidden_from_other_machines() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for from in ["192.0.2.10", "10.0.0.5", "192.168.1.4", "2001:db8::1", "fe80::1", "::ffff:10.0.0.5"] {
        is_nowhere(&app, &ask(&app, from, &[("host", HOST)]).await, from).await;
    }
    for host in ["evil.example:3001", "localhost.evil.example:3001", "10.0.0.5:3001"] {
        is_nowhere(&app, &ask(&app, "127.0.0.1", &[("host", host)]).await, host).await;
    }
    assert_eq!(ask(&app, "127.0.0.1", &[]).await.status, 400, "no Host");
    for name in ["x-forwarded-for", "forwarded"] {
        for value in ["", "127.0.0.1", "203.0.113.7", "for=127.0.0.1"] {
            let reply = ask(&app, "127.0.0.1", &[("host", HOST), (name, value)]).await;
            is_nowhere(&app, &reply, name).await;
        }
    }
    // Nor does the word of a proxy that is trusted make anybody sit here.
    let trusting = app.again(&[("BOOKPLATE_TRUSTED_PROXIES", "10.0.0.0/8")], "").await;
    let headers = [("host", HOST), ("x-forwarded-for", "127.0.0.1")];
    is_nowhere(&trusting, &ask(&trusting, "10.0.0.5", &headers).await, "behind a proxy").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn security_23_a_public_server_has_no_outbox_page() {
    let database = a_database().await;
    let public = [("BOOKPLATE_URL", "https://accounts.example.org"), ("BOOKPLATE_OUTBOX", "letters.jsonl")];
    let app = TestApp::with(database, &public).await;
    for host in ["accounts.example.org", HOST, "127.0.0.1:3001"] {
        is_nowhere(&app, &ask(&app, "127.0.0.1", &[("host", host)]).await, host).await;
    }
}
