//! Nothing here, or nothing to be done right now.

use contract::{Code, Problem, routes, sentence};
use leptos::prelude::*;

use crate::{
    components::{Framed, Plate},
    context::Door,
};

#[component]
pub(crate) fn ProblemPage(
    /// Why.
    code: Code,
) -> impl IntoView {
    if let Some(door) = Door::of_request() {
        door.answer.set(|answered| answered.code = Some(code));
    }
    let heading = match code {
        Code::NotFound => "No such page",
        Code::Busy | Code::Unavailable => "Back in a moment",
        Code::Internal => "This did not work",
        _ => "This cannot be done",
    };
    view! {
        <Framed title=heading help="Your account and what you keep here are not affected.">
            <Plate heading lede=Some(sentence(&Problem::new(code)))>
                <div class="actions"><a class="button" href=routes::HOME>"To the first page"</a></div>
            </Plate>
        </Framed>
    }
}
