//! The errors of a refused form.

use std::sync::Arc;

use contract::{Code, Problem, Questions, sentence};
use leptos::prelude::*;

use crate::{FormErrors, form::is_password};

/// The problems of the submitted form, by field.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldErrors {
    refusal: Option<FormErrors>,
}

/// State of a field: its value, its error, and whether it has autofocus.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldState {
    pub(crate) value: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) focused: bool,
    /// Whether a valid password was entered, which is not filled in again.
    pub(crate) retype: bool,
}

impl FieldErrors {
    /// The errors of the current request; empty if no form was rejected.
    pub(crate) fn of_request() -> Self {
        Self { refusal: use_context() }
    }

    /// The errors for one of several forms on a page, identified by a field only it has; empty if another form was
    /// rejected.
    pub(crate) fn of_form(&self, field: &str) -> Self {
        Self { refusal: self.refusal.clone().filter(|refusal| refusal.typed.has(field)) }
    }

    /// The errors for the forms of one of several conversations on a page; empty if another conversation's form was
    /// rejected.
    pub(crate) fn of_conversation(&self, id: &str) -> Self {
        let is_its = |refusal: &FormErrors| refusal.typed.hidden_field("conversation") == id;
        Self { refusal: self.refusal.clone().filter(is_its) }
    }

    /// The code of the first problem, when a form was refused.
    pub(crate) fn code(&self) -> Option<Code> {
        self.refusal.as_ref().map(|refusal| refusal.problems.first().code)
    }

    /// The state of a field, with the submitted value, or else `stored`.
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

    /// Whether a checkbox is checked: as submitted, or else its default.
    pub(crate) fn ticked(&self, name: &str, at_first: bool) -> bool {
        self.refusal.as_ref().map_or(at_first, |refusal| refusal.typed.typed(name).is_some())
    }

    /// `title`, prefixed with "Error:" if the form was rejected.
    pub(crate) fn title(&self, title: &str) -> String {
        if self.refusal.is_some() { format!("Error: {title}") } else { title.to_owned() }
    }

    fn problems(&self) -> Vec<Problem> {
        self.refusal.iter().flat_map(|refusal| refusal.problems.iter().cloned()).collect()
    }
}

/// The error summary above a form: each problem with a link to its field, or the one about the form as a whole.
#[component]
pub(crate) fn ProblemSummary(
    /// The errors.
    field_errors: FieldErrors,
    /// The form's questions, if it has any.
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
    // The first invalid field gets the focus, or else the summary.
    let focused = in_fields.is_empty();
    let links: Vec<_> = in_fields.iter().map(|problem| link(problem, questions.as_deref())).collect();
    title.map(|title| {
        view! {
            <div class="alert" id="problem" role="alert" tabindex="-1" autofocus=focused>
                <p class="alert__title">{title}</p>
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
        ("code", _) => "Code",
        ("acceptedTerms", _) => "Terms",
        (_, Some(question)) => question.label.as_str(),
        _ => "Form",
    };
    let text = format!("{}: {}", label.trim_end_matches('?'), sentence(problem));
    view! { <li><a href=format!("#{field}")>{text}</a></li> }
}
