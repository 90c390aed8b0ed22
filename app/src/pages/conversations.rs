//! `/conversations`: the reader's conversations, and the search in them.

use contract::{Code, Problem, routes, sentence};
use leptos::{either::Either, prelude::*};

use super::{access::signed_in_or_leave, query::query_parameter};
use crate::{
    components::{Entry, ErrorNotice, FieldErrors, PageLayout},
    context::{RequestContext, request_address},
    fragments::{FragmentError, ListFragment, ListQuery, load_conversations},
    islands::SearchableList,
};

#[component]
pub(crate) fn ConversationsPage() -> impl IntoView {
    let context = RequestContext::of_request()?;
    signed_in_or_leave(&context, &request_address().unwrap_or_else(|| routes::CONVERSATIONS.to_owned()))?;
    let list = list_query();
    let loading = list.clone();
    let listed = AsyncDerived::new(move || load_conversations(loading.clone()));
    let response = context.response.clone();
    Some(view! {
        <PageLayout
            heading="Conversations"
            at=Entry::Conversations
            field_errors=FieldErrors::of_request()
            context
            help="What you delete is gone for good after ten minutes."
        >
            <SearchableList q=list.q archived=list.archived client=list.client from=list.from>
                <Suspense>
                    {move || {
                        let response = response.clone();
                        Suspend::new(async move {
                            match listed.await {
                                Ok(ListFragment { html, .. }) => {
                                    Either::Left(
                                        view! { <div class="conversation-list-box" data-list inner_html=html></div> },
                                    )
                                }
                                Err(FragmentError(code)) => {
                                    response.set(|response| response.code = Some(code));
                                    let words = match code {
                                        Code::ValidationError => "Type at least one word to look for.".to_owned(),
                                        code => sentence(&Problem::new(code)),
                                    };
                                    Either::Right(
                                        view! { <div class="conversation-list-box" data-list><ErrorNotice words /></div> },
                                    )
                                }
                            }
                        })
                    }}
                </Suspense>
            </SearchableList>
            <p><a class="button button--quiet" href=routes::IMPORT_CONVERSATIONS>"Import conversations"</a></p>
        </PageLayout>
    })
}

/// The query of the address.
fn list_query() -> ListQuery {
    let parameter = |name: &str| query_parameter(name).unwrap_or_default().trim().to_owned();
    ListQuery {
        q: parameter("q"),
        archived: parameter("status") == "archived",
        client: query_parameter("client").map(|client| client.trim().to_owned()),
        from: parameter("from"),
        shown: parameter("shown").parse().unwrap_or_default(),
        more: None,
    }
}
