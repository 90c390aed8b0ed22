//! The names in an address.

use axum::extract::{FromRequestParts, Path, path::ErrorKind, rejection::PathRejection};
use contract::{Code, Problem};
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::http::app_state::AppState;
use crate::http::errors::ProblemResponse;

/// Path parameters. Invalid UTF-8 is answered like the name of something that does not exist.
#[derive(Debug)]
pub struct PathParams<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<AppState> for PathParams<T> {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ProblemResponse> {
        let Path(names) = Path::from_request_parts(parts, state).await.map_err(|rejection| {
            let is_of_a_message = matches!(
                rejection,
                PathRejection::FailedToDeserializePathParams(error)
                    if matches!(error.kind(), ErrorKind::InvalidUtf8InPathParam { key } if key == "message_id")
            );
            Problem::new(if is_of_a_message { Code::MessageNotFound } else { Code::ConversationNotFound })
        })?;
        Ok(Self(names))
    }
}
