//! The author's terms: accepted at sign-up, and asked for again when they change.

use contract::{Code, Problem};
use domain::NewInvitation;
use serde_json::{Value, json};

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{TestApp, a_database},
    client::{Client, FORM, READER},
    fields::Fields,
    page::Page,
};

const NOT_ACCEPTED: &str = "TERMS_NOT_ACCEPTED";

fn book(version: &str) -> String {
    format!(
        "[book]\nterms_url = \"https://book.example.org/terms\"\nprivacy_url = \"https://book.example.org/privacy\"\n\
         terms_version = \"{version}\""
    )
}

fn accepting(version: &str) -> Fields {
    READER.with("acceptedTerms", "true").with("termsVersion", version)
}

/// The form of a page as a browser without scripts sends it, with the box ticked.
async fn accept(browser: &mut Client, page: &Page) -> crate::reply::Reply {
    let form = page.all("form").find(|form| form.get("action").is_some_and(|it| it.starts_with("/terms")));
    let action = form.unwrap().get("action").unwrap().to_owned();
    let mut fields = Fields::new(&[("acceptedTerms", "true")]);
    for hidden in ["next", "termsVersion"] {
        if let Some(value) = page.value(hidden) {
            fields = fields.with(hidden, &value);
        }
    }
    browser.form(&action, fields).await
}

