//! Fields for the book's questions.

use std::sync::Arc;

use contract::{Answers, Question, QuestionKind, Questions};
use leptos::prelude::*;

use super::{Field, FieldErrors, FieldState, TextField, field::described_by};

/// All questions of the book, with the stored or submitted answers.
#[component]
pub(crate) fn Questionnaire(
    /// The questions.
    questions: Arc<Questions>,
    /// The stored answers; none at sign-up.
    answers: Option<Answers>,
    /// Errors of the submitted form.
    field_errors: FieldErrors,
) -> impl IntoView {
    let stored = |name: &str| answers.as_ref().and_then(|answers| answers.get(name));
    let fields: Vec<_> = questions
        .iter()
        .map(|question| {
            let state = field_errors.field(&question.name, stored(&question.name));
            view! { <QuestionField question=question.clone() state /> }
        })
        .collect();
    (!fields.is_empty())
        .then(|| view! { <fieldset class="fieldset"><legend>"About you"</legend>{fields}</fieldset> })
}

/// A select or a text field, depending on the question's kind.
#[component]
fn QuestionField(
    /// The question.
    question: Question,
    /// Value, error and focus.
    state: FieldState,
) -> impl IntoView {
    let Question { name, label, hint, purpose, required, kind, .. } = question;
    let purpose = purpose.map(|purpose| format!("Why we ask: {purpose}"));
    match kind {
        QuestionKind::Text { .. } => {
            // Browsers have an autofill name for an organization, but for no other question.
            let autocomplete = if name == "organization" { "organization" } else { "off" };
            view! {
                <TextField
                    name
                    label
                    autocomplete
                    optional=!required
                    hint
                    purpose
                    state
                />
            }
            .into_any()
        }
        QuestionKind::Choice { options } => {
            let described = described_by(&name, hint.is_some(), state.error.is_some(), purpose.is_some());
            let invalid = state.error.is_some().then_some("true");
            let (id, control_name) = (name.clone(), name.clone());
            let chosen = state.value.unwrap_or_default();
            let options: Vec<_> = options
                .into_iter()
                .map(|option| {
                    let selected = option.value == chosen;
                    view! { <option value=option.value selected=selected>{option.label}</option> }
                })
                .collect();
            view! {
                <Field
                    name
                    label
                    optional=!required
                    hint
                    error=state.error
                    purpose
                >
                    <div class="field__box">
                        <select
                            class="field__input"
                            id=id
                            name=control_name
                            required=required
                            aria-describedby=described
                            aria-invalid=invalid
                            autofocus=state.focused
                        >
                            <option value="">"Choose one"</option>
                            {options}
                        </select>
                    </div>
                </Field>
            }
            .into_any()
        }
    }
}
