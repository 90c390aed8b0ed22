//! Every state but a waiting link: what has happened, and what to do next.

use domain::User;
use leptos::prelude::*;

use super::{next::Next, state::PageState, text::words};
use crate::components::{Card, FieldErrors, PageTitle, ProblemSummary};

#[component]
pub(super) fn WhatNow(
    state: PageState,
    user: Option<User>,
    can_send: bool,
    field_errors: FieldErrors,
) -> impl IntoView {
    let (heading, lede) = words(state, user.as_ref(), can_send);
    // The heading says already that the link failed.
    let summary =
        if let PageState::Failed(_) = state { FieldErrors::default() } else { field_errors.clone() };
    view! {
        <PageTitle title=field_errors.title(heading) />
        <Card heading lede=Some(lede)>
            <ProblemSummary field_errors=summary />
            <Next state user can_send field_errors />
        </Card>
    }
}
