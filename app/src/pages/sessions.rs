//! `/account/sessions`: the reader's sessions.

use contract::routes;
use domain::{Session, describe_device};
use leptos::{either::Either, prelude::*};

use super::access::signed_in_or_leave;
use crate::{
    components::{DateTime, Entry, FieldErrors, PageLayout, async_section},
    context::RequestContext,
    server::{EndOtherSessions, EndSession},
};

#[component]
pub(crate) fn SessionsPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let signed_in = signed_in_or_leave(&context, routes::SESSIONS)?;
    let field_errors = FieldErrors::of_request();
    let (asking, own) = (context.clone(), signed_in.session.id.clone());
    let look_up = move || {
        let (context, user_id) = (asking.clone(), signed_in.user.id.clone());
        async move { context.services.sessions.list(&user_id).await }
    };
    let list = async_section(&context, look_up, move |sessions: Vec<Session>| {
        let others = sessions.len() > 1;
        // The current session first, then by last use.
        let (here, elsewhere): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| session.id == own);
        let here = here.into_iter().map(|session| view! { <Device session here=true /> }).collect_view();
        let elsewhere = elsewhere.into_iter().map(|session| view! { <Device session here=false /> });
        view! {
            <ul class="list">{here}{elsewhere.collect_view()}</ul>
            {others.then(|| view! { <EndOthers /> })}
        }
    });
    Some(view! {
        <PageLayout
            heading="Where you are signed in"
            at=Entry::Sessions
            field_errors
            context
            help="Do you not know one of these? Sign it out, then change your password."
        >
            {list}
        </PageLayout>
    })
}

#[component]
fn Device(
    session: Session,
    /// Whether it is the current session.
    here: bool,
) -> impl IntoView {
    let device = describe_device(&session.user_agent);
    let action = <EndSession as leptos::server_fn::ServerFn>::PATH;
    let label = if here { "Sign out here".to_owned() } else { format!("Sign out {device}") };
    let seen = if here {
        Either::Left("In use now")
    } else {
        Either::Right(view! { "Last used "<DateTime of=session.last_seen_at /> })
    };
    view! {
        <li class="list__item list__item--row">
            <div>
                <p class="list__title">
                    {device}" "{here.then(|| view! { <span class="tag tag--good">"This device"</span> })}
                </p>
                <p class="list__meta">{seen}" · "<bdi>{session.ip_address}</bdi></p>
                <p class="list__meta">"Signed in "<DateTime of=session.created_at /></p>
            </div>
            <form method="post" action=action>
                <input type="hidden" name="session" value=session.id />
                <button class="button button--quiet" type="submit" aria-label=label>"Sign out"</button>
            </form>
        </li>
    }
}

#[component]
fn EndOthers() -> impl IntoView {
    let action = <EndOtherSessions as leptos::server_fn::ServerFn>::PATH;
    view! {
        <form class="actions actions--start" method="post" action=action>
            <button class="button" type="submit">"Sign out everywhere else"</button>
        </form>
    }
}
