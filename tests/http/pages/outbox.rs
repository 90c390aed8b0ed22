//! The page of the mails that are not sent, for a developer at this machine.

use http::Request;

use crate::{
    app::{TestApp, a_database},
    reply::Reply,
};

const OUTBOX: &str = "/dev/outbox";
const HOST: &str = "localhost:3001";

/// Requests a path from an IP address, with exactly these headers.
async fn ask_for(app: &TestApp, path: &str, from: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.script().at(from).send(request, "").await
}

/// Requests the page with its key.
async fn ask(app: &TestApp, from: &str, headers: &[(&str, &str)]) -> Reply {
    ask_for(app, app.outbox.as_deref().unwrap(), from, headers).await
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
    let there = format!("http://localhost:3001{}", app.outbox.as_deref().unwrap());
    assert_eq!((reply.status.as_u16(), reply.location()), (307, Some(there.as_str())));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_23_the_outbox_is_opened_by_its_key_alone() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let headers = [("host", HOST)];
    let path = app.outbox.clone().unwrap();
    let key = path.strip_prefix("/dev/outbox?key=").unwrap();
    assert_eq!(key.len(), 32, "128 bits");
    let next_start = app.again(&[], "").await.outbox.unwrap();
    assert_ne!(next_start, path);
    for other in [
        OUTBOX.to_owned(),
        format!("{OUTBOX}?key="),
        format!("{OUTBOX}?key={}", key.to_uppercase()),
        format!("{OUTBOX}?key={key}0"),
        format!("{OUTBOX}?key={}", &key[..31]),
        format!("{OUTBOX}?Key={key}"),
        format!("{OUTBOX}?key=x&key={key}"),
        format!("{OUTBOX}/?key={key}"),
        next_start,
    ] {
        // A key without letters is the same in capitals.
        if other != path {
            is_nowhere(&app, &ask_for(&app, &other, "127.0.0.1", &headers).await, &other).await;
        }
    }
    let with_cookie = [("host", HOST), ("cookie", &*format!("key={key}")), ("authorization", key)];
    is_nowhere(&app, &ask_for(&app, OUTBOX, "127.0.0.1", &with_cookie).await, "not in the address").await;
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
    assert_eq!(app.outbox, None);
    for host in ["accounts.example.org", HOST, "127.0.0.1:3001"] {
        let reply = ask_for(&app, OUTBOX, "127.0.0.1", &[("host", host)]).await;
        is_nowhere(&app, &reply, host).await;
    }
}
