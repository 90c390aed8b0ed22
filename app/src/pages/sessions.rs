//! `/account/sessions`: the reader's sessions.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use contract::routes;
use domain::{Client, Consent, InternalError, Session, describe_device};
use leptos::{either::Either, prelude::*};

use super::access::signed_in_or_leave;
use crate::{
    components::{DateTime, Entry, FieldErrors, PageLayout, Section, async_section},
    context::RequestContext,
    server::{EndOtherSessions, EndSession, WithdrawConsent},
};

#[component]
pub(crate) fn SessionsPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let signed_in = signed_in_or_leave(&context, routes::SESSIONS)?;
    let field_errors = FieldErrors::of_request();
    let (asking, own) = (context.clone(), signed_in.session.id.clone());
    let look_up = move || {
        let (context, user_id) = (asking.clone(), signed_in.user.id.clone());
        async move { SignedInPlaces::load(&context, &user_id).await }
    };
    let list = async_section(&context, look_up, move |places: SignedInPlaces| {
        let SignedInPlaces { sessions, clients, consents } = places;
        let clients = move |session: &Session| clients.get(&session.id).cloned().unwrap_or_default();
        let others = sessions.len() > 1;
        // The current session first, then by last use.
        let (here, elsewhere): (Vec<_>, Vec<_>) = sessions.into_iter().partition(|session| session.id == own);
        let device = move |session: Session, here: bool| {
            let clients = clients(&session);
            view! { <Device session clients here /> }
        };
        let here = here.into_iter().map(|session| device(session, true)).collect_view();
        let elsewhere = elsewhere.into_iter().map(|session| device(session, false)).collect_view();
        view! {
            <ul class="list">{here}{elsewhere}</ul>
            {others.then(|| view! { <EndOthers /> })}
            {(!consents.is_empty()).then(|| view! { <Consents consents /> })}
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

/// Where a reader is signed in, and what may act for them.
#[derive(Debug, Clone)]
struct SignedInPlaces {
    sessions: Vec<Session>,
    /// The names of the clients that are signed in by each session.
    clients: BTreeMap<String, BTreeSet<String>>,
    consents: Vec<Allowed>,
}

/// A client that the reader has allowed to act for them.
#[derive(Debug, Clone)]
struct Allowed {
    consent: Consent,
    name: String,
}

impl SignedInPlaces {
    async fn load(context: &RequestContext, user_id: &str) -> Result<Self, InternalError> {
        let services = &context.services;
        let mut clients: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (grant, client) in services.oidc.grants(user_id).await? {
            clients.entry(grant.session_id).or_default().insert(name_of(client, grant.client_id));
        }
        let allowed = |(consent, client): (Consent, Option<Arc<Client>>)| Allowed {
            name: name_of(client, consent.client_id.clone()),
            consent,
        };
        let consents = services.oidc.consents(user_id).await?.into_iter().map(allowed).collect();
        Ok(Self { sessions: services.sessions.list(user_id).await?, clients, consents })
    }
}

/// The name of a client; its id, when it is not registered any more.
fn name_of(client: Option<Arc<Client>>, id: String) -> String {
    client.map_or(id, |client| client.name.clone())
}

/// What the reader has allowed to act for them.
#[component]
fn Consents(consents: Vec<Allowed>) -> impl IntoView {
    let action = <WithdrawConsent as leptos::server_fn::ServerFn>::PATH;
    let entries = consents.into_iter().map(move |Allowed { consent, name }| {
        let label = format!("Withdraw what {name} may do");
        view! {
            <li class="list__item list__item--row">
                <div>
                    <p class="list__title"><bdi>{name}</bdi></p>
                    <p class="list__meta">"Allowed "<DateTime of=consent.granted_at /></p>
                </div>
                <form method="post" action=action>
                    <input type="hidden" name="client" value=consent.client_id />
                    <button class="button button--quiet" type="submit" aria-label=label>"Withdraw"</button>
                </form>
            </li>
        }
    });
    view! {
        <Section heading="What may act for you">
            <ul class="list">{entries.collect_view()}</ul>
        </Section>
    }
}

#[component]
fn Device(
    session: Session,
    /// The names of the clients that it has signed in to.
    clients: BTreeSet<String>,
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
                <p class="list__meta">"Signed in "<DateTime of=session.created_at />{on_books(&clients)}</p>
            </div>
            <form method="post" action=action>
                <input type="hidden" name="session" value=session.id />
                <button class="button button--quiet" type="submit" aria-label=label>"Sign out"</button>
            </form>
        </li>
    }
}

/// `, also on A and B`.
fn on_books(clients: &BTreeSet<String>) -> Option<String> {
    let names: Vec<&str> = clients.iter().map(String::as_str).collect();
    match names.as_slice() {
        [] => None,
        [one] => Some(format!(", also on {one}")),
        [rest @ .., last] => Some(format!(", also on {} and {last}", rest.join(", "))),
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
