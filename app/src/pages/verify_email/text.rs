//! The texts of the page.

use contract::{Code, Email, Problem, sentence};
use domain::{User, link_ttl};

use super::state::PageState;
use crate::pages::lifetime::hours;

/// Heading and sentence.
pub(super) fn words(state: PageState, user: Option<&User>, can_send: bool) -> (&'static str, String) {
    match state {
        PageState::Failed(code) => ("This link did not work", failed(code, user)),
        PageState::SignedUp => ("Look into your mailbox", signed_up()),
        PageState::Sent => ("Look into your mailbox", sent(user)),
        PageState::EnterCode => ("Enter the code", enter_code()),
        PageState::Confirmed => ("Your address is confirmed", confirmed(user)),
        PageState::ChangeConfirmed => ("One step further", change_confirmed(user)),
        PageState::Changed => ("Your address is changed", changed(user)),
        PageState::Link | PageState::Asking => ("Confirm your address", asking(user, can_send)),
    }
}

/// A used link looks like one that never existed; the state of the account tells them apart.
fn failed(code: Code, user: Option<&User>) -> String {
    let what = sentence(&Problem::new(code));
    match user {
        Some(user) if code != Code::InvalidUser && user.email_verified => format!(
            "A link works once and for a short time. Your account has the address {}, and it is confirmed.",
            Email::display(&user.email)
        ),
        Some(user) if code != Code::InvalidUser => {
            format!("{what} Your account has the address {}.", Email::display(&user.email))
        }
        _ => what,
    }
}

/// The same text whether or not the address was taken.
fn signed_up() -> String {
    format!(
        "A mail is on its way to the address you gave. Enter its code here, or open its link within {}.",
        hours(link_ttl::VERIFY)
    )
}

/// Only a browser that is signed in has a code.
fn change_confirmed(user: Option<&User>) -> String {
    let now = "Now open the link that we have mailed to the new address";
    match user {
        Some(_) => format!("{now}, or enter the code in the same mail."),
        None => format!("{now}."),
    }
}

fn enter_code() -> String {
    "Enter the six digits of the mail that confirms your address.".to_owned()
}

/// Without a session, nothing about the address is revealed.
fn sent(user: Option<&User>) -> String {
    let lasts = hours(link_ttl::VERIFY);
    match user {
        Some(user) => {
            let address = Email::display(&user.email);
            format!(
                "A mail is on its way to {address}. Enter its code here, or open its link within {lasts}."
            )
        }
        None => {
            format!(
                "If this address still has to be confirmed, a mail is on its way. Its link works for {lasts}."
            )
        }
    }
}

fn confirmed(user: Option<&User>) -> String {
    match user {
        Some(user) => format!("Mail about your account goes to {}.", Email::display(&user.email)),
        None => "Sign in, and the book is yours to read on.".to_owned(),
    }
}

fn changed(user: Option<&User>) -> String {
    match user {
        Some(user) if user.email_verified => format!("It is now {}.", Email::display(&user.email)),
        Some(user) => format!("It is now {}. It still has to be confirmed.", Email::display(&user.email)),
        None => "Sign in with the new one.".to_owned(),
    }
}

fn asking(user: Option<&User>, can_send: bool) -> String {
    match user {
        _ if !can_send => "This book sends no mail, so there is nothing to confirm.".to_owned(),
        Some(user) => format!("We mail a link to {}. Open it, and that is all.", Email::display(&user.email)),
        None => "Give the address of your account, and we mail you a link.".to_owned(),
    }
}
