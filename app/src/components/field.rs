//! Labelled form controls: label, hint, control, error, from top to bottom.

use leptos::prelude::*;

use super::{FieldErrors, FieldState};
use crate::islands::PasswordInput;

/// The parts around a control.
#[component]
pub(crate) fn Field(
    /// Name and id of the control.
    #[prop(into)]
    name: String,
    /// The label.
    #[prop(into)]
    label: String,
    /// Whether it is optional.
    #[prop(optional)]
    optional: bool,
    /// A hint below the label.
    #[prop(optional_no_strip)]
    hint: Option<String>,
    /// The error message.
    #[prop(optional_no_strip)]
    error: Option<String>,
    /// Why the question is asked.
    #[prop(optional_no_strip)]
    purpose: Option<String>,
    children: Children,
) -> impl IntoView {
    let error_id = format!("{name}-error");
    let hint_id = format!("{name}-hint");
    let why_id = format!("{name}-why");
    view! {
        <div class="field">
            <label class="field__label" for=name>
                {label}
                {optional.then(|| view! { " "<span class="field__optional">"(optional)"</span> })}
            </label>
            {hint.map(|hint| view! { <p class="field__hint" id=hint_id>{hint}</p> })}
            {children()}
            {error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
            {purpose.map(|purpose| view! { <p class="field__purpose" id=why_id>{purpose}</p> })}
        </div>
    }
}

/// The value of `aria-describedby`: the ids of hint, error and purpose, if present.
pub(crate) fn described_by(name: &str, hint: bool, error: bool, purpose: bool) -> Option<String> {
    let parts = [(hint, "hint"), (error, "error"), (purpose, "why")];
    let ids: Vec<String> =
        parts.iter().filter(|(there, _)| *there).map(|(_, part)| format!("{name}-{part}")).collect();
    (!ids.is_empty()).then(|| ids.join(" "))
}

/// A single-line text field.
#[component]
pub(crate) fn TextField(
    /// Name and id.
    #[prop(into)]
    name: String,
    /// The label.
    #[prop(into)]
    label: String,
    /// WHATWG HTML autofill field name.
    #[prop(optional, into)]
    autocomplete: Option<String>,
    /// Whether the field is for an e-mail address.
    #[prop(optional)]
    email: bool,
    /// Whether it is optional.
    #[prop(optional)]
    optional: bool,
    /// A hint below the label.
    #[prop(optional_no_strip)]
    hint: Option<String>,
    /// Why the question is asked.
    #[prop(optional_no_strip)]
    purpose: Option<String>,
    /// Value, error and focus.
    state: FieldState,
) -> impl IntoView {
    let described = described_by(&name, hint.is_some(), state.error.is_some(), purpose.is_some());
    let invalid = state.error.is_some().then_some("true");
    let id = name.clone();
    let control_name = name.clone();
    view! {
        <Field name label optional hint error=state.error purpose>
            <input
                class="field__input"
                id=id
                name=control_name
                type=if email { "email" } else { "text" }
                dir=(!email).then_some("auto")
                autocomplete=autocomplete
                inputmode=email.then_some("email")
                autocapitalize=email.then_some("none")
                spellcheck=email.then_some("false")
                enterkeyhint="next"
                required=!optional
                value=state.value
                aria-describedby=described
                aria-invalid=invalid
                autofocus=state.focused
            />
        </Field>
    }
}

/// A password field; its value is never filled in again.
#[component]
pub(crate) fn PasswordField(
    /// Name and id.
    #[prop(default = "password")]
    name: &'static str,
    /// The label.
    #[prop(default = "Password")]
    label: &'static str,
    /// The minimum length, for a new password.
    #[prop(optional)]
    new_min: Option<usize>,
    /// Error and focus.
    state: FieldState,
) -> impl IntoView {
    let hint = match (state.retype, new_min) {
        (true, _) => Some("Type it once more: a password is never kept on a page.".to_owned()),
        (false, Some(min)) => Some(contract::Strength::Empty.hint(min)),
        (false, None) => None,
    };
    let described_by = described_by(name, hint.is_some(), state.error.is_some(), false);
    let (hint_id, error_id) = (format!("{name}-hint"), format!("{name}-error"));
    view! {
        <div class="field">
            <label class="field__label" for=name>{label}</label>
            {hint.map(|hint| view! { <p class="field__hint" id=hint_id>{hint}</p> })}
            <PasswordInput
                name=name.to_owned()
                new_min=new_min
                described_by=described_by
                invalid=state.error.is_some()
                focused=state.focused
            >
                {state.error.map(|error| view! { <p class="field__error" id=error_id>{error}</p> })}
            </PasswordInput>
        </div>
    }
}

/// A checkbox with an explanation.
#[component]
pub(crate) fn Choice(
    /// Name and id.
    name: &'static str,
    /// The label.
    label: &'static str,
    /// The explanation.
    hint: &'static str,
    /// Whether it is checked.
    ticked: bool,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    view! {
        <label class="checkbox">
            <input
                type="checkbox"
                id=name
                name=name
                value="true"
                checked=ticked
                aria-describedby=hint_id.clone()
            />
            <span class="checkbox__label">{label}</span>
            <span class="checkbox__hint" id=hint_id>{hint}</span>
        </label>
    }
}

/// The "Keep me signed in" checkbox.
#[component]
pub(crate) fn KeepSignedIn(
    /// Errors of the submitted form.
    field_errors: FieldErrors,
) -> impl IntoView {
    view! {
        <Choice
            name="rememberMe"
            label="Keep me signed in"
            hint="Leave this off on a computer you share."
            ticked=field_errors.ticked("rememberMe", true)
        />
    }
}
