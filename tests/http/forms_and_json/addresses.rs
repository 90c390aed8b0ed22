//! Internationalised domains, and what clings to an address or a name that is pasted.

use contract::{Code, Problem, Reason};

use super::{ENTRY_POINTS, EntryPoint, Operation};
use crate::{
    app::{PASSWORD, TestApp, a_database},
    client::READER,
    fields::Fields,
};

const STORED: &str = "name@xn--80a1acny.xn--p1ai";
const SHOWN: &str = "name@почта.рф";
/// The address as it is typed, as a browser sends it, and in other spellings.
const SPELLINGS: [&str; 5] =
    [SHOWN, STORED, "NAME@ПОЧТА.РФ", "name@XN--80A1ACNY.xn--p1ai", "name@почта.xn--p1ai"];

fn credentials(address: &str) -> Fields {
    Fields::new(&[("password", PASSWORD)]).with("email", address)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_internationalised_address_is_one_account_in_every_spelling() {
    for entry in ENTRY_POINTS {
        let app = TestApp::on(a_database().await).await;
        for (at, spelling) in SPELLINGS.into_iter().enumerate() {
            let fields = READER.with("email", spelling);
            let reply = entry.ask(&mut app.browser(), Operation::SignUp, &fields).await;
            if at == 0 {
                entry.accepted(&reply);
            } else {
                let taken = Problem::on(Code::UserAlreadyExists, "email");
                entry.refused(&reply, Operation::SignUp, &fields, &taken);
            }
            let mut browser = app.browser();
            entry.accepted(&entry.ask(&mut browser, Operation::SignIn, &credentials(spelling)).await);
            let session = browser.get("/api/auth/get-session").await.json();
            assert_eq!(session["user"]["email"], STORED, "{entry:?} {spelling}");
        }
        assert_eq!(app.accounts().await, 1, "{entry:?}");
        for spelling in SPELLINGS {
            let asked = Fields::new(&[]).with("email", spelling);
            entry.accepted(&entry.ask(&mut app.browser(), Operation::AskForReset, &asked).await);
        }
        assert_eq!(app.count_mails("reset-password", STORED).await, SPELLINGS.len(), "{entry:?}");
        assert!(app.mails().await.iter().all(|mail| mail.to == STORED), "sent as it is stored");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_mails_show_an_address_in_its_own_script_and_the_json_api_in_ascii() {
    let app = TestApp::on(a_database().await).await;
    let mut reader = app.proven_reader("ada@example.com").await;
    let wish = Fields::new(&[]).with("newEmail", SHOWN);
    assert_eq!(reader.form(Operation::ChangeEmail.page(), wish).await.status, 303);
    let asked = app.mail("change-email", "ada@example.com").await;
    assert!(asked.text.contains(SHOWN) && asked.html.contains(SHOWN), "{}", asked.text);
    for (kind, to) in [("change-email", "ada@example.com"), ("verify-email", STORED)] {
        let link = app.link(kind, to).await;
        reader.get(link.url.strip_prefix(crate::app::ORIGIN).unwrap()).await;
    }
    assert_eq!(reader.get("/api/auth/get-session").await.json()["user"]["email"], STORED);
    for page in ["/account", "/account/security", "/sign-out"] {
        let reply = reader.get(page).await;
        assert!(reply.text().contains(SHOWN), "{page}");
    }
    let same = Fields::new(&[]).with("newEmail", "NAME@почта.рф");
    for entry in ENTRY_POINTS {
        let reply = entry.ask(&mut reader, Operation::ChangeEmail, &same).await;
        let problem = Problem::on(Code::EmailIsTheSame, "newEmail");
        entry.refused(&reply, Operation::ChangeEmail, &same, &problem);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_clings_to_a_pasted_address_is_cleaned_in_forms_and_refused_in_json() {
    let app = TestApp::on(a_database().await).await;
    app.reader("ada@example.com").await;
    for pasted in [
        "\u{feff}ada@example.com",
        "ada@example.com\u{200b}",
        "\u{202a}ada@example.com\u{202c}",
        "mailto:ada@example.com",
        "ada\u{ff20}example.com",
    ] {
        let reply = app.browser().form(Operation::SignIn.page(), credentials(pasted)).await;
        EntryPoint::Form.accepted(&reply);
        let asked = Fields::new(&[]).with("email", pasted);
        let reply = app.browser().form(Operation::AskForReset.page(), asked).await;
        EntryPoint::Form.accepted(&reply);
        let reply = app.browser().json(Operation::SignIn.endpoint(), credentials(pasted).json()).await;
        let invalid = Problem::on(Code::InvalidEmail, "email");
        EntryPoint::Json.refused(&reply, Operation::SignIn, &credentials(pasted), &invalid);
    }
    assert_eq!(app.count_mails("reset-password", "ada@example.com").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_wrapped_in_isolates_is_cleaned_in_forms_and_refused_in_json() {
    let app = TestApp::on(a_database().await).await;
    for (at, wrapped) in
        ["\u{2068}Ada\u{2069}", "\u{202b}Ada\u{202c}", " \u{2067}\u{200f}Ada\u{2069}\u{feff}"]
            .into_iter()
            .enumerate()
    {
        let fields = READER.with("name", wrapped).with("email", &format!("ada{at}@example.com"));
        let mut browser = app.browser();
        EntryPoint::Form.accepted(&browser.form(Operation::SignUp.page(), fields.clone()).await);
        let session = browser.get("/api/auth/get-session").await.json();
        assert_eq!(session["user"]["name"], "Ada", "{wrapped:?}");
        let saved = browser.form(Operation::SaveProfile.page(), fields.with("name", wrapped)).await;
        EntryPoint::Form.accepted(&saved);
        let reply = app.browser().json(Operation::SignUp.endpoint(), fields.json()).await;
        let problem = Problem::invalid("name", Reason::ForbiddenCharacter);
        EntryPoint::Json.refused(&reply, Operation::SignUp, &fields, &problem);
    }
}
