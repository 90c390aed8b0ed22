//! `/conversations/{id}`: a conversation.

use contract::{
    Problem, Problems,
    conversations::{Conversation, ConversationStatus},
    routes,
};
use domain::Principal;
use leptos::{either::Either, prelude::*};
use leptos_router::hooks::use_params_map;

use super::{access::signed_in_or_leave, problem::ProblemPage, query::query_parameter};
use crate::{
    components::{DateTime, Entry, FieldErrors, Manage, PageLayout, name_of, page_of},
    context::{RequestContext, request_address},
    fragments::{AnchorKind, FragmentError, MessagesFragment, MessagesQuery, load_messages},
    islands::{LiveConversation, counted, placed},
};

#[component]
pub(crate) fn ConversationPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    let address = request_address().unwrap_or_else(|| routes::CONVERSATIONS.to_owned());
    let signed_in = signed_in_or_leave(&context, &address)?;
    let id = use_params_map().with_untracked(|parameters| parameters.get("id")).unwrap_or_default();
    let messages_query = messages_query(id);
    let (asking, inside) = (context.clone(), context.clone());
    let looking = messages_query.clone();
    let found = AsyncDerived::new(move || {
        let (context, user_id, asked) = (asking.clone(), signed_in.user.id.clone(), looking.clone());
        async move {
            let turns =
                load_messages(asked.clone()).await.map_err(|FragmentError(code)| Problem::new(code))?;
            let found = context.services.conversations.find(Principal::reader(&user_id), &asked.id).await;
            let conversation = found.map_err(|error| Problems::from(error).first().clone())?;
            Ok((conversation, turns))
        }
    });
    Some(view! {
        <Suspense>
            {move || {
                let (context, messages_query) = (inside.clone(), messages_query.clone());
                Suspend::new(async move {
                    match found.await {
                        Ok((conversation, turns)) => {
                            Either::Left(view! { <Dialogue context conversation turns messages_query /> })
                        }
                        Err(problem) => Either::Right(view! { <ProblemPage problem /> }),
                    }
                })
            }}
        </Suspense>
    })
}

/// The query of the address: `branch`, and one of `message`, `before` and `after`.
fn messages_query(id: String) -> MessagesQuery {
    let branch = query_parameter("branch").unwrap_or_default();
    let places =
        [("message", AnchorKind::Around), ("before", AnchorKind::Before), ("after", AnchorKind::After)];
    let named = places.into_iter().filter_map(|(name, place)| Some((query_parameter(name)?, place)));
    let (message, place) = named.into_iter().find(|(message, _)| !message.is_empty()).unwrap_or_default();
    MessagesQuery { id, branch, place, message }
}

/// Up to so many messages, nobody needs help to scroll past them.
const FEW: i64 = 6;

#[component]
fn Dialogue(
    context: RequestContext,
    conversation: Conversation,
    turns: MessagesFragment,
    messages_query: MessagesQuery,
) -> impl IntoView {
    let heading = name_of(conversation.title.as_deref(), conversation.opening.as_deref());
    let page = page_of(conversation.id.as_str());
    let (id, revision) = (conversation.id.as_str().to_owned(), conversation.revision);
    let is_empty = turns.html.is_empty();
    let is_long = conversation.message_count > FEW;
    let is_part = !(turns.earlier.is_empty() && turns.later.is_empty());
    let place = turns.places.filter(|_| is_part);
    let place =
        place.map(|(first, last)| placed(&first.to_string(), &last.to_string(), conversation.message_count));
    let newest = if turns.later.is_empty() { "#end".to_owned() } else { format!("{page}#end") };
    let other = (!messages_query.branch.is_empty()).then(
        || view! { <OtherBranch conversation=conversation.clone() messages_query=messages_query.clone() /> },
    );
    view! {
        <PageLayout
            heading
            at=Entry::Conversation
            field_errors=FieldErrors::of_request()
            context
            help="Answers are written by a program and can be wrong. Look at their sources."
        >
            <About conversation />
            {other}
            <LiveConversation id branch=messages_query.branch revision>
            {place.map(|place| view! { <p class="messages__position" data-position>{place}</p> })}
            <div class="messages__pager" data-earlier inner_html=turns.earlier></div>
            <div class="messages" data-messages inner_html=turns.html></div>
            {is_empty.then(|| view! { <p class="messages__empty">"Nothing has been said here yet."</p> })}
            <div class="messages__pager" data-later inner_html=turns.later></div>
            <div id="end" tabindex="-1"></div>
            {is_long.then(|| view! { <a class="jump-to-latest" href=newest>"Jump to the newest"</a> })}
            </LiveConversation>
        </PageLayout>
    }
}

/// When the conversation took place, and the actions on it.
#[component]
fn About(conversation: Conversation) -> impl IntoView {
    let page = page_of(conversation.id.as_str());
    let field_errors = FieldErrors::of_request();
    let opens = field_errors.code().is_some();
    let archived = conversation.status == ConversationStatus::Archived;
    let export = |format: &str| format!("/api/conversations/{}/export?format={format}", conversation.id);
    let (markdown, json) = (export("markdown"), export("json"));
    let count = conversation.message_count;
    view! {
        <div class="conversation-header">
            <p class="conversation-header__meta">
                <a class="conversation-header__back" href=routes::CONVERSATIONS>"All conversations"</a>
                <span>
                    "Begun "<DateTime of=conversation.created_at />" · "
                    <span data-count=count.to_string()>{counted(count)}</span>
                </span>
                {archived.then(|| view! { <span class="tag">"Archived"</span> })}
            </p>
            <details class="disclosure conversation-header__actions" open=opens>
                <summary>"More"</summary>
                <Manage
                    conversation=conversation.id.as_str().to_owned()
                    title=conversation.title
                    archived
                    field_errors
                    rename_to=page.clone()
                    back=page
                    number=1
                />
                <p class="conversation-header__downloads">
                    "Take it with you: " <a href=markdown download="">"Markdown"</a> " " <a href=json download="">"JSON"</a>
                </p>
            </details>
        </div>
    }
}

/// A notice where the branch shown is not the one that the conversation continues.
#[component]
fn OtherBranch(conversation: Conversation, messages_query: MessagesQuery) -> impl IntoView {
    let page = page_of(conversation.id.as_str());
    view! {
        <div class="notice branch-notice">
            <p>"This is one of several versions of this conversation."</p>
            <p class="branch-notice__actions">
                <a href=page.clone()>"Show the latest"</a>
            </p>
            <form method="post" action=routes::CHOOSE_BRANCH>
                <input type="hidden" name="conversation" value=conversation.id.as_str().to_owned() />
                <input type="hidden" name="head" value=messages_query.branch />
                <input type="hidden" name="next" value=page />
                <button class="button button--quiet" type="submit">"Go on with this one"</button>
            </form>
        </div>
    }
}
