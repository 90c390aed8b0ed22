//! `/verify-email`: what came of a link that proves an address, and what to do next.

use contract::{Code, Problem, routes, sentence};
use domain::{User, lifetimes};
use leptos::prelude::*;

use super::{asked, hours};
use crate::{
    components::{Framed, Plate, ProblemSummary, TextField, Trouble},
    context::Door,
    islands::SubmitButton,
    server::{SendVerification, VerifyEmail},
};

/// The page, asked for a link whatever else is waiting.
pub(super) const AGAIN: &str = "/verify-email?again";

/// What the page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// A link did nothing.
    Failed(Code),
    /// A mail may be on its way.
    Sent,
    /// The address is proved.
    Confirmed,
    /// A change of address has gone one step on.
    Change,
    /// A link waits for the button.
    Link,
    /// A link can be asked for.
    Asking,
}

#[component]
pub(crate) fn VerifyEmailPage() -> impl IntoView {
    let door = Door::of_request()?;
    let user = door.reader.signed_in.as_ref().map(|signed_in| signed_in.user.clone());
    let trouble = Trouble::of_request();
    let about = about(&door, user.as_ref(), &trouble);
    let Words { heading, lede } = words(about, user.as_ref(), door.services.post.is_open());
    // A link that failed is what the page is about already.
    let summary = if let About::Failed(_) = about { Trouble::default() } else { trouble.clone() };
    Some(view! {
        <Framed
            title=trouble.title(heading)
            help="A confirmed address lets you back in when you forget your password."
        >
            <Plate heading lede=Some(lede)>
                <ProblemSummary trouble=summary />
                <Next about user can_send=door.services.post.is_open() trouble />
            </Plate>
        </Framed>
    })
}

/// What the address says counts before a link that waits, as that may have come for something else. Nobody is told that
/// their address is proved who has only been sent here by a link on some page.
fn about(door: &Door, user: Option<&User>, trouble: &Trouble) -> About {
    let is_proved = user.is_none_or(|user| user.email_verified);
    match trouble.code() {
        Some(code @ (Code::InvalidVerificationToken | Code::TokenExpired | Code::InvalidUser)) => {
            return About::Failed(code);
        }
        Some(Code::EmailAlreadyVerified) => return About::Confirmed,
        Some(_) if trouble.of_form("email").code().is_some() => return About::Asking,
        _ => {}
    }
    if let Some(code) = asked("error") {
        About::Failed(failure(&code))
    } else if asked("again").is_some() && !user.is_some_and(|user| user.email_verified) {
        About::Asking
    } else if asked("sent").is_some() {
        About::Sent
    } else if asked("change").is_some() {
        About::Change
    } else if asked("confirmed").is_some() && is_proved {
        About::Confirmed
    } else if door.reader.link.is_some() {
        About::Link
    } else if user.is_some_and(|user| user.email_verified) {
        About::Confirmed
    } else {
        About::Asking
    }
}

/// What the address says of a link that failed. Anybody can write an address, so anything else is no more than that.
fn failure(code: &str) -> Code {
    match code {
        "TOKEN_EXPIRED" => Code::TokenExpired,
        "INVALID_USER" => Code::InvalidUser,
        _ => Code::InvalidVerificationToken,
    }
}

struct Words {
    heading: &'static str,
    lede: String,
}

fn words(about: About, user: Option<&User>, can_send: bool) -> Words {
    let (heading, lede) = match (about, user) {
        (About::Failed(code), _) => ("This link did not work", sentence(&Problem::new(code))),
        (About::Sent, _) => (
            "Look into your mailbox",
            format!(
                "If the address you gave is waiting for it, a mail is on its way. Its link works for {}.",
                hours(lifetimes::VERIFY)
            ),
        ),
        (About::Confirmed, Some(user)) => {
            ("Your address is confirmed", format!("Mail about your account goes to {}.", user.email))
        }
        (About::Confirmed, None) => {
            ("Your address is confirmed", "Sign in, and the book is yours to read on.".to_owned())
        }
        (About::Change, Some(user)) => (
            "Your address",
            format!(
                "Your account has the address {}. If that is not the new one yet, open the link we have mailed there.",
                user.email
            ),
        ),
        (About::Change, None) => (
            "One step further",
            "If a mail has come to your new address, open its link. If not, the change is done: sign in with it."
                .to_owned(),
        ),
        (About::Link, _) => ("Confirm your address", "Confirm that this mailbox is yours.".to_owned()),
        (About::Asking, _) if !can_send => (
            "Confirm your address",
            "This book sends no mail, so there is nothing to confirm.".to_owned(),
        ),
        (About::Asking, Some(user)) => {
            ("Confirm your address", format!("We mail a link to {}. Open it, and that is all.", user.email))
        }
        (About::Asking, None) => {
            ("Confirm your address", "Give the address of your account, and we mail you a link.".to_owned())
        }
    };
    Words { heading, lede }
}

/// What to do next.
#[component]
fn Next(about: About, user: Option<User>, can_send: bool, trouble: Trouble) -> impl IntoView {
    let (to, words) = match &user {
        Some(_) => (routes::ACCOUNT, "To your account"),
        None => (routes::SIGN_IN, "Sign in"),
    };
    let is_proved = user.as_ref().is_some_and(|user| user.email_verified);
    let on = move || view! { <a class="button" href=to>{words}</a> };
    match about {
        About::Link => view! { <Confirm /> }.into_any(),
        About::Failed(Code::InvalidUser) => view! {
            <div class="actions"><a class="button" href=routes::SIGN_OUT>"Sign out"</a></div>
        }
        .into_any(),
        About::Failed(_) if asked("change").is_some() => view! {
            <div class="actions"><a class="button" href=routes::SECURITY>"Ask for the change again"</a></div>
        }
        .into_any(),
        About::Sent => view! {
            <p>"Nothing there after a few minutes? Look among the unwanted mail."</p>
            <div class="actions">
                {on()} <a class="button button--quiet" href=AGAIN>"Ask for another link"</a>
            </div>
        }
        .into_any(),
        About::Failed(_) | About::Asking if can_send && !is_proved => {
            view! { <Send user trouble /><p class="plate__turn"><a href=to>{words}</a></p> }.into_any()
        }
        About::Failed(_) | About::Asking | About::Confirmed | About::Change => {
            view! { <div class="actions">{on()}</div> }.into_any()
        }
    }
}

/// A button and not the link itself: nobody is signed in by a link on some page, and programs that look at links press
/// no buttons.
#[component]
fn Confirm() -> impl IntoView {
    let action = <VerifyEmail as leptos::server_fn::ServerFn>::PATH;
    view! {
        <form class="form" method="post" action=action>
            <SubmitButton label="Confirm my address".to_owned() />
        </form>
    }
}

/// Asks for a link; who is signed in need not say for which address.
#[component]
fn Send(user: Option<User>, trouble: Trouble) -> impl IntoView {
    let action = <SendVerification as leptos::server_fn::ServerFn>::PATH;
    let address = match user {
        Some(user) => view! { <input type="hidden" name="email" value=user.email /> }.into_any(),
        None => view! {
            <TextField
                name="email"
                label="E-mail"
                email=true
                autocomplete="username"
                state=trouble.field("email", None)
            />
        }
        .into_any(),
    };
    view! {
        <form class="form" method="post" action=action novalidate>
            {address}
            <SubmitButton label="Send the link".to_owned() />
        </form>
    }
}