/// A browser at another start of the server, with the session of this one.
fn returning(app: &TestApp, reader: &Client) -> Client {
    let mut browser = app.browser();
    browser.keep("better-auth.session_token", reader.session().unwrap());
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_sign_up_needs_the_current_terms_to_be_accepted() {
    let app = TestApp::declared(a_database().await, &[], &book("2026-11")).await;
    let page = app.browser().get("/sign-up").await.page();
    let control = page.control("acceptedTerms").unwrap();
    assert_eq!((control.get("type"), control.get("value")), (Some("checkbox"), Some("true")));
    assert!(control.has("required") && !control.has("checked"), "nobody accepts without a tick");
    assert_eq!(page.value("termsVersion").as_deref(), Some("2026-11"));
    for address in ["https://book.example.org/terms", "https://book.example.org/privacy"] {
        let links: Vec<_> =
            page.inside(page.one("form")).filter(|link| link.get("href") == Some(address)).collect();
        assert!(
            !links.is_empty() && links.iter().all(|link| link.get("target") == Some("_blank")),
            "{address}"
        );
    }
    let before = app.rows_but_events().await;
    let problem = Problem::on(Code::TermsNotAccepted, "acceptedTerms");
    for entry in ENTRY_POINTS {
        for fields in [
            READER,
            READER.with("acceptedTerms", "false").with("termsVersion", "2026-11"),
            READER.with("termsVersion", "2026-11"),
            accepting("2025-01"),
            accepting(""),
        ] {
            let reply = entry.ask(&mut app.browser(), Operation::SignUp, &fields).await;
            entry.refused(&reply, Operation::SignUp, &fields, &problem);
            if entry == EntryPoint::Json {
                let expected = "acceptedTerms: the current version of the terms has to be accepted";
                assert_eq!(reply.message(), expected, "the field is named");
            } else {
                assert!(!reply.page().control("acceptedTerms").unwrap().has("checked"), "{fields:?}");
                assert_eq!(reply.page().value("termsVersion").as_deref(), Some("2026-11"));
            }
        }
    }
    assert_eq!(app.rows_but_events().await, before);
    for (at, entry) in ENTRY_POINTS.into_iter().enumerate() {
        for fields in [accepting("2026-11"), READER.with("acceptedTerms", "true")] {
            let name = format!("reader{at}{}", fields.get("termsVersion").unwrap_or("none"));
            let fields = fields.with("email", &entry.address(&name));
            let mut browser = app.browser();
            entry.accepted(&entry.ask(&mut browser, Operation::SignUp, &fields).await);
            assert_eq!(browser.get("/account").await.status, 200, "{entry:?}");
            assert_eq!(browser.get("/api/auth/terms").await.json()["accepted"], true);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_sign_up_names_every_field_and_keeps_the_tick() {
    let app = TestApp::declared(a_database().await, &[], &book("1")).await;
    let weak = READER.with("password", "weak");
    let ticked = weak.with("acceptedTerms", "true").with("termsVersion", "1");
    let page = app.browser().form("/sign-up", ticked.clone()).await.page();
    assert_eq!(page.problem_title(), Some("One field needs your attention."));
    assert!(page.control("acceptedTerms").unwrap().has("checked"), "a tick is kept");
    let page = app.browser().form("/sign-up", ticked.with("termsVersion", "0")).await.page();
    assert!(!page.control("acceptedTerms").unwrap().has("checked"), "it was for another version");
    let page = app.browser().form("/sign-up", weak.clone()).await.page();
    assert_eq!(page.problem_title(), Some("2 fields need your attention."));
    // The first problem is the same by JSON.
    app.browser().json("/api/auth/sign-up/email", weak.json()).await.refused(400, "PASSWORD_TOO_SHORT");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_takes_a_boolean_and_a_text_and_nothing_else() {
    let app = TestApp::declared(a_database().await, &[], &book("1")).await;
    let body = |accepted: Value, version: Value| {
        let mut body = READER.json();
        body["acceptedTerms"] = accepted;
        body["termsVersion"] = version;
        body
    };
    let path = "/api/auth/sign-up/email";
    for (accepted, version, named) in [
        (json!(1), json!("1"), "[body.acceptedTerms] Invalid input: expected boolean, received number"),
        (json!("yes"), json!("1"), "[body.acceptedTerms] Invalid input: expected boolean, received string"),
        (json!({}), json!("1"), "[body.acceptedTerms] Invalid input: expected boolean, received object"),
        (json!(true), json!(1), "[body.termsVersion] Invalid input: expected string, received number"),
    ] {
        let reply = app.browser().json(path, body(accepted, version)).await;
        reply.refused(400, "VALIDATION_ERROR");
        assert_eq!(reply.message(), named);
    }
    for silent in [Value::Null, json!(false)] {
        app.browser().json(path, body(silent, Value::Null)).await.refused(400, NOT_ACCEPTED);
    }
    // The same endpoint by form; `on` is what a checkbox without a value sends.
    for (box_value, status) in [("false", 400), ("", 400), ("on", 200)] {
        let form = format!("{}&acceptedTerms={box_value}", READER.form());
        let reply = app.browser().post(path, FORM, form).await;
        assert_eq!(reply.status, status, "{box_value}: {}", reply.text());
    }
    for box_value in ["false", "", "no"] {
        let form = format!("{}&termsVersion=1&acceptedTerms={box_value}", READER.form());
        let page = app.browser().post("/sign-up", FORM, form).await.page();
        assert!(page.error("acceptedTerms").is_some(), "{box_value:?} is no acceptance");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_terms_are_asked_for_nothing_changes() {
    let app = TestApp::on(a_database().await).await;
    assert!(app.browser().get("/sign-up").await.page().control("acceptedTerms").is_none());
    let mut reader = app.reader("ada@example.com").await;
    assert_eq!(reader.get("/terms?next=/account").await.location(), Some("/account"));
    let reply = reader.form("/terms", accepting("1")).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/")), "there is nothing to accept");
    reader.json("/api/auth/accept-terms", json!({ "version": "1" })).await.refused(400, NOT_ACCEPTED);
    assert_eq!(app.database.number("select count(*) from bookplate_accepted_terms").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn invited_and_verified_readers_accept_by_the_same_form_and_are_not_asked_again() {
    let variables = [("BOOKPLATE_SIGN_UP", "invite"), ("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")];
    let app = TestApp::declared(a_database().await, &variables, &book("1")).await;
    let expires_at = app.services.cleanup.now().plus_seconds(3600);
    let new = NewInvitation { email: None, uses: 1, expires_at, by_mail: false };
    let token = app.services.invitations.create(new).await.unwrap().link.token;
    let mut browser = app.browser();
    browser.get(&format!("/sign-up?token={token}")).await;
    let page = browser.get("/sign-up?next=/account").await.page();
    assert!(page.control("acceptedTerms").is_some());
    let reply = browser.form("/sign-up?next=/account", READER).await;
    assert!(reply.page().error("acceptedTerms").is_some());
    let reply = browser.form("/sign-up?next=/account", accepting("1")).await;
    assert_eq!(reply.location(), Some("/verify-email?signed-up"), "{}", reply.text());
    let link = app.link("verify-email", "ada@example.com").await;
    let code = Fields::new(&[]).with("code", &link.code.unwrap());
    assert_eq!(browser.form("/verify-email/code", code).await.location(), Some("/"));
    assert_eq!(browser.get("/").await.status, 200);
    assert_eq!(browser.get("/api/auth/terms").await.json()["accepted"], true);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_account_is_asked_on_the_way_and_held_captive_nowhere() {
    let app = TestApp::on(a_database().await).await;
    let mut reader = app.reader("ada@example.com").await;
    let changed = app.again(&[], &book("2")).await;
    let mut browser = returning(&changed, &reader);
    for (page, to) in [
        ("/", "/terms?next=/"),
        ("/account", "/terms?next=/account"),
        ("/conversations?q=x", "/terms?next=/conversations%3Fq=x"),
        ("/conversations/made-up", "/terms?next=/conversations/made-up"),
        ("/conversations/-/import", "/terms?next=/conversations/-/import"),
        ("/account/security", "/terms?next=/account/security"),
        ("/account/sessions", "/terms?next=/account/sessions"),
        ("/sign-in", "/terms"),
        ("/sign-in?next=/chapter/1", "/terms?next=/chapter/1"),
        ("/sign-up?next=/account", "/terms?next=/account"),
    ] {
        let reply = browser.get(page).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(to)), "{page}");
    }
    for page in ["/account/data", "/sign-out", "/verify-email", "/api/docs"] {
        assert_eq!(browser.get(page).await.status, 200, "{page}");
    }
    let reply = browser.form("/account/data/export", Fields::new(&[])).await;
    assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, Some("application/zip")));
    let page = browser.get("/terms?next=/account").await.page();
    assert_eq!(page.one("h1").text.trim(), "Terms");
    assert_eq!(page.value("next").as_deref(), Some("/account"));
    let unticked = Fields::new(&[("next", "/account"), ("termsVersion", "2")]);
    for refused in [unticked.clone(), unticked.with("acceptedTerms", "true").with("termsVersion", "1")] {
        let reply = browser.form("/terms?next=/account", refused).await;
        let page = reply.page();
        assert_eq!((reply.status.as_u16(), page.error("acceptedTerms").is_some()), (400, true));
        assert_eq!(page.value("next").as_deref(), Some("/account"));
    }
    let reply = accept(&mut browser, &page).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/account")));
    assert_eq!(browser.get("/account").await.status, 200);
    assert_eq!(browser.get("/terms").await.location(), Some("/"), "once");
    let next = app.again(&[], &book("3")).await;
    let mut browser = returning(&next, &reader);
    assert_eq!(browser.get("/account").await.location(), Some("/terms?next=/account"), "a new version");
    // Elsewhere nothing was asked for.
    assert_eq!(reader.get("/terms").await.location(), Some("/"));
    let mut stranger = next.browser();
    assert_eq!(stranger.get("/terms?next=/account").await.location(), Some("/sign-in?next=/account"));
    let reply = stranger.form("/terms", accepting("3")).await;
    assert_eq!(reply.status, 303, "nobody to accept them");
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_leads_to_changed_terms_before_next() {
    let app = TestApp::on(a_database().await).await;
    app.reader("ada@example.com").await;
    let changed = app.again(&[], &book("2")).await;
    for (next, to, after) in [
        ("", "/terms", "/"),
        ("/chapter/1?tab=a&x=y", "/terms?next=/chapter/1%3Ftab=a%26x=y", "/chapter/1?tab=a&x=y"),
        ("/terms?next=/account", "/terms?next=/terms%3Fnext=/account", "/terms?next=/account"),
    ] {
        let mut browser = changed.browser();
        let reply = browser.form("/sign-in", READER.with("next", next)).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(to)), "{next}");
        assert!(browser.session().is_some());
        let page = browser.get(to).await.page();
        assert_eq!(accept(&mut browser, &page).await.location(), Some(after), "{next}");
        let forget = "delete from bookplate_accepted_terms";
        changed.database.arrange(forget).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_18_a_foreign_next_is_ignored_by_the_page_of_the_terms() {
    let app = TestApp::on(a_database().await).await;
    let reader = app.reader("ada@example.com").await;
    let changed = app.again(&[], &book("2")).await;
    for (in_query, in_form) in [
        ("https://evil.example/", "https://evil.example/"),
        ("//evil.example", "//evil.example"),
        ("/%5Cevil.example", "/\\evil.example"),
        ("%2F%2Fevil.example", "/.//evil.example"),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("/a%0d%0aLocation:%20x", "/a\r\nLocation: x"),
        ("%2F%09%2Fevil.example", "/\t/evil.example"),
    ] {
        let mut browser = returning(&changed, &reader);
        let page = browser.get(&format!("/terms?next={in_query}")).await.page();
        assert_eq!(page.value("next"), None, "{in_query}");
        assert!(page.all("form").any(|form| form.get("action") == Some("/terms")), "{in_query}");
        assert_eq!(browser.get(&format!("/sign-in?next={in_query}")).await.location(), Some("/terms"));
        let fields = accepting("2").with("next", in_form);
        let reply = browser.form(&format!("/terms?next={in_query}"), fields.clone()).await;
        assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/")), "{in_form}");
        let location = browser.get(&format!("/terms?next={in_query}")).await;
        assert_eq!(location.location(), Some("/"), "{in_query}");
        let reply = changed.browser().form("/sign-in", fields).await;
        assert_eq!(reply.location(), Some("/"), "{in_form}");
        changed.database.arrange("delete from bookplate_accepted_terms").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_16_terms_are_not_accepted_from_another_site() {
    let app = TestApp::on(a_database().await).await;
    let reader = app.reader("ada@example.com").await;
    let changed = app.again(&[], &book("2")).await;
    let mut browser = returning(&changed, &reader);
    browser.set("origin", "https://evil.example");
    browser.set("sec-fetch-site", "cross-site");
    assert_eq!(browser.form("/terms", accepting("2")).await.status, 403);
    let body = json!({ "version": "2" });
    browser.json("/api/auth/accept-terms", body).await.refused(403, "INVALID_ORIGIN");
    assert_eq!(app.database.number("select count(*) from bookplate_accepted_terms").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_pages_of_its_own_asks_and_accepts_by_json() {
    let app = TestApp::on(a_database().await).await;
    let reader = app.reader("ada@example.com").await;
    let none = app.script().get("/api/auth/terms").await.json();
    assert_eq!(none, json!({ "version": null, "url": null, "privacyUrl": null, "accepted": null }));
    let changed = app.again(&[], &book("2")).await;
    let mut browser = returning(&changed, &reader);
    let expected = |accepted: Value| {
        json!({
            "version": "2",
            "url": "https://book.example.org/terms",
            "privacyUrl": "https://book.example.org/privacy",
            "accepted": accepted,
        })
    };
    assert_eq!(changed.script().get("/api/auth/terms").await.json(), expected(Value::Null));
    assert_eq!(browser.get("/api/auth/terms").await.json(), expected(json!(false)));
    // Signing in, the session and tokens go on: it is for the client to ask.
    assert!(!browser.get("/api/auth/get-session").await.json().is_null());
    assert_eq!(browser.get("/api/auth/token").await.status, 200);
    let sign_in = READER.with("email", "ada@example.com");
    assert_eq!(EntryPoint::Json.ask(&mut changed.browser(), Operation::SignIn, &sign_in).await.status, 200);
    let path = "/api/auth/accept-terms";
    let reply = browser.json(path, json!({ "version": "1" })).await;
    reply.refused(400, NOT_ACCEPTED);
    assert_eq!(reply.message(), "version: the current version of the terms has to be accepted");
    for wrong in [json!({}), json!({ "version": 2 }), json!({ "version": null })] {
        let reply = browser.json(path, wrong).await;
        reply.refused(400, "VALIDATION_ERROR");
        assert!(
            reply.message().starts_with("[body.version] Invalid input: expected string"),
            "{}",
            reply.text()
        );
    }
    changed.script().json(path, json!({ "version": "2" })).await.refused(401, "UNAUTHORIZED");
    for _ in 0..2 {
        assert_eq!(browser.json(path, json!({ "version": "2" })).await.json(), json!({ "status": true }));
    }
    assert_eq!(browser.get("/api/auth/terms").await.json(), expected(json!(true)));
    assert_eq!(browser.get("/account").await.status, 200);
    assert_eq!(app.database.number("select count(*) from bookplate_accepted_terms").await, 1);
}
