//! Modes of sign-up: who may open an account, and what a page says to who may not.

use contract::{Code, Problem};
use domain::NewInvitation;
use rstest::rstest;
use testkit::databases::Kind;

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{TestApp, UNLIMITED, a_database},
    client::READER,
    page::Page,
};

async fn app_with(mode: &str) -> TestApp {
    TestApp::with(a_database().await, &[("BOOKPLATE_SIGN_UP", mode)]).await
}

/// The token of a new invitation for anybody.
async fn invite(app: &TestApp, uses: u32) -> String {
    let expires_at = app.services.cleanup.now().plus_seconds(3600);
    let new = NewInvitation { email: None, uses, expires_at, by_mail: false };
    app.services.invitations.create(new).await.unwrap().link.token
}

fn heading(page: &Page) -> String {
    page.title().split(" · ").next().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_a_closed_sign_up_is_refused_and_keeps_what_was_typed() {
    let app = app_with("closed").await;
    let before = app.rows_but_events().await;
    for fields in [READER, READER.with("email", "nobody").with("password", "weak")] {
        for entry in ENTRY_POINTS {
            let reply = entry.ask(&mut app.browser(), Operation::SignUp, &fields).await;
            if entry == EntryPoint::Json && fields.get("email") == Some("nobody") {
                // The wire validates the body's fields first.
                reply.refused(400, "VALIDATION_ERROR");
                continue;
            }
            entry.refused(&reply, Operation::SignUp, &fields, &Problem::new(Code::SignUpDisabled));
        }
    }
    assert_eq!(app.rows_but_events().await, before);
    let reply = app.browser().get("/sign-up?next=/account").await;
    assert_eq!((reply.status.as_u16(), heading(&reply.page()).as_str()), (200, "Sign-up is closed"));
    assert!(reply.page().control("email").is_none(), "there is nothing to fill in");
    assert!(reply.page().all("a").any(|link| link.get("href") == Some("/sign-in?next=/account")));
    for page in ["/", "/sign-in"] {
        let reply = app.browser().get(page).await;
        assert!(!reply.text().contains("Create an account"), "{page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_an_invitation_opens_an_account_once() {
    let app = app_with("invite").await;
    for entry in ENTRY_POINTS {
        let fields = READER.with("email", &entry.address("reader"));
        let reply = entry.ask(&mut app.browser(), Operation::SignUp, &fields).await;
        entry.refused(&reply, Operation::SignUp, &fields, &Problem::new(Code::InvitationRequired));

        let token = invite(&app, 1).await;
        let mut browser = app.browser();
        let with_token = match entry {
            // The link moves its token into a cookie, which the form comes with; no script is needed.
            EntryPoint::Form => {
                let reply = browser.get(&format!("/sign-up?token={token}")).await;
                assert_eq!((reply.status.as_u16(), reply.location()), (303, Some("/sign-up")));
                let page = browser.get("/sign-up").await;
                assert!(page.text().contains("You are invited to open one."), "{}", page.text());
                assert!(!page.text().contains(&token), "the token is in no page");
                fields.clone()
            }
            EntryPoint::Json => fields.with("invitation", &token),
        };
        let weak = with_token.with("password", "weak");
        let reply = entry.ask(&mut browser, Operation::SignUp, &weak).await;
        entry.refused(&reply, Operation::SignUp, &weak, &Problem::on(Code::PasswordTooShort, "password"));
        entry.accepted(&entry.ask(&mut browser, Operation::SignUp, &with_token).await);
        assert!(browser.session().is_some(), "{entry:?}");
        assert!(browser.cookie("bookplate.invitation").is_none(), "the link is forgotten");

        let mut other = app.browser();
        if entry == EntryPoint::Form {
            other.get(&format!("/sign-up?token={token}")).await;
            let reply = other.get("/sign-up").await;
            assert_eq!(heading(&reply.page()), "This invitation does not work any more");
        }
        let second = with_token.with("email", &entry.address("second"));
        let reply = entry.ask(&mut other, Operation::SignUp, &second).await;
        entry.refused(&reply, Operation::SignUp, &second, &Problem::new(Code::InvalidInvitation));
    }
    assert_eq!(app.accounts().await, 2);
    assert_eq!(heading(&app.browser().get("/sign-up").await.page()), "You need an invitation");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_that_is_no_text_is_refused() {
    let app = app_with("invite").await;
    let mut body = READER.json();
    body["invitation"] = 7.into();
    let reply = app.browser().json("/api/auth/sign-up/email", body).await;
    reply.refused(400, "VALIDATION_ERROR");
    assert_eq!(reply.message(), "[body.invitation] Invalid input: expected string, received number");
}

#[tokio::test(flavor = "multi_thread")]
async fn domains_are_shown_in_their_own_script() {
    let app = app_with("domains: ПОЧТА.рф, xn--bcher-kva.example, xn--pple-43d.com").await;
    let page = app.browser().get("/sign-up").await;
    let lede = "Accounts here are for addresses at почта.рф, bücher.example and xn--pple-43d.com.";
    assert!(page.text().contains(lede), "{}", page.text());
    let reply = app.browser().form("/sign-up", READER.with("email", "name@почта.рф")).await;
    assert_eq!(reply.status, 303, "{}", reply.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn by_form_and_json_only_confirmed_addresses_of_the_domains_count() {
    let app = app_with("domains: Example.com, uni.example.edu").await;
    let page = app.browser().get("/sign-up").await;
    assert!(page.text().contains("Accounts here are for addresses at example.com and uni.example.edu."));
    for entry in ENTRY_POINTS {
        for address in ["eve@example.org", "eve@sub.example.com", "eve@notexample.com"] {
            let fields = READER.with("email", address);
            let reply = entry.ask(&mut app.browser(), Operation::SignUp, &fields).await;
            let problem = Problem::on(Code::EmailDomainNotAllowed, "email");
            entry.refused(&reply, Operation::SignUp, &fields, &problem);
        }
        let email = entry.address("reader");
        let mut browser = app.browser();
        let reply = entry.ask(&mut browser, Operation::SignUp, &READER.with("email", &email)).await;
        entry.accepted(&reply);
        assert!(browser.session().is_none(), "an address proves nothing before it is confirmed");
        let reply = entry.ask(&mut browser, Operation::SignIn, &READER.with("email", &email)).await;
        assert_eq!(reply.status, 403, "{}", reply.text());
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn a_class_behind_one_address_signs_up_in_two_minutes_and_guesses_no_more_passwords(
    #[values(Kind::Sqlite, Kind::Postgres)] kind: Kind,
) {
    let mut variables: Vec<_> = UNLIMITED.iter().map(|(name, _)| (*name, "")).collect();
    let sign_up = async |app: &TestApp, entry: EntryPoint, number: usize| {
        let fields = READER.with("email", &format!("pupil{number}@example.com"));
        entry.ask(&mut app.browser(), Operation::SignUp, &fields).await.status.as_u16()
    };
    let usual = TestApp::with(kind.migrated().await, &variables).await;
    let mut refused = 0;
    for number in 0..60 {
        refused += usize::from(sign_up(&usual, EntryPoint::Json, number).await == 429);
        usual.ports.clock.advance_seconds(2);
    }
    assert!(refused > 0, "without the setting a class is held up");

    variables.push(("BOOKPLATE_LIMIT_NEW_ACCOUNTS", "300/120"));
    let app = TestApp::with(kind.migrated().await, &variables).await;
    for number in 0..60 {
        let entry = ENTRY_POINTS[number % 2];
        let expected = if entry == EntryPoint::Form { 303 } else { 200 };
        assert_eq!(sign_up(&app, entry, number).await, expected, "{number}");
        app.ports.clock.advance_seconds(2);
    }
    assert_eq!(app.accounts().await, 60);
    let wrong = READER.with("email", "pupil1@example.com").with("password", "not the password");
    let mut guesses = Vec::new();
    for _ in 0..5 {
        let reply = EntryPoint::Json.ask(&mut app.browser(), Operation::SignIn, &wrong).await;
        guesses.push(reply.status.as_u16());
    }
    assert_eq!(guesses, [401, 401, 401, 429, 429], "passwords are guessed as slowly as before");
}
