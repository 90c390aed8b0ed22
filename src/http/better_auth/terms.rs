//! `GET /terms` and `POST /accept-terms`: the author's terms, for clients with pages of their own.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::{Code, Problem};
use domain::Renewal;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, RequestBody},
    operation::{get_operation, post_operation},
    request::{ApiRequest, ok_json},
    shared_bodies::Done,
};
use crate::http::{
    app_state::AppState,
    authn::Authentication,
    browser_effects::WithBrowserEffects,
    errors::ApiError,
    openapi::operation::{Auth, Operation, Tag},
};

/// The terms that readers have to accept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(rename_all = "camelCase")]
pub struct Terms {
    /// The current version; `null` where none has to be accepted.
    #[schema(required)]
    version: Option<String>,
    /// Their page.
    #[schema(required)]
    url: Option<String>,
    /// The page of the privacy notice.
    #[schema(required)]
    privacy_url: Option<String>,
    /// Whether the reader has accepted this version; `null` without a session.
    #[schema(required)]
    accepted: Option<bool>,
}

/// Which version is accepted.
#[derive(Debug, ToSchema)]
#[schema(as = AcceptTerms)]
pub struct AcceptTermsBody {
    /// The `version` of the terms that the reader was shown.
    version: String,
}

impl RequestBody for AcceptTermsBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        Ok(Self { version: fields.get("version")? })
    }
}

/// The terms, and whether the reader has accepted them.
pub async fn terms(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let auth = Authentication::of(&state, request.headers(), Renewal::WhenDue).await?;
    let accepted = match &auth.session {
        Some(active) => {
            let needed = state.services.accounts.must_accept_terms(&active.signed_in.user).await;
            Some(!needed.map_err(Problem::from)?)
        }
        None => None,
    };
    let terms = state.site.book.terms.clone();
    let (version, url) = terms.as_ref().map(|terms| (terms.version.clone(), terms.url.clone())).unzip();
    let privacy_url = terms.and_then(|terms| terms.privacy_url);
    Ok(ok_json(Terms { version, url, privacy_url, accepted }).with_effects(auth.effects()))
}

/// The description of [`terms`].
pub fn terms_operation() -> Operation {
    let example = Terms {
        version: Some("2026-11-30".into()),
        url: Some("https://book.example.org/terms".into()),
        privacy_url: None,
        accepted: Some(false),
    };
    get_operation("/api/auth/terms", "getTerms", Tag::Account, "The author's terms", Auth::Public)
        .description(
            "Where the author asks readers to accept terms: which version, and whether the reader has accepted it.",
        )
        .response(200, "The terms.", &example)
}

/// Records that the reader accepts the current version.
pub async fn accept_terms(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<AcceptTermsBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let user = &auth.signed_in()?.user;
    let client = state.api_client_info(&call.parts);
    let accepted = state.services.accounts.accept_terms(&call.body.version, user, &client).await;
    accepted.map_err(|error| match Problem::from(error) {
        problem if problem.code == Code::TermsNotAccepted => Problem::on(problem.code, "version"),
        problem => problem,
    })?;
    Ok(ok_json(Done::DONE).with_effects(auth.effects()))
}

/// The description of [`accept_terms`].
pub fn accept_terms_operation() -> Operation {
    let summary = "Accept the author's terms";
    post_operation("/api/auth/accept-terms", "acceptTerms", Tag::Account, summary, Auth::Session)
        .body::<AcceptTermsBody>(&json!({ "version": "2026-11-30" }))
        .response(200, "It is recorded.", &Done::DONE)
        .errors(&[Code::ValidationError, Code::TermsNotAccepted])
}
