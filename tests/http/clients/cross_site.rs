//! The session of the unmodified Better Auth client on a book of another site: a partitioned cookie of its own.

use serde_json::json;

use super::{BOOK, CLIENTS, OTHER_BOOK};
use crate::{
    app::{TestApp, a_database},
    client::{Client, READER},
    reply::{Reply, SetCookie},
};

const PARTITIONED: &str = "__Host-bookplate.partitioned_session_token";
const DEVICE: &str = "__Host-bookplate.partitioned_device";
const OWN: &str = "__Secure-better-auth.session_token";
const LISTED: &str = "https://listed.example.org";

async fn app() -> TestApp {
    let variables =
        [("BOOKPLATE_URL", "https://accounts.example.com"), ("BOOKPLATE_TRUSTED_ORIGINS", LISTED)];
    TestApp::declared(a_database().await, &variables, CLIENTS).await
}

/// A page of the origin, from which a script fetches with cookies.
fn page(app: &TestApp, origin: &str, site: &str) -> Client {
    app.script().sending("origin", origin).sending("sec-fetch-site", site).sending("sec-fetch-mode", "cors")
}

/// A page of the first-party book on another site, signed in as Ada.
async fn signed_in(app: &TestApp) -> Client {
    app.reader("ada@example.com").await;
    let mut book = page(app, BOOK, "cross-site");
    assert_eq!(book.json("/api/auth/sign-in/email", READER.json()).await.status, 200);
    book
}

fn set(reply: &Reply, name: &str) -> SetCookie {
    reply.cookie(name).unwrap_or_else(|| panic!("{name} among {:?}", reply.headers))
}

fn names(reply: &Reply) -> Vec<String> {
    reply.cookies().into_iter().map(|cookie| cookie.name).collect()
}

