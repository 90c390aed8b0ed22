//! `/account`: what a reader says about themselves.

use contract::{Timestamp, routes};
use domain::Notice;
use leptos::prelude::*;

use super::with_next;
use crate::{
    components::{ProblemSummary, Questionnaire, Sheet, TextField, Trouble},
    context::Door,
    islands::SubmitButton,
    server::SaveProfile,
};

#[component]
pub(crate) fn AccountPage() -> impl IntoView {
    let door = Door::of_request()?;
    let Some(signed_in) = door.reader.signed_in.clone() else {
        door.go_to(&with_next(routes::SIGN_IN, contract::LocalPath::parse(routes::ACCOUNT).as_ref()));
        return None;
    };
    let user = signed_in.user;
    let trouble = Trouble::of_request();
    let questions = door.services.questions.clone();
    let reader = if user.name.is_empty() { user.email.clone() } else { user.name.clone() };
    let action = <SaveProfile as leptos::server_fn::ServerFn>::PATH;
    Some(view! {
        <Sheet
            title=trouble.title("Your account")
            reader
            help="Your answers stay with this book and its services."
        >
            <h1>"Your account"</h1>
            <Told door />
            <ProblemSummary trouble=trouble.clone() questions=questions.clone() />
            <dl class="facts">
                <dt>"E-mail"</dt>
                <dd>{user.email}</dd>
                <dt>"Reader since"</dt>
                <dd><Day of=user.created_at /></dd>
            </dl>
            <form class="form" method="post" action=action novalidate>
                <TextField
                    name="name"
                    label="Name"
                    autocomplete="name"
                    optional=true
                    state=trouble.field("name", Some(&user.name))
                />
                <Questionnaire questions answers=Some(user.answers) trouble />
                <SubmitButton label="Save changes".to_owned() />
            </form>
        </Sheet>
    })
}

/// What the last page left to be told, once.
#[component]
fn Told(door: Door) -> impl IntoView {
    let notice = Resource::new_blocking(
        || (),
        move |()| {
            let door = door.clone();
            async move {
                let session = &door.reader.signed_in.as_ref()?.session;
                door.services.sessions.browser_state(session).take().await.map(words)
            }
        },
    );
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                notice.await.map(|words| view! { <p class="notice notice--good" role="status">{words}</p> })
            })}
        </Suspense>
    }
}

fn words(notice: Notice) -> String {
    match notice {
        Notice::ProfileSaved => "Your changes are saved.".to_owned(),
    }
}

/// A day, with the full time for who points at it.
#[component]
fn Day(of: Timestamp) -> impl IntoView {
    let iso = of.iso();
    view! { <time datetime=iso.clone() title=iso>{of.day()}</time> }
}
