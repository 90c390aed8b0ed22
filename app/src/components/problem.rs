//! The errors of a refused form.

use std::sync::Arc;

use contract::{Code, Problem, Questions, sentence};
use leptos::prelude::*;

use crate::{FormErrors, form::is_password};

/// The problems of the form at hand, by field.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldErrors {
    refusal: Option<FormErrors>,
}

/// What a field shows: the value to fill in, its error, and whether the page opens in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldState {
    pub(crate) value: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) focused: bool,
    /// Whether a password that was typed is not shown again, although nothing was wrong with it.
    pub(crate) retype: bool,
}

impl FieldErrors {
    /// Of the request at hand; none when no form was refused.
    pub(crate) fn of_request() -> Self {
        Self { refusal: use_context() }
    }

    /// For one of several forms on a page, known by a field that it alone has: nothing, when another was refused.
    pub(crate) fn of_form(&self, field: &str) -> Self {
        Self { refusal: self.refusal.clone().filter(|refusal| refusal.typed.has(field)) }
    }

    /// For the forms of one of several conversations on a page: nothing, when one of another was refused.
    pub(crate) fn of_conversation(&self, id: &str) -> Self {
        let is_its = |refusal: &FormErrors| refusal.typed.hidden_field("conversation") == id;
        Self { refusal: self.refusal.clone().filter(is_its) }
    }

    /// The code of the first problem, when a form was refused.
    pub(crate) fn code(&self) -> Option<Code> {
        self.refusal.as_ref().map(|refusal| refusal.problems.first().code)
    }

    /// The state of a field whose value is `stored` as long as nothing was typed.
    pub(crate) fn field(&self, name: &str, stored: Option<&str>) -> FieldState {
        let Some(refusal) = &self.refusal else {
            return FieldState { value: stored.map(str::to_owned), ..FieldState::default() };
        };
        let problem = refusal.problems.iter().find(|problem| problem.field.as_deref() == Some(name));
        FieldState {
            value: refusal.typed.typed(name).map(str::to_owned),
            error: problem.map(sentence),
            retype: problem.is_none() && is_password(name),
            focused: problem.is_some_and(|problem| problem == refusal.problems.first()),
        }
    }

    /// Whether a box is ticked: as sent, or as it is at first.
    pub(crate) fn ticked(&self, name: &str, at_first: bool) -> bool {
        self.refusal.as_ref().map_or(at_first, |refusal| refusal.typed.typed(name).is_some())
    }

    /// `title`, marked when the page opens on an error.
    pub(crate) fn title(&self, title: &str) -> String {
        if self.refusal.is_some() { format!("Error: {title}") } else { title.to_owned() }
    }

    fn problems(&self) -> Vec<Problem> {
        self.refusal.iter().flat_map(|refusal| refusal.problems.iter().cloned()).collect()
    }
}

/// The problems above a form: each with a link to its field, or the one about the form as a whole.
#[component]
pub(crate) fn ProblemSummary(
    /// The problems.
    field_errors: FieldErrors,
    /// What the form asks besides its own fields.
    #[prop(optional_no_strip)]
    questions: Option<Arc<Questions>>,
) -> impl IntoView {
    let (in_fields, of_form): (Vec<Problem>, Vec<Problem>) =
        field_errors.problems().into_iter().partition(|problem| problem.field.is_some());
    let title = match (of_form.first(), in_fields.len()) {
        (Some(problem), _) => Some(sentence(problem)),
        (None, 0) => None,
        (None, 1) => Some("One field needs your attention.".to_owned()),
        (None, count) => Some(format!("{count} fields need your attention.")),
    };
    // The first wrong field takes the focus; without one the summary does.
    let focused = in_fields.is_empty();
    let links: Vec<_> = in_fields.iter().map(|problem| link(problem, questions.as_deref())).collect();
    title.map(|title| {
        view! {
            <div class="problem" id="problem" role="alert" tabindex="-1" autofocus=focused>
                <p class="problem__title">{title}</p>
                {(!links.is_empty()).then(|| view! { <ul>{links}</ul> })}
            </div>
        }
    })
}

fn link(problem: &Problem, questions: Option<&Questions>) -> impl IntoView + use<> {
    let field = problem.field.clone().unwrap_or_default();
    let asked = questions.and_then(|questions| questions.iter().find(|question| question.name == field));
    let label = match (field.as_str(), asked) {
        ("email", _) => "E-mail",
        ("newEmail", _) => "New e-mail",
        ("password", _) => "Password",
        ("currentPassword", _) => "Current password",
        ("newPassword", _) => "New password",
        ("name", _) => "Name",
        ("title", _) => "Title",
        (_, Some(question)) => question.label.as_str(),
        _ => "Form",
    };
    let text = format!("{}: {}", label.trim_end_matches('?'), sentence(problem));
    view! { <li><a href=format!("#{field}")>{text}</a></li> }
}
