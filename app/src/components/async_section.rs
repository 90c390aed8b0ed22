//! Sections of a page that are loaded before it is sent.

use std::future::Future;

use contract::{Problem, sentence};
use domain::InternalError;
use leptos::{either::Either, prelude::*};

use super::ErrorNotice;
use crate::context::RequestContext;

/// Shows what was loaded. When loading fails, a notice takes its place and the page has the status of the problem.
///
/// Unlike a Leptos resource, the value is not serialized into the page, where no script would read it.
pub(crate) fn async_section<T, F, V, L, S>(
    context: &RequestContext,
    look_up: L,
    show: S,
) -> impl IntoView + use<T, F, V, L, S>
where
    L: Fn() -> F + Send + Sync + 'static,
    S: Fn(T) -> V + Clone + Send + Sync + 'static,
    T: Clone + Send + Sync + 'static,
    F: Future<Output = Result<T, InternalError>> + Send + 'static,
    V: IntoView + 'static,
{
    let found = AsyncDerived::new(move || {
        let looking = look_up();
        async move { looking.await.map_err(Problem::from) }
    });
    let response = context.response.clone();
    view! {
        <Suspense>
            {move || {
                let (response, show) = (response.clone(), show.clone());
                Suspend::new(async move {
                    match found.await {
                        Ok(found) => Either::Left(show(found)),
                        Err(problem) => {
                            response.set(|response| response.code = Some(problem.code));
                            Either::Right(view! { <ErrorNotice words=sentence(&problem) /> })
                        }
                    }
                })
            }}
        </Suspense>
    }
}
