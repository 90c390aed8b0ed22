//! The page of a problem, such as a 404.

use contract::{Code, Problem, routes, sentence};
use leptos::prelude::*;

use crate::{
    components::{Card, CardLayout},
    context::{RequestContext, request_path},
};

#[component]
pub(crate) fn ProblemPage(
    /// The problem.
    problem: Problem,
) -> impl IntoView {
    let context = RequestContext::of_request();
    let is_reader = context.as_ref().is_some_and(|context| context.visitor.signed_in.is_some());
    if let Some(context) = &context {
        context.response.set(|response| response.code = Some(problem.code));
    }
    let heading = match problem.code {
        Code::NotFound => "No such page",
        Code::ConversationNotFound => "No such conversation",
        Code::MessageNotFound => "No such message",
        Code::Busy | Code::Unavailable => "Back in a moment",
        Code::Internal => "This did not work",
        Code::InsufficientStorage => "There is no space left",
        Code::TooManyRequests => "Wait a little",
        Code::FailedToGetUserInfo => "You are not signed in here",
        Code::InvalidAuthorizationRequest => "This sign-in cannot go on",
        _ => "This cannot be done",
    };
    let help = match problem.code {
        // The account may be deleted by then, so nothing is said about it.
        Code::FailedToGetUserInfo => "This link deletes nothing where you are signed out.",
        _ => "Your account and what you keep here are not affected.",
    };
    let (to, words) = way_back(problem.code, is_reader);
    view! {
        <CardLayout title=heading help>
            <Card heading lede=Some(sentence(&problem))>
                <div class="actions"><a class="button" href=to>{words}</a></div>
            </Card>
        </CardLayout>
    }
}

/// The page that the reader most likely came from, guessed from the address.
fn way_back(code: Code, is_reader: bool) -> (&'static str, &'static str) {
    let path = request_path().unwrap_or_default();
    if code == Code::FailedToGetUserInfo {
        (routes::SIGN_IN, "Sign in")
    } else if path == routes::EXPORT || code == Code::InvalidDeletionToken {
        (routes::DATA, "Back to your data")
    } else if path.starts_with(routes::CONVERSATIONS) {
        (routes::CONVERSATIONS, "To your conversations")
    } else if is_reader || path.starts_with(routes::ACCOUNT) {
        (routes::ACCOUNT, "To your account")
    } else {
        (routes::HOME, "To the first page")
    }
}
