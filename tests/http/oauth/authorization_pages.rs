use super::{BOOK, CALLBACK, app, hidden, led_with, request, to, with};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::{FORM, READER},
    fields::Fields,
};

const SIGN_IN: Fields = Fields::new(&[("email", "ada@example.com"), ("password", PASSWORD)]);

#[tokio::test]
async fn a_signed_out_reader_signs_in_on_the_way_and_arrives_at_the_book() {
    let app = app().await;
    drop(app.reader("ada@example.com").await);
    let mut browser = app.browser();
    let led = browser.get(&request(&[("login_hint", "ada@example.com")])).await;
    assert_eq!((led.status.as_u16(), led.header("cache-control")), (303, Some("no-store")));
    let page = browser.get(to(&led)).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("To go on to The Other Book."), "{}", page.text());
    assert_eq!(hidden(&page, "email"), "ada@example.com");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains(&format!("form-action 'self' {BOOK};")), "{policy}");
    let action = page.page().one("form").get("action").unwrap().to_owned();
    let next = hidden(&page, "next");
    // A wrong password keeps the way.
    let wrong =
        browser.form(&action, SIGN_IN.with("password", "another one entirely").with("next", &next)).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("To go on to The Other Book."));
    assert!(wrong.header("content-security-policy").unwrap().contains(BOOK));
    let signed_in = browser.form(&action, SIGN_IN.with("next", &next)).await;
    assert_eq!(signed_in.status, 303);
    let back = browser.get(to(&signed_in)).await;
    assert!(to(&back).starts_with(&format!("{CALLBACK}?code=")), "{}", to(&back));
    assert_eq!(led_with(&back, "state").as_deref(), Some("af0ifjsldkj"));
    assert_eq!(led_with(&back, "iss").as_deref(), Some("https://accounts.example.com"));
    assert_eq!(back.header("referrer-policy"), Some("no-referrer"));
    // The bookmarked sign-in page leads the signed-in reader on at once.
    let again = browser.get(to(&led)).await;
    assert!(to(&browser.get(to(&again)).await).starts_with(CALLBACK));
}

#[tokio::test]
async fn a_new_reader_signs_up_on_the_way_and_arrives_at_the_book() {
    let app = app().await;
    let mut browser = app.browser();
    let led = browser.get(&request(&[("prompt", "create")])).await;
    assert!(to(&led).starts_with("/sign-up?next="), "{}", to(&led));
    let page = browser.get(to(&led)).await;
    assert!(page.text().contains("One account, with which you go on to The Other Book."));
    assert!(page.header("content-security-policy").unwrap().contains(BOOK));
    let next = hidden(&page, "next");
    let signed_up = browser.form(to(&led), READER.with("next", &next)).await;
    assert_eq!(signed_up.status, 303, "{}", signed_up.text());
    let back = browser.get(to(&signed_up)).await;
    assert!(to(&back).starts_with(&format!("{CALLBACK}?code=")), "{}", to(&back));
}

#[tokio::test]
async fn prompt_login_shows_the_form_to_the_signed_in() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    app.ports.clock.advance_seconds(60);
    let led = reader.get(&request(&[("prompt", "login")])).await;
    let page = reader.get(to(&led)).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("The Other Book asks you to sign in once more."), "{}", page.text());
    let next = hidden(&page, "next");
    // Going on without signing in asks again.
    let asked = reader.get(&next).await;
    assert!(to(&asked).starts_with("/sign-in?next="));
    let signed_in = reader.form(to(&led), SIGN_IN.with("next", &next)).await;
    let back = reader.get(to(&signed_in)).await;
    assert!(to(&back).starts_with(CALLBACK), "{}", to(&back));
}

#[tokio::test]
async fn a_posted_request_is_answered_as_a_get() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let query = request(&[]);
    let (path, query) = query.split_once('?').unwrap();
    let posted = reader.clone().sending("origin", BOOK).post(path, FORM, query.to_owned()).await;
    assert_eq!((posted.status.as_u16(), to(&posted)), (303, request(&[]).as_str()));
    assert!(led_with(&reader.get(to(&posted)).await, "code").is_some());
    let hostile = reader.post(path, FORM, "client_id=book\r\nLocation: https://evil.example").await;
    assert_eq!((hostile.status.as_u16(), hostile.header("location")), (400, None));
}

