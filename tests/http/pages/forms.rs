//! Forms, their controls and labels.

use std::collections::HashSet;

use serde_json::json;

use super::every_page;
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::READER,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_a_complete_document_with_its_own_title() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut titles = HashSet::new();
    for (mut browser, path, status) in every_page(&app).await {
        let reply = browser.get(path).await;
        assert_eq!(reply.status, status, "{path}");
        assert!(reply.text().starts_with("<!DOCTYPE html>"), "{path}");
        assert!(
            reply.text().contains("</body></html>"),
            "{path}: whole, but for scripts that Leptos puts after it"
        );
        let page = reply.page();
        assert_eq!(page.one("html").get("lang"), Some("en"), "{path:?} {status:?}");
        assert!(
            page.title().ends_with(" · Bookplate") && !page.title().starts_with("Error"),
            "{}",
            page.title()
        );
        assert!(status == 404 || titles.insert(page.title().to_owned()), "{path}: {}", page.title());
        assert_eq!(page.all("h1").count(), 1, "{path}");
        assert!(page.one("main").get("id") == Some("main") && page.problem().is_none(), "{path}");
        let described = page.all("meta").find(|it| it.get("name") == Some("description"));
        assert!(described.unwrap().get("content").is_some_and(|it| it.len() > 40), "{path}");
        let ids: Vec<_> = page.elements().filter_map(|it| it.get("id")).collect();
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "{path}: {ids:?}");
        let links = page.all("a").filter_map(|it| it.get("href"));
        assert!(links.into_iter().all(|it| it.starts_with('/') || it.starts_with('#')), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_control_has_a_label_and_valid_descriptions() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let mut controls = 0;
    for (mut browser, path, _) in every_page(&app).await {
        let page = browser.get(path).await.page();
        for control in page.controls() {
            controls += 1;
            let label = page.label(control);
            assert!(label.is_some_and(|label| !label.is_empty()), "{path}: {control:?}");
            assert_eq!(control.get("id"), control.get("name"), "{path}");
            assert_eq!(page.error(control.get("name").unwrap()), None, "{path}");
        }
        for button in page.all("button") {
            assert!(button.has("aria-label") || !button.text.trim().is_empty(), "{path}: {button:?}");
        }
    }
    assert_eq!(controls, 3 + 8 + 5 + 1 + 1 + 5 + 1 + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_form_posts_to_a_page_and_has_one_submit_button() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    for (mut browser, path, _) in every_page(&app).await {
        let page = browser.get(path).await.page();
        let forms: Vec<_> = page.all("form").collect();
        let expected: &[&str] = match path {
            "/sign-in" | "/sign-up" | "/account" | "/sign-out" | "/forgot-password" => &[path],
            "/" if browser.session().is_some() => &["/sign-out"],
            "/verify-email" => &["/verify-email/send"],
            "/account/security" => &["/account/security/password", "/account/security/email"],
            "/conversations" => &["/conversations"],
            "/account/sessions" => &["/account/sessions/end"],
            "/account/data" => &["/account/data/export", "/account/data/delete"],
            _ => &[],
        };
        let actions: Vec<_> = forms.iter().filter_map(|form| form.get("action")).collect();
        assert_eq!(actions, expected, "{path}");
        for form in forms {
            // What is looked for stands in the address; everything else changes something.
            let method = if form.get("role") == Some("search") { "get" } else { "post" };
            assert_eq!(form.get("method"), Some(method), "{path}");
            let sending = |it: &&crate::page::Element| it.tag == "button" && it.get("type") == Some("submit");
            assert_eq!(page.inside(form).filter(sending).count(), 1, "{path}");
        }
        let typeless = page.all("button").filter(|it| !it.has("type")).count();
        assert_eq!(typeless, 0, "{path}: a button sends a form unless it says otherwise");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_have_autocomplete() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let reader = app.reader("ada@example.com").await;
    let cases = [
        (app.browser(), "/sign-in", "email", "username"),
        (app.browser(), "/sign-in", "password", "current-password"),
        (app.browser(), "/sign-up", "name", "name"),
        (app.browser(), "/sign-up", "email", "username"),
        (app.browser(), "/sign-up", "password", "new-password"),
        (app.browser(), "/sign-up", "organization", "organization"),
        (app.browser(), "/sign-up", "roleOther", "off"),
        (reader, "/account", "name", "name"),
    ];
    for (mut browser, path, name, expected) in cases {
        let page = browser.get(path).await.page();
        assert_eq!(page.control(name).unwrap().get("autocomplete"), Some(expected), "{path} {name}");
    }
    let page = app.browser().get("/sign-in").await.page();
    assert_eq!(page.control("email").unwrap().get("type"), Some("email"));
    assert_eq!(page.control("password").unwrap().get("type"), Some("password"));
    assert!(page.control("rememberMe").unwrap().has("checked"));
    let show = page.all("button").find(|it| it.get("aria-controls") == Some("password")).unwrap();
    assert_eq!(show.get("type"), Some("button"));
}

#[tokio::test(flavor = "multi_thread")]
async fn controls_have_the_names_of_the_json_fields() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let names = |page: &crate::page::Page| -> Vec<String> {
        let named = |it: &crate::page::Element| format!("{}[name={}]", it.tag, it.get("name").unwrap());
        page.controls().map(named).collect()
    };
    let page = app.browser().get("/sign-in").await.page();
    assert_eq!(names(&page), ["input[name=email]", "input[name=password]", "input[name=rememberMe]"]);
    let page = app.browser().get("/sign-up").await.page();
    let expected = [
        "input[name=name]",
        "input[name=email]",
        "input[name=password]",
        "select[name=experienceLevel]",
        "select[name=professionalRole]",
        "input[name=roleOther]",
        "input[name=organization]",
        "input[name=rememberMe]",
    ];
    assert_eq!(names(&page), expected);
    for (name, required) in
        [("name", false), ("email", true), ("experienceLevel", true), ("organization", false)]
    {
        assert_eq!(page.control(name).unwrap().has("required"), required, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_front_page_shows_the_reader_and_a_sign_out_button_once() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let nameless = READER.with("name", "").with("email", "grace@example.com");
    let mut grace = app.browser();
    grace.form("/sign-up", nameless).await;
    for (mut browser, address) in
        [(app.reader("ada@example.com").await, "ada@example.com"), (grace, "grace@example.com")]
    {
        let page = browser.get("/").await.page();
        assert_eq!(page.one("body").text.matches(address).count(), 1, "{address}");
        assert_eq!(page.one("body").text.matches("Sign out").count(), 2, "the button, and the help below");
        assert_eq!(page.all("button").filter(|it| it.text.trim() == "Sign out").count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn security_06_input_is_shown_as_text() {
    let database = a_database().await;
    let app = TestApp::on(database).await;
    let hostile = "\"><script>alert(1)</script><img src=x onerror=alert(1)>&lt;'";
    let mut browser = app.reader("ada@example.com").await;
    browser.form("/account", READER.with("name", hostile).with("organization", hostile)).await;
    for path in ["/", "/account"] {
        let reply = browser.get(path).await;
        assert!(!reply.text().contains("<script>alert") && !reply.text().contains("<img src=x"), "{path}");
        assert!(reply.page().one("body").text.contains("<script>alert(1)</script>"), "{path}");
    }
    // A form that comes back, too.
    for (path, name) in [("/sign-up", "name"), ("/sign-up", "email"), ("/sign-in", "email")] {
        let reply = app.browser().form(path, READER.with(name, hostile).with("password", "weak")).await;
        assert!(!reply.text().contains("<script>alert") && !reply.text().contains("<img src=x"), "{path}");
        assert_eq!(reply.page().value(name).as_deref(), Some(hostile), "{path} {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_may_have_no_or_other_questions() {
    let database = a_database().await;
    let toml = r#"
        [book]
        name = "Robots & <Readers>"
        logo = "https://book.example.org/logo.svg"
        [[questions]]
        name = "robot"
        label = "Do you own a robot?"
        kind = "choice"
        options = ["yes", { value = "not yet", label = "Not yet <soon>" }]
    "#;
    let app = TestApp::declared(database, &[], toml).await;
    let reply = app.browser().get("/sign-up").await;
    assert!(
        reply
            .header("content-security-policy")
            .unwrap()
            .contains("img-src 'self' data: https://book.example.org;")
    );
    let page = reply.page();
    assert!(page.title().ends_with("Robots & <Readers>"), "{}", page.title());
    assert!(page.control("experienceLevel").is_none());
    let robot = page.control("robot").unwrap();
    assert!(!robot.has("required") && page.label(robot).unwrap().starts_with("Do you own a robot?"));
    let fields = crate::fields::Fields::new(&[
        ("email", "ada@example.com"),
        ("password", crate::app::PASSWORD),
        ("robot", "not yet"),
    ]);
    let mut browser = app.browser();
    assert_eq!(browser.form("/sign-up", fields).await.status, 303);
    assert_eq!(app.stored("ada@example.com").await["robot"], "not yet");
    assert_eq!(browser.get("/account").await.page().value("robot").as_deref(), Some("not yet"));

    let silent = app.again(&[], "questions = []").await;
    assert_eq!(silent.browser().get("/sign-up").await.page().all("select").count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_stay_when_the_questions_change() {
    let database = a_database().await;
    let question = |name: &str| {
        format!(
            "[[questions]]\nname = \"{name}\"\nlabel = \"Your {name}\"\nkind = \"text\"\npurpose = \"To know.\"\n"
        )
    };
    let app = TestApp::declared(database, &[], &question("club")).await;
    let mut reader = app.browser();
    let body =
        json!({ "name": "Ada", "email": "ada@example.com", "password": PASSWORD, "club": "Shelf & Sons" });
    assert_eq!(reader.json("/api/auth/sign-up/email", body).await.json()["user"]["club"], "Shelf & Sons");
    let user = async |app: &TestApp| {
        let mut browser = app.browser();
        browser.keep("better-auth.session_token", reader.session().unwrap());
        browser.get("/api/auth/get-session").await.json()["user"].clone()
    };
    let changed = user(&app.again(&[], &question("motto")).await).await;
    assert_eq!((changed.get("club"), &changed["motto"]), (None, &json!(null)));
    assert_eq!(user(&app.again(&[], &question("club")).await).await["club"], "Shelf & Sons");
}
