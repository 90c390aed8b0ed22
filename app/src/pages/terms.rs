//! `/terms`: asks a signed-in reader to accept the author's terms, after sign-in or when they have changed.

use std::sync::Arc;

use contract::{LocalPath, routes, with_next};
use leptos::prelude::*;

use crate::{
    Book,
    components::{AcceptTerms as AcceptTermsField, Card, CardLayout, FieldErrors, ProblemSummary},
    context::RequestContext,
    islands::SubmitButton,
    next::NextField,
    server::AcceptTerms,
};

#[component]
pub(crate) fn TermsPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let next = context.visitor.next.clone();
    if context.visitor.signed_in.is_none() {
        // After signing in, whoever has to accept them is led back here.
        context.go_to(&with_next(routes::SIGN_IN, next.as_ref()));
        return None;
    }
    let terms = use_context::<Arc<Book>>().and_then(|book| book.terms.clone());
    let Some(terms) = terms.filter(|_| context.visitor.must_accept_terms) else {
        context.go_to(next.as_ref().map_or(routes::HOME, LocalPath::as_str));
        return None;
    };
    let field_errors = FieldErrors::of_request();
    let action = with_next(<AcceptTerms as leptos::server_fn::ServerFn>::PATH, next.as_ref());
    let lede = "To go on with your account, read the terms of this book and accept them.";
    Some(view! {
        <CardLayout title=field_errors.title("Terms") help="Nothing changes for your account until you accept.">
            <Card heading="Terms" lede=Some(lede.to_owned())>
                <ProblemSummary field_errors=field_errors.clone() />
                <form class="form" method="post" action=action novalidate>
                    <NextField next />
                    <AcceptTermsField terms field_errors />
                    <SubmitButton label="Accept and go on".to_owned() />
                </form>
                <p class="card__footer">
                    "If not, you can take everything along or delete it on "<a href=routes::DATA>"Your data"</a>", or "
                    <a href=routes::SIGN_OUT>"sign out"</a>"."
                </p>
            </Card>
        </CardLayout>
    })
}