#[tokio::test]
async fn a_request_that_leads_nowhere_is_explained_and_the_edit_stands_on_localhost_alone() {
    let declared = r#"
[[clients]]
id = "book"
name = "The Other Book"
redirect_uris = ["http://localhost:3000/callback"]
origins = ["http://localhost:3000"]
"#;
    let local = TestApp::declared(a_database().await, &[], declared).await;
    let elsewhere = with(&[]).await;
    let wrong = request(&[("redirect_uri", "http://localhost:3000/callbak\"><script>")]);
    for (app, has_edit) in [(&local, true), (&elsewhere, false)] {
        let page = app.browser().get(&wrong).await;
        assert_eq!((page.status.as_u16(), page.header("location")), (400, None));
        let text = page.text();
        assert!(text.contains("The Other Book wants you back at an address that is not registered for it"));
        assert!(!text.contains("callbak\"><script>"), "what a request says is text");
        assert_eq!(text.contains("redirect_uris of the client"), has_edit, "{text}");
        let unknown = app.browser().get(&request(&[("client_id", "stranger")])).await;
        assert_eq!(unknown.status, 400);
        assert_eq!(unknown.text().contains("[[clients]]"), has_edit);
        assert!(unknown.header("content-security-policy").unwrap().contains("form-action 'self';"));
    }
}

#[tokio::test]
async fn security_18_next_leads_to_no_client_that_is_not_verified() {
    let app = app().await;
    for next in [
        request(&[("redirect_uri", "https://evil.example/")]),
        request(&[("client_id", "stranger")]),
        "/oauth2/authorize".to_owned(),
        "/oauth2/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F&client_id=book".to_owned(),
    ] {
        let address = format!("/sign-in?{}", super::encoded(&[("next", &next)]));
        let page = app.browser().get(&address).await;
        assert_eq!(page.status, 200);
        assert!(page.header("content-security-policy").unwrap().contains("form-action 'self';"), "{next}");
        assert!(!page.text().contains("To go on to"), "{next}");
    }
}

#[tokio::test]
async fn a_reader_allows_or_refuses_a_service_and_withdraws_it_again() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let callback = "https://service.example.com/callback";
    let asked = request(&[("client_id", "service"), ("redirect_uri", callback), ("scope", "openid email")]);
    let led = reader.get(&asked).await;
    assert!(to(&led).starts_with("/consent?next="), "{}", to(&led));
    let page = reader.get(to(&led)).await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("see your e-mail address") && !page.text().contains("your conversations"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("form-action 'self' https://service.example.com;"), "{policy}");
    let hidden = |name: &str| super::hidden(&page, name);
    let form = Fields::new(&[]).with("next", &hidden("next")).with("reader", &hidden("reader"));
    // Another reader's answer, one from another site, and none at all are no answers.
    let foreign = reader.form(to(&led), form.with("reader", "somebody else").with("decision", "allow")).await;
    assert_eq!(foreign.status, 401);
    let mut elsewhere = reader.clone().sending("origin", "https://service.example.com");
    assert_eq!(elsewhere.form(to(&led), form.with("decision", "allow")).await.status, 403);
    assert_eq!(reader.form(to(&led), form.clone()).await.status, 400);
    let denied = reader.form(to(&led), form.with("decision", "deny")).await;
    let back = reader.get(to(&denied)).await;
    assert_eq!(led_with(&back, "error").as_deref(), Some("access_denied"));
    let allowed = reader.form(to(&led), form.with("decision", "allow")).await;
    let back = reader.get(to(&allowed)).await;
    assert!(to(&back).starts_with(&format!("{callback}?code=")), "{}", to(&back));
    assert!(led_with(&reader.get(&asked).await, "code").is_some(), "asked once");
    let list = reader.get("/account/sessions").await;
    assert!(list.text().contains("A Service"), "{}", list.text());
    let withdrawn =
        reader.form("/account/sessions/withdraw-consent", Fields::new(&[("client", "service")])).await;
    assert_eq!(to(&withdrawn), "/account/sessions");
    assert!(!reader.get("/account/sessions").await.text().contains("A Service"));
    assert!(to(&reader.get(&asked).await).starts_with("/consent?"));
}

#[tokio::test]
async fn the_list_of_sessions_names_the_books_that_each_has_signed_in_to() {
    let app = app().await;
    let mut reader = app.reader("ada@example.com").await;
    let code = super::code(&mut reader, &[]).await;
    assert_eq!(super::exchange(&mut super::page_of_book(&app), &code).await.status, 200);
    let list = reader.get("/account/sessions").await;
    assert!(list.text().contains(", also on The Other Book"), "{}", list.text());
}
