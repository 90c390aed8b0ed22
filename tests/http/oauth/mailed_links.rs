use url::Url;

use super::{BOOK, CALLBACK, hidden, led_with, request, to, with};
use crate::{
    app::TestApp,
    client::{Client, READER},
    fields::Fields,
};

const NEW_PASSWORD: &str = "other paper, other ink";

/// The longest request, with escapes in it as a real one has them.
fn longest() -> String {
    let room = 3072 - (request(&[("state", "s")]).len() - "/oauth2/authorize?".len());
    let state = format!("s{}{}", "/".repeat(40), "a".repeat(room - 120));
    let address = request(&[("state", &state)]);
    assert_eq!(address.len() - "/oauth2/authorize?".len(), 3072);
    address
}

/// The path of the link in the last mail of a kind.
async fn link(app: &TestApp, kind: &str) -> String {
    let url = app.link(kind, "ada@example.com").await.url;
    let url = Url::parse(&url).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap_or_default())
}

/// Follows redirects on our own origin, and returns the address outside that they lead to, if they do.
async fn follow(browser: &mut Client, start: &str) -> String {
    let mut address = start.to_owned();
    for _ in 0..8 {
        let reply = browser.get(&address).await;
        if !reply.status.is_redirection() {
            return address;
        }
        address = to(&reply).replace("https://accounts.example.com", "");
        if address.starts_with("https://") {
            return address;
        }
    }
    panic!("it leads round and round: {address}");
}

async fn sign_up(browser: &mut Client, authorize: &str) -> String {
    let led = to(&browser.get(authorize).await).to_owned();
    let sign_up = led.replacen("/sign-in", "/sign-up", 1);
    let page = browser.get(&sign_up).await;
    let next = hidden(&page, "next");
    let reply = browser.form(&sign_up, READER.with("next", &next)).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
    to(&reply).to_owned()
}

async fn confirm(app: &TestApp, browser: &mut Client) -> String {
    let page = follow(browser, &link(app, "verify-email").await).await;
    let shown = browser.get(&page).await;
    let policy = shown.header("content-security-policy").unwrap();
    assert!(policy.contains(BOOK), "where the button leads in the end: {page}, {policy}, {}", shown.text());
    let confirmed = browser.form("/verify-email", Fields::new(&[])).await;
    assert_eq!(confirmed.status, 303, "{}", confirmed.text());
    to(&confirmed).to_owned()
}

const REQUIRED: &[(&str, &str)] = &[("BOOKPLATE_REQUIRE_VERIFIED_EMAIL", "true")];

#[tokio::test]
async fn a_request_of_full_length_is_carried_through_sign_up_and_a_confirmation() {
    let app = with(REQUIRED).await;
    let mut browser = app.browser();
    let waiting = sign_up(&mut browser, &longest()).await;
    assert!(waiting.starts_with("/verify-email?signed-up&next=/oauth2/authorize"), "{waiting}");
    // The browser that waits for the link is let on at once.
    let back = follow(&mut browser, &link(&app, "verify-email").await).await;
    assert!(back.starts_with(&format!("{CALLBACK}?code=")), "{back}");
    assert!(back.contains(&"a".repeat(1000)));
}

#[tokio::test]
async fn a_confirmation_in_another_browser_ends_at_the_book_after_signing_in_there() {
    let app = with(REQUIRED).await;
    sign_up(&mut app.browser(), &longest()).await;
    let mut other = app.browser();
    let next = confirm(&app, &mut other).await;
    // Whoever has the mailbox sets the password: it was another browser that chose it.
    let page = follow(&mut other, &next).await;
    assert!(page.starts_with("/reset-password?next="), "{page}");
    let way = hidden(&other.get(&page).await, "next");
    let set = other.form(&page, Fields::new(&[("newPassword", NEW_PASSWORD)]).with("next", &way)).await;
    let form = Fields::new(&[("email", "ada@example.com"), ("password", NEW_PASSWORD)]).with("next", &way);
    let signed_in = other.form(to(&set), form).await;
    assert!(follow(&mut other, to(&signed_in)).await.starts_with(CALLBACK));
}

#[tokio::test]
async fn a_request_of_full_length_is_carried_through_a_reset() {
    let app = with(&[]).await;
    drop(app.reader("ada@example.com").await);
    let mut browser = app.browser();
    let led = to(&browser.get(&longest()).await).to_owned();
    let forgot = led.replacen("/sign-in", "/forgot-password", 1);
    let next = hidden(&browser.get(&forgot).await, "next");
    let form = Fields::new(&[("email", "ada@example.com")]).with("next", &next);
    assert_eq!(browser.form(&forgot, form).await.status, 303);
    let page = follow(&mut browser, &link(&app, "reset-password").await).await;
    assert!(page.starts_with("/reset-password?next=/oauth2/authorize"), "{page}");
    let next = hidden(&browser.get(&page).await, "next");
    let set = browser.form(&page, Fields::new(&[("newPassword", NEW_PASSWORD)]).with("next", &next)).await;
    let sign_in = to(&set).to_owned();
    assert!(sign_in.starts_with("/sign-in?reset&next=/oauth2/authorize"), "{sign_in}");
    let form = Fields::new(&[("email", "ada@example.com"), ("password", NEW_PASSWORD)]).with("next", &next);
    let signed_in = browser.form(&sign_in, form).await;
    let back = browser.get(to(&signed_in)).await;
    assert!(led_with(&back, "code").is_some(), "{}", to(&back));
}
