//! `POST /terms`.

use contract::{Code, Problem, routes};
use leptos::prelude::*;

use super::outcome::{FormAccepted, FormRefused};
use crate::{FormFields, context::RequestContext, form::ACCEPTED_TERMS};

/// Records that the reader accepts the author's terms.
#[server(prefix = "", endpoint = "/terms")]
pub async fn accept_terms(#[server(flatten)] form: FormFields) -> Result<FormAccepted, FormRefused> {
    let context = RequestContext::of_call()?;
    let signed_in = context.signed_in()?;
    if !form.accepts_terms() {
        return Err(Problem::on(Code::TermsNotAccepted, ACCEPTED_TERMS).into());
    }
    let version = form.terms_version().unwrap_or_default();
    context.services.accounts.accept_terms(version, &signed_in.user, &context.visitor.client).await?;
    Ok(FormAccepted::redirect_next_or(&form, routes::HOME))
}
