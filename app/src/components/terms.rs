//! The checkbox with which the author's terms are accepted.

use leptos::prelude::*;

use super::FieldErrors;
use crate::{
    Terms,
    form::{ACCEPTED_TERMS, TERMS_VERSION},
};

/// The checkbox, and the version it is about. The pages of the terms open beside this one, so that nothing typed is lost.
#[component]
pub(crate) fn AcceptTerms(
    /// The terms.
    terms: Terms,
    /// Errors of the submitted form.
    field_errors: FieldErrors,
) -> impl IntoView {
    let state = field_errors.field(ACCEPTED_TERMS, None);
    let Terms { version, url, privacy_url } = terms;
    // A form that was ticked when it showed another version is not ticked for this one.
    let shown = field_errors.field(TERMS_VERSION, None).value;
    let ticked = field_errors.ticked(ACCEPTED_TERMS, false) && shown.as_ref() == Some(&version);
    let described = state.error.is_some().then_some("acceptedTerms-error");
    let invalid = state.error.is_some().then_some("true");
    let privacy = privacy_url.map(|url| {
        view! { ", and have read the "<a href=url target="_blank" rel="noopener">"privacy notice"</a> }
    });
    view! {
        <div class="field">
            <input type="hidden" name=TERMS_VERSION value=version.clone() />
            <label class="checkbox">
                <input
                    type="checkbox"
                    id=ACCEPTED_TERMS
                    name=ACCEPTED_TERMS
                    value="true"
                    checked=ticked
                    required=true
                    aria-describedby=described
                    aria-invalid=invalid
                    autofocus=state.focused
                />
                <span class="checkbox__label">
                    "I accept the "<a href=url target="_blank" rel="noopener">"terms of use"</a>" (version "
                    <bdi>{version}</bdi>")"{privacy}"."
                </span>
            </label>
            {state.error.map(|error| view! { <p class="field__error" id="acceptedTerms-error">{error}</p> })}
        </div>
    }
}
