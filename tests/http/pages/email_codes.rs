//! The page that takes the code of a mail, in the browser that waits for it.

use contract::{Code, Problem, Reason, routes, sentence};
use testkit::databases::TestDatabase;

use crate::{
    app::{PASSWORD, TestApp, UNLIMITED, a_database},
    client::{Client, READER},
    fields::Fields,
    reply::Reply,
};

const ADA: &str = "ada@example.com";
const STRICT: (&str, &str) = ("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true");
const WAITING: &str = "/verify-email?signed-up";
const ENTER: &str = "/verify-email/code?signed-up";

async fn strict(database: TestDatabase) -> TestApp {
    TestApp::with(database, &[STRICT]).await
}

/// A browser that has signed up by the form and waits.
async fn waiting(app: &TestApp) -> Client {
    let mut browser = app.browser();
    let reply = browser.form(routes::SIGN_UP, READER.with("email", ADA)).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some(WAITING)), "{}", reply.text());
    browser
}

async fn code(app: &TestApp) -> String {
    app.link("verify-email", ADA).await.code.unwrap()
}

async fn enter(browser: &mut Client, typed: &str) -> Reply {
    browser.form(ENTER, Fields::new(&[]).with("code", typed)).await
}

async fn address_of(browser: &mut Client) -> Option<String> {
    let session = browser.get("/api/auth/get-session").await.json();
    session["user"]["email"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_waiting_page_takes_the_code_and_signs_in() {
    let app = strict(a_database().await).await;
    let mut browser = waiting(&app).await;
    let page = browser.get(WAITING).await.page();
    let control = page.control("code").unwrap();
    for (name, value) in [("autocomplete", "one-time-code"), ("inputmode", "numeric"), ("type", "text")] {
        assert_eq!(control.get(name), Some(value));
    }
    assert!(!control.has("maxlength") && !control.has("pattern"), "a code is pasted with blanks");
    assert_eq!(page.label(control), Some("Code"));
    assert_eq!(page.one("form").get("action"), Some(ENTER));

    let code = code(&app).await;
    let pasted = format!(" {} {}\u{a0}", &code[..3], &code[3..]);
    let reply = enter(&mut browser, &pasted).await;
    assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/")), "{}", reply.text());
    assert_eq!(address_of(&mut browser).await.as_deref(), Some(ADA));
    let signed_in = browser.clone().get(routes::SECURITY).await;
    assert!(signed_in.text().contains("Address confirmed"), "in the audit log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_signed_up_by_json_takes_the_code_on_the_page() {
    let app = strict(a_database().await).await;
    let mut browser = app.browser();
    assert_eq!(browser.json("/api/auth/sign-up/email", READER.with("email", ADA).json()).await.status, 200);
    let code = code(&app).await;
    let page = browser.get("/verify-email?code").await.page();
    let action = page.one("form").get("action").unwrap().to_owned();
    let reply = browser.form(&action, Fields::new(&[]).with("code", &code)).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    assert_eq!(address_of(&mut browser).await.as_deref(), Some(ADA));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_is_shown_on_the_same_page_with_a_remedy() {
    let app = strict(a_database().await).await;
    let mut browser = waiting(&app).await;
    let right = code(&app).await;
    let wrong = if right == "314159" { "271828" } else { "314159" };
    let refused = Problem::on(Code::InvalidVerificationCode, "code");
    for (typed, problem) in [
        (wrong, refused.clone()),
        ("12 34", refused.clone()),
        ("  ", Problem::invalid("code", Reason::Empty)),
    ] {
        let reply = enter(&mut browser, typed).await;
        assert_eq!(reply.status, 400, "{typed:?}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        let page = reply.page();
        assert_eq!(page.error("code"), Some(sentence(&problem).as_str()), "{typed:?}");
        assert!(page.title().starts_with("Error: Look into your mailbox"), "{}", page.title());
        assert_eq!(page.one("form").get("action"), Some(ENTER), "{typed:?}");
        assert!(page.problem().is_some(), "{typed:?}");
    }
    let program = browser.clone().sending("accept", "application/json");
    enter(&mut program.clone(), wrong).await.refused(400, "INVALID_OTP");
    assert_eq!(enter(&mut browser, &right).await.status, 303, "a malformed code is no guess");
}

#[tokio::test(flavor = "multi_thread")]
async fn security_22_a_code_is_worth_nothing_in_another_browser_or_from_another_site() {
    let app = strict(a_database().await).await;
    let browser = waiting(&app).await;
    let code = code(&app).await;
    let mut without_cookie = browser.clone();
    without_cookie.forget("bookplate.device");
    for mut other in [app.browser(), without_cookie] {
        assert_eq!(enter(&mut other, &code).await.status, 400);
    }
    let mut forged = browser.clone();
    let cookie = forged.cookie("bookplate.device").unwrap().to_owned();
    forged.keep("bookplate.device", &cookie.replace('.', "x."));
    assert_eq!(enter(&mut forged, &code).await.status, 400);
    let mut framed = browser.clone().sending("origin", "https://evil.example");
    framed.set("sec-fetch-site", "cross-site");
    assert_eq!(enter(&mut framed, &code).await.status, 403);
    assert_eq!(app.sessions().await, 0);
    assert_eq!(enter(&mut browser.clone(), &code).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn security_01_the_page_says_the_same_for_a_taken_address() {
    let app = strict(a_database().await).await;
    app.services.accounts.sign_up(owner(), &domain::ClientInfo::default()).await.unwrap();
    let mut pages = Vec::new();
    for address in [ADA, "grace@example.com"] {
        let mut browser = app.browser();
        browser.form(routes::SIGN_UP, READER.with("email", address)).await;
        let before = without_nonce(&browser.get(WAITING).await);
        let reply = enter(&mut browser, "314159").await;
        assert_eq!(reply.status, 400);
        pages.push((before, without_nonce(&reply)));
    }
    assert_eq!(pages[0], pages[1]);
}

fn owner() -> domain::SignUp {
    domain::SignUp {
        invitation: None,
        accepted_terms: false,
        terms_version: None,
        name: contract::PersonName::parse("Ada").unwrap(),
        email: contract::Email::parse(ADA).unwrap(),
        password: contract::NewPassword::parse(PASSWORD, 8).unwrap(),
        image: None,
        answers: contract::Answers::default(),
        remember: true,
        callback: "/".into(),
    }
}

fn without_nonce(reply: &Reply) -> String {
    reply.text().replace(reply.nonce().unwrap_or("no nonce"), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn security_25_codes_are_limited_by_network_address() {
    let mut limits: Vec<(&str, &str)> = UNLIMITED.iter().map(|(name, _)| (*name, "")).collect();
    limits.push(STRICT);
    let app = TestApp::with(a_database().await, &limits).await;
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let reply = enter(&mut app.browser(), "314159").await;
        statuses.push((reply.status.as_u16(), reply.header("retry-after").map(str::to_owned)));
    }
    let refused = (400, None);
    assert_eq!(statuses, [refused.clone(), refused.clone(), refused, (429, Some("10".to_owned()))]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_who_is_signed_in_confirms_an_address_and_a_change_of_it_by_code() {
    let app = TestApp::on(a_database().await).await;
    let mut reader = app.browser();
    reader.form(routes::SIGN_UP, READER.with("email", ADA)).await;
    let first = code(&app).await;
    let send = reader.form(routes::SEND_VERIFICATION, Fields::new(&[]).with("email", ADA)).await;
    assert_eq!(send.location(), Some("/verify-email?sent"));
    let page = reader.get("/verify-email?sent").await.page();
    assert_eq!(page.one("form").get("action"), Some("/verify-email/code?sent"));
    let newer = code(&app).await;
    let enter = async |reader: &mut Client, query: &str, code: &str| {
        reader.form(&format!("/verify-email/code?{query}"), Fields::new(&[]).with("code", code)).await
    };
    assert_eq!(enter(&mut reader, "sent", &first).await.status, 400, "replaced");
    let confirmed = enter(&mut reader, "sent", &newer).await;
    assert_eq!(confirmed.location(), Some("/verify-email?confirmed"), "{}", confirmed.text());

    let wish = Fields::new(&[]).with("newEmail", "new@example.com");
    assert_eq!(reader.form(routes::CHANGE_EMAIL, wish).await.status, 303);
    let link = app.link("change-email", ADA).await;
    assert_eq!(link.code, None);
    reader.get(link.url.strip_prefix(crate::app::ORIGIN).unwrap()).await;
    let page = reader.get("/verify-email?change").await.page();
    assert_eq!(page.one("form").get("action"), Some("/verify-email/code?change"));
    let code = app.link("verify-email", "new@example.com").await.code.unwrap();
    let changed = enter(&mut reader, "change", &code).await;
    assert_eq!(changed.location(), Some("/verify-email?changed"), "{}", changed.text());
    assert_eq!(address_of(&mut reader).await.as_deref(), Some("new@example.com"));
}
