//! `GET /.well-known/openid-configuration` and `/.well-known/oauth-authorization-server`.

use axum::{Json, extract::State, response::IntoResponse};
use http::header;

use crate::http::app_state::AppState;

/// The metadata of this provider, the same in both places.
pub async fn metadata(State(state): State<AppState>) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "public, max-age=300")], Json(state.services.oidc.metadata()))
}
