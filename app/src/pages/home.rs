//! `/`: the home page.

use contract::{Email, routes};
use domain::SignedIn;
use leptos::prelude::*;

use super::{access::leave_for_terms, query::query_parameter};
use crate::{
    components::{Card, CardLayout, EX_LIBRIS, ErrorNotice, SuccessNotice},
    context::RequestContext,
};

#[component]
pub(crate) fn HomePage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    if leave_for_terms(&context, routes::HOME) {
        return None;
    }
    let can_sign_up = context.services.accounts.rules().sign_up.check_enabled().is_ok();
    Some(match context.visitor.signed_in {
        Some(signed_in) => view! { <Owner signed_in /> }.into_any(),
        None => view! { <Stranger can_sign_up /> }.into_any(),
    })
}

#[component]
fn Owner(signed_in: SignedIn) -> impl IntoView {
    let user = signed_in.user;
    let address = Email::display(&user.email).into_owned();
    let (heading, lede) = if user.name.is_empty() { (address, None) } else { (user.name, Some(address)) };
    view! {
        <CardLayout title="Your bookplate" help="Not you? Sign out, and the next reader can sign in.">
            <Card over=EX_LIBRIS heading lede>
                <BrokenLink />
                <div class="actions">
                    <a class="button" href=routes::CONVERSATIONS>"Your conversations"</a>
                    <a class="button button--quiet" href=routes::ACCOUNT>"Your account"</a>
                    <form class="actions" method="post" action=routes::SIGN_OUT>
                        <button class="button button--quiet" type="submit">"Sign out"</button>
                    </form>
                </div>
            </Card>
        </CardLayout>
    }
}

#[component]
fn Stranger(can_sign_up: bool) -> impl IntoView {
    view! {
        <CardLayout title="Reader accounts" help="One account for this book, on every device you read it on.">
            <Card
                over=EX_LIBRIS
                heading="This book can be yours"
                lede=Some("With an account, the book and its services know you on every device.".to_owned())
            >
                <BrokenLink />
                <Gone />
                <div class="actions">
                    <a class="button" href=routes::SIGN_IN>"Sign in"</a>
                    {can_sign_up.then(|| view! {
                        <a class="button button--quiet" href=routes::SIGN_UP>"Create an account"</a>
                    })}
                </div>
            </Card>
        </CardLayout>
    }
}

/// A notice after a link that failed. The code in the address is not repeated: anyone can write an address.
#[component]
fn BrokenLink() -> impl IntoView {
    query_parameter("error")
        .map(|_| view! { <ErrorNotice words="That link did not work. Start again from here." /> })
}

/// A notice after the account was deleted.
#[component]
fn Gone() -> impl IntoView {
    query_parameter("deleted")
        .map(|_| view! { <SuccessNotice words="Your account and everything about it is gone." /> })
}