async fn is_signed_in(client: &mut Client) -> bool {
    !client.get("/api/auth/get-session").await.json().is_null()
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_a_book_on_another_site_gets_a_partitioned_cookie_of_its_own() {
    let app = app().await;
    app.reader("ada@example.com").await;
    let mut book = page(&app, BOOK, "cross-site");
    let grace = READER.with("email", "grace@example.com").json();
    for (path, body) in [("/api/auth/sign-in/email", READER.json()), ("/api/auth/sign-up/email", grace)] {
        let reply = book.json(path, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(names(&reply)[0], PARTITIONED, "{path}");
        assert!(names(&reply).iter().all(|name| [PARTITIONED, DEVICE].contains(&name.as_str())), "{path}");
        for cookie in reply.cookies() {
            for attribute in ["Secure", "HttpOnly", "SameSite=None", "Partitioned", "Path=/"] {
                assert!(cookie.has(attribute), "{path} {} {attribute}", cookie.name);
            }
            assert!(!cookie.has("Domain"), "{path}");
        }
    }
    assert!(is_signed_in(&mut book).await);
    assert_eq!(book.get("/api/conversations").await.status, 200);
    assert_eq!(book.json("/api/conversations", json!({"id": "c"})).await.status, 201);
    assert_eq!(book.json("/api/auth/update-user", json!({"name": "Grace H"})).await.status, 200);
    assert_eq!(book.get("/api/auth/token").await.status, 200);

    // Signed in there once more, the browser is known.
    let again = book.json("/api/auth/sign-in/email", READER.with("email", "grace@example.com").json()).await;
    assert_eq!(names(&again), [PARTITIONED], "the device cookie is there already");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_only_the_pages_of_first_party_clients_on_another_site_get_it() {
    let app = app().await;
    app.reader("ada@example.com").await;
    for (origin, site) in [
        ("https://accounts.example.com", "same-origin"),
        (BOOK, "same-site"),
        (BOOK, "none"),
        (LISTED, "cross-site"),
    ] {
        let reply = page(&app, origin, site).json("/api/auth/sign-in/email", READER.json()).await;
        assert_eq!(reply.status, 200, "{origin} {site}");
        assert!(!set(&reply, OWN).has("Partitioned"), "{origin} {site}");
        assert!(
            set(&reply, OWN).has("SameSite=Lax") && reply.cookie(PARTITIONED).is_none(),
            "{origin} {site}"
        );
    }
    let reply = page(&app, OTHER_BOOK, "cross-site").json("/api/auth/sign-in/email", READER.json()).await;
    assert_eq!((reply.status.as_u16(), names(&reply).len()), (403, 0));

    let local = TestApp::declared(a_database().await, &[], CLIENTS).await;
    local.reader("ada@example.com").await;
    let reply = page(&local, BOOK, "cross-site").json("/api/auth/sign-in/email", READER.json()).await;
    assert!(reply.cookie("better-auth.session_token").is_some(), "over http there is no such cookie");
    assert!(names(&reply).iter().all(|name| !name.contains("partitioned")), "{:?}", names(&reply));
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_it_counts_for_scripts_of_that_page_alone() {
    let app = app().await;
    let book = signed_in(&app).await;
    let cookie = book.cookie(PARTITIONED).unwrap().to_owned();
    assert!(is_signed_in(&mut book.clone()).await);
    let (other, listed) = (page(&app, OTHER_BOOK, "cross-site"), page(&app, LISTED, "cross-site"));
    let no_origin = book.clone().without("origin");
    let evil = book.clone().sending("origin", "https://book.example.org.evil.example");
    let referring = no_origin.clone().sending("referer", "https://book.example.org/chapter");
    for mut client in [other, listed, no_origin, evil, referring, app.browser()] {
        client.keep(PARTITIONED, &cookie);
        assert!(!is_signed_in(&mut client).await);
        assert!(matches!(client.get("/api/conversations").await.status.as_u16(), 401 | 403));
        let written = client.json("/api/conversations", json!({"id": "never"})).await;
        assert!(matches!(written.status.as_u16(), 401 | 403), "{}", written.text());
    }
    // As a cookie of our own site, it is none; and pages and forms read no other.
    let mut own = app.browser();
    own.keep(OWN, &cookie);
    assert!(is_signed_in(&mut own).await, "the value is a session's, under the name that counts");
    for mut client in [book.clone(), book.without("origin")] {
        let account = client.get("/account").await;
        assert!(
            account.location().is_some_and(|location| location.contains("/sign-in")),
            "{}",
            account.status
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_13_it_yields_to_the_cookie_of_our_own_site_and_ends_with_it() {
    let app = app().await;
    let book = signed_in(&app).await;
    let grace = app.reader("grace@example.com").await;
    let mut both = book.clone();
    both.keep(OWN, grace.session().unwrap());
    let body = both.get("/api/auth/get-session").await.json();
    assert_eq!(body["user"]["email"], "grace@example.com");
    let out = both.json("/api/auth/sign-out", json!({})).await;
    assert!(set(&out, OWN).expires() && set(&out, PARTITIONED).expires());
    assert!(set(&out, PARTITIONED).has("Partitioned") && !set(&out, OWN).has("Partitioned"));
    assert!(is_signed_in(&mut book.clone()).await, "the other session itself was not signed out");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_11_it_goes_with_its_session() {
    let app = app().await;
    let mut book = signed_in(&app).await;
    let out = book.json("/api/auth/sign-out", json!({})).await;
    assert_eq!(names(&out), [PARTITIONED]);
    assert!(set(&out, PARTITIONED).expires() && set(&out, PARTITIONED).has("Partitioned"));
    assert!(!is_signed_in(&mut book).await);

    let sign_in = async |client: &mut Client| client.json("/api/auth/sign-in/email", READER.json()).await;
    sign_in(&mut book).await;
    let mut elsewhere = app.browser();
    sign_in(&mut elsewhere).await;
    elsewhere.json("/api/auth/revoke-sessions", json!({})).await;
    let revoked = book.get("/api/auth/get-session").await;
    assert!(revoked.json().is_null() && set(&revoked, PARTITIONED).expires(), "{:?}", revoked.headers);

    sign_in(&mut book).await;
    app.ports.clock.advance_seconds(8 * 86_400);
    let expired = book.get("/api/auth/get-session").await;
    assert!(expired.json().is_null() && set(&expired, PARTITIONED).expires());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_session_is_sent_again_where_it_came_from() {
    let app = app().await;
    for path in ["/api/auth/get-session", "/api/conversations"] {
        let mut book = page(&app, BOOK, "cross-site");
        app.reader(&format!("ada{}@example.com", path.len())).await;
        let ada = READER.with("email", &format!("ada{}@example.com", path.len()));
        book.json("/api/auth/sign-in/email", ada.json()).await;
        app.ports.clock.advance_seconds(2 * 86_400);
        let renewed = book.get(path).await;
        assert_eq!(renewed.status, 200, "{path}");
        assert_eq!(names(&renewed), [PARTITIONED], "{path}");
        assert_eq!(set(&renewed, PARTITIONED).max_age(), Some(7 * 86_400), "{path}");
    }
    let mut book = page(&app, BOOK, "cross-site");
    let short = READER.with("email", "ada18@example.com");
    let mut body = short.json();
    body["rememberMe"] = false.into();
    let reply = book.json("/api/auth/sign-in/email", body).await;
    assert_eq!(set(&reply, PARTITIONED).max_age(), None, "it ends with the browser window");
}
