//! Flash messages and notices.

use std::sync::{Arc, OnceLock};

use contract::routes;
use domain::Flash;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use leptos::prelude::*;

use super::Undo;
use crate::context::{RequestContext, request_address};

/// The flash message of a page, taken from the session once: Leptos may build a part of a page more than once, and only the
/// first that takes the message would get it.
#[derive(Clone, Default)]
pub(crate) struct FlashOnce(Arc<OnceLock<Shared<BoxFuture<'static, Option<Flash>>>>>);

impl FlashOnce {
    fn of(&self, context: RequestContext) -> Shared<BoxFuture<'static, Option<Flash>>> {
        let take = async move {
            let session = &context.visitor.signed_in.as_ref()?.session;
            context.services.sessions.browser_state(session).take().await
        };
        self.0.get_or_init(|| take.boxed().shared()).clone()
    }
}

/// The flash message that the last page left.
#[component]
pub(crate) fn FlashMessage(context: RequestContext) -> impl IntoView {
    let telling = use_context::<FlashOnce>().unwrap_or_default();
    let notice = AsyncDerived::new(move || telling.of(context.clone()));
    let page = request_address().unwrap_or_else(|| routes::CONVERSATIONS.to_owned());
    view! {
        <Suspense>
            {move || {
                let page = page.clone();
                Suspend::new(async move { notice.await.map(|notice| view! { <Done notice page /> }) })
            }}
        </Suspense>
    }
}

/// What has been done, with a button to undo it where that is possible.
#[component]
fn Done(
    notice: Flash,
    /// The page at hand, to return to after undoing.
    page: String,
) -> impl IntoView {
    let said = words(&notice);
    let undo = match notice {
        Flash::ConversationDeleted(id) => Some((id, routes::RESTORE_CONVERSATION)),
        Flash::ConversationArchived(id) => Some((id, routes::UNARCHIVE_CONVERSATION)),
        _ => None,
    };
    match undo {
        Some((conversation, action)) => view! {
            <div class="notice notice--good" role="status">
                <p>{said}</p>
                <Undo conversation action back=page />
            </div>
        }
        .into_any(),
        None => view! { <SuccessNotice words=said /> }.into_any(),
    }
}

/// A notice of success.
#[component]
pub(crate) fn SuccessNotice(
    /// The text.
    #[prop(into)]
    words: String,
) -> impl IntoView {
    view! { <p class="notice notice--good" role="status"><span>{words}</span></p> }
}

/// A notice of failure.
#[component]
pub(crate) fn ErrorNotice(
    /// The text, with a remedy.
    #[prop(into)]
    words: String,
) -> impl IntoView {
    view! { <p class="notice notice--danger" role="status"><span>{words}</span></p> }
}

const fn words(notice: &Flash) -> &'static str {
    match notice {
        Flash::ProfileSaved => "Your changes are saved.",
        Flash::PasswordChanged => "Your password is changed.",
        Flash::PasswordChangedEverywhere => {
            "Your password is changed. You are signed out everywhere but here."
        }
        Flash::EmailChangeAsked => {
            "A mail is on its way. Open its link to go on; until then your address stays as it is."
        }
        Flash::SessionEnded => "That device is signed out.",
        Flash::ConsentWithdrawn => "It may not act for you any more.",
        Flash::OtherSessionsEnded => "You are signed out everywhere but here.",
        Flash::DeletionMailed => {
            "A mail with a link is on its way. Your account is deleted when you open it in this browser."
        }
        Flash::ConversationDeleted(_) => "Deleted. It is gone for good in ten minutes.",
        Flash::ConversationRestored(_) => "The conversation is back.",
        Flash::ConversationArchived(_) => "Archived. You will find it under Archived.",
        Flash::ConversationUnarchived(_) => "The conversation is back in your list.",
    }
}
