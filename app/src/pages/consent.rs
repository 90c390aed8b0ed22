//! `/consent`: whether a client that is not the book's own may act for the reader.

use contract::{Email, routes, with_next};
use domain::{ReturnTo, Scope, SignedIn};
use leptos::prelude::*;

use super::access::signed_in_or_leave;
use crate::{
    components::{Card, CardLayout, FieldErrors, ProblemSummary},
    context::{RequestContext, request_address},
    next::NextField,
    server::DecideConsent,
};

#[component]
pub(crate) fn ConsentPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let page = request_address().unwrap_or_else(|| routes::CONSENT.to_owned());
    let signed_in = signed_in_or_leave(&context, &page)?;
    let Some(to) = context.visitor.return_to.clone() else {
        context.go_to(routes::HOME);
        return None;
    };
    let next = context.visitor.next.clone();
    let field_errors = FieldErrors::of_request();
    let action = with_next(<DecideConsent as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    let name = to.client.name.clone();
    let title = field_errors.title(&format!("Go on to {name}?"));
    Some(view! {
        <CardLayout title help="You can change your mind at any time, under \u{201c}Sessions\u{201d}.">
            <Card heading=format!("Go on to {name}?") lede=Some(lede(&signed_in, &to))>
                <ProblemSummary field_errors />
                <ul class="permissions">
                    {to.scopes.iter().map(|scope| permission(scope, to.opens_all)).map(|words| view! { <li>{words}</li> }).collect_view()}
                </ul>
                <form class="form" method="post" action=action>
                    <NextField next />
                    <input type="hidden" name="reader" value=signed_in.user.id />
                    <button class="button" type="submit" name="decision" value="allow">"Allow"</button>
                    <button class="button button--quiet" type="submit" name="decision" value="deny">
                        "Do not allow"
                    </button>
                </form>
            </Card>
        </CardLayout>
    })
}

fn lede(signed_in: &SignedIn, to: &ReturnTo) -> String {
    let email = Email::display(&signed_in.user.email);
    format!("You are signed in as {email}. {} would like to:", to.client.name)
}

/// What a scope allows, in words; `opens_all` when it is for the conversations of every client.
const fn permission(scope: Scope, opens_all: bool) -> &'static str {
    match scope {
        Scope::ReadConversations if opens_all => "read all the conversations you have here, of every book",
        Scope::WriteConversations if opens_all => {
            "keep and change all the conversations you have here, of every book"
        }
        Scope::OpenId => "recognise you when you come back",
        Scope::Profile => "see your name and the answers you gave when you signed up",
        Scope::Email => "see your e-mail address",
        Scope::OfflineAccess => "stay signed in while you are away",
        Scope::ReadConversations => "read the conversations that you have there",
        Scope::WriteConversations => "keep and change the conversations that you have there",
    }
}
