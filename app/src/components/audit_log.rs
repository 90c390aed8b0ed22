//! The audit log of an account, in words.

use domain::{AuditEvent, EventKind, describe_device};
use leptos::prelude::*;

use super::DateTime;

/// Events shown before "Earlier" is opened.
const AT_FIRST: usize = 8;
/// The stored outcome of a success.
const DONE: &str = "done";

/// The last events, newest first.
#[component]
pub(crate) fn AuditLog(events: Vec<AuditEvent>) -> impl IntoView {
    let mut events = events.into_iter().map(|event| view! { <One event /> });
    let latest = events.by_ref().take(AT_FIRST).collect_view();
    let earlier: Vec<_> = events.collect();
    let earlier = (!earlier.is_empty()).then(|| {
        view! {
            <details class="disclosure"><summary>"Earlier"</summary><ul class="list">{earlier}</ul></details>
        }
    });
    if latest.is_empty() {
        return view! { <p>"Nothing yet."</p> }.into_any();
    }
    view! { <ul class="list">{latest}</ul>{earlier} }.into_any()
}

#[component]
fn One(event: AuditEvent) -> impl IntoView {
    let device = event.user_agent.as_deref().map(describe_device);
    let known = [device, event.ip_address].into_iter().flatten();
    let known = known.map(|it| view! { " · "<bdi>{it}</bdi> }).collect_view();
    let words = in_words(event.kind.parse().ok(), &event.outcome);
    view! {
        <li class="list__item">
            <p class="list__title">{words}</p>
            <p class="list__meta"><DateTime of=event.at />{known}</p>
        </li>
    }
}

/// The sentence for an event; a general one for an event of a later version.
fn in_words(kind: Option<EventKind>, outcome: &str) -> &'static str {
    let Some(kind) = kind else { return "Something else" };
    match outcome {
        DONE => success_label(kind),
        "wrong-credentials" | "wrong-password" => wrong_password(kind),
        "wrong-code" => "Wrong code when confirming the address",
        "email-not-verified" => "Held back at sign-in: the address is not confirmed",
        "banned" => "Refused at sign-in: the account is closed",
        "too-many-tries" => "Refused: too many tries",
        _ => "Refused",
    }
}

const fn success_label(kind: EventKind) -> &'static str {
    match kind {
        EventKind::SignUp => "Account opened",
        EventKind::SignIn => "Signed in",
        EventKind::SignOut => "Signed out",
        EventKind::SessionEnd => "Signed out elsewhere",
        EventKind::PasswordChange => "Password changed",
        EventKind::PasswordCheck => "Password given again",
        EventKind::PasswordResetRequest => "Link for a new password asked for",
        EventKind::PasswordReset => "Password set with a link",
        EventKind::EmailVerification => "Address confirmed",
        EventKind::EmailChangeRequest => "Another address asked for",
        EventKind::EmailChange => "Address changed",
        EventKind::DeletionRequest => "Link to delete the account asked for",
        EventKind::Deletion => "Account deleted",
        EventKind::Export => "Copy of everything taken",
        EventKind::Ban => "Account closed by the author of the book",
        EventKind::Unban => "Account opened again by the author of the book",
        EventKind::Operator => "Set up by the author of the book",
        EventKind::OperatorLink => "Link for a new password made by the author of the book",
        EventKind::Import => "Account moved here from another system",
        EventKind::IdleNotice => "Mail that the account is deleted unless somebody signs in",
        EventKind::TermsAcceptance => "Terms accepted",
        EventKind::Invitation => "Invited by the author of the book",
        EventKind::InvitationRevocation => "Invitation withdrawn by the author of the book",
        EventKind::Consent => "Service allowed to act for you",
        EventKind::ConsentWithdrawal => "Service not allowed to act for you any more",
        EventKind::ClientRegistration => "Book registered by the author of the book",
        EventKind::ClientSecretChange => "Secret of a book changed by the author of the book",
        EventKind::ClientRemoval => "Book removed by the author of the book",
    }
}

const fn wrong_password(kind: EventKind) -> &'static str {
    match kind {
        EventKind::SignIn => "Wrong password at sign-in",
        EventKind::PasswordChange => "Wrong password when changing it",
        EventKind::Deletion => "Wrong password when deleting the account",
        _ => "Wrong password",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_event_has_words_of_its_own() {
        let words: HashSet<_> = EventKind::ALL.iter().map(|kind| in_words(Some(*kind), DONE)).collect();
        assert_eq!(words.len(), EventKind::ALL.len());
    }

    #[test]
    fn a_refusal_is_never_told_as_done() {
        for outcome in [
            "wrong-credentials",
            "wrong-password",
            "wrong-code",
            "email-not-verified",
            "banned",
            "of-a-later-version",
        ] {
            for kind in EventKind::ALL.iter().copied() {
                assert_ne!(in_words(Some(kind), outcome), in_words(Some(kind), DONE), "{outcome}");
            }
        }
        assert_eq!(in_words(None, DONE), "Something else");
    }
}
