//! The form entry and the JSON entry agree: the same case, by either, is answered with the same status and the same
//! code, and leaves the same behind.

mod addresses;
mod deletion;
mod profile;
mod recovery;
mod scripts;
mod security;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod sign_up_modes;
mod sign_up_refused;
mod terms;

use contract::{Problem, routes, sentence};

use crate::{client::Client, fields::Fields, page::Page, reply::Reply};

/// The entry points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EntryPoint {
    Form,
    Json,
}

/// The operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    SignUp,
    SignIn,
    SaveProfile,
    SignOut,
    AskForReset,
    SetPassword,
    AskForVerification,
    ChangePassword,
    ChangeEmail,
    EndSession,
    EndOtherSessions,
    DeleteAccount,
}

const ENTRY_POINTS: [EntryPoint; 2] = [EntryPoint::Form, EntryPoint::Json];

impl Operation {
    const fn page(self) -> &'static str {
        match self {
            Self::SignUp => routes::SIGN_UP,
            Self::SignIn => routes::SIGN_IN,
            Self::SaveProfile => routes::ACCOUNT,
            Self::SignOut => routes::SIGN_OUT,
            Self::AskForReset => routes::FORGOT_PASSWORD,
            Self::SetPassword => routes::RESET_PASSWORD,
            Self::AskForVerification => routes::SEND_VERIFICATION,
            Self::ChangePassword => routes::CHANGE_PASSWORD,
            Self::ChangeEmail => routes::CHANGE_EMAIL,
            Self::EndSession => routes::END_SESSION,
            Self::EndOtherSessions => routes::END_OTHER_SESSIONS,
            Self::DeleteAccount => routes::DELETE_ACCOUNT,
        }
    }

    const fn endpoint(self) -> &'static str {
        match self {
            Self::SignUp => "/api/auth/sign-up/email",
            Self::SignIn => "/api/auth/sign-in/email",
            Self::SaveProfile => "/api/auth/update-user",
            Self::SignOut => "/api/auth/sign-out",
            Self::AskForReset => "/api/auth/request-password-reset",
            Self::SetPassword => "/api/auth/reset-password",
            Self::AskForVerification => "/api/auth/send-verification-email",
            Self::ChangePassword => "/api/auth/change-password",
            Self::ChangeEmail => "/api/auth/change-email",
            Self::EndSession => "/api/auth/revoke-session",
            Self::EndOtherSessions => "/api/auth/revoke-other-sessions",
            Self::DeleteAccount => "/api/auth/delete-user",
        }
    }
}

impl EntryPoint {
    async fn ask(self, client: &mut Client, wish: Operation, fields: &Fields) -> Reply {
        match self {
            Self::Form => client.form(wish.page(), fields.clone()).await,
            Self::Json => client.json(wish.endpoint(), fields.json()).await,
        }
    }

    /// An address of this entry's own.
    fn address(self, name: &str) -> String {
        format!("{name}-{self:?}@example.com").to_lowercase()
    }

    #[track_caller]
    fn accepted(self, reply: &Reply) {
        match self {
            Self::Form => {
                assert_eq!(reply.status, 303, "{}", reply.text());
                assert!(reply.body.is_empty());
            }
            Self::Json => assert_eq!(reply.status, 200, "{}", reply.text()),
        }
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }

    /// That the wish was refused because of this problem, in the manner of the entry.
    #[track_caller]
    fn refused(self, reply: &Reply, wish: Operation, fields: &Fields, problem: &Problem) {
        assert_eq!(
            reply.status,
            bookplate::http::status(problem.code),
            "{self:?} {fields:?} {}",
            reply.text()
        );
        assert!(reply.location().is_none(), "a refusal leads nowhere");
        assert!(reply.cookies().iter().all(super::reply::SetCookie::expires), "a refusal opens nothing");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        match self {
            Self::Form => refused_page(reply, wish, fields, problem),
            Self::Json => {
                assert_eq!(reply.code(), problem.code.wire().unwrap_or_default(), "{}", reply.text());
                if let (Some(field), Some(reason)) = (&problem.field, &problem.reason) {
                    assert_eq!(reply.message(), format!("[body.{field}] {reason}"));
                }
            }
        }
    }
}

/// Asserts that the page shows the error at its field and the input, but never the password.
#[track_caller]
fn refused_page(reply: &Reply, wish: Operation, fields: &Fields, problem: &Problem) {
    let page = reply.page();
    assert!(page.title().starts_with("Error: "), "{}", page.title());
    let said = match &problem.field {
        Some(field) => page.error(field),
        None => page.problem_title(),
    };
    assert_eq!(said, Some(sentence(problem).as_str()), "{problem:?} {}", reply.text());
    assert_eq!(page.problem().unwrap().get("role"), Some("alert"));
    assert!(page.all("form").any(|form| form.get("action").unwrap().starts_with(wish.page())));
    for (name, typed) in fields.iter() {
        if ["password", "currentPassword", "newPassword"].contains(&name) {
            assert_eq!(page.value(name), None, "{name:?} {typed:?}");
            assert!(typed.len() < 3 || !reply.text().contains(typed), "the password came back");
        } else if can_show(&page, name, typed) {
            assert_eq!(page.value(name).as_deref(), Some(typed), "{name}");
        }
    }
}

/// Whether the page has a control that can show the value, unlike a checkbox, a select without this option, or the version
/// of the terms, which is always the current one.
fn can_show(page: &Page, name: &str, value: &str) -> bool {
    let Some(control) = page.control(name).filter(|_| name != "termsVersion") else { return false };
    let offered = || page.inside(control).any(|option| option.get("value") == Some(value));
    control.get("type") != Some("checkbox") && (control.tag != "select" || (!value.is_empty() && offered()))
}
