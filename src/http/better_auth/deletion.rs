//! `POST /delete-user` and the link of its mail.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, PasswordAttempt, Problem, Problems, routes};
use domain::{DeleteAccount, DeleteAccountOutcome, HasBrowserEffects, Renewal};
use http::Method;
use serde_json::json;

use super::{
    body::{Accepts, BodyFields},
    query::{Query, redirect},
    request::{ApiRequest, ok_json, with_effects_of},
};
use crate::http::{
    app_state::AppState, authn::Authentication, browser_effects::WithBrowserEffects, errors::ApiError, pages,
};

/// Deletes the account, or has a link mailed that does.
pub async fn delete_user(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let nothing = json!({});
    let mut shape = BodyFields::of(Some(call.body.as_ref().unwrap_or(&nothing)), "object")?;
    let any = |text: &str| Ok(text.to_owned());
    let password = shape.optional_text("password", any);
    let token = shape.optional_text("token", any);
    shape.finish()?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let password = password.map(|password| PasswordAttempt::parse(&password)).transpose()?;
    let callback = call.callback("callbackURL", routes::HOME);
    let command = DeleteAccount { password, token, callback };
    let client = state.client_info(&call.parts);
    let deleted = state.services.accounts.delete(command, signed_in, &client).await;
    let (deleted, effects) = with_effects_of(deleted, &client)?;
    let message = match deleted {
        DeleteAccountOutcome::Now => DELETED,
        DeleteAccountOutcome::ByMail => "Verification email sent",
    };
    Ok(success(message).with_effects(effects.or(auth.effects())))
}

/// The link of the mail, opened in a browser where its reader is signed in.
pub async fn callback(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    if parts.method == Method::HEAD {
        return Ok(super::not_found().await.into_response());
    }
    let query = Query::of(&parts.uri);
    let token = query.required("token")?;
    let callback = query.callback(&state)?;
    let auth = Authentication::of(&state, &parts.headers, Renewal::WhenDue).await?;
    let outcome = match &auth.session {
        Some(resolved) => {
            let deleted = state.services.accounts.delete_by_link(token, &resolved.signed_in).await;
            deleted.map_err(Problems::from)
        }
        None => Err(Problem::new(Code::FailedToGetUserInfo).into()),
    };
    match outcome {
        Ok(deleted) => {
            let redirected = callback.map(|callback| redirect(&state, callback, None));
            let effects = deleted.browser_effects(&state.client_info(&parts));
            Ok(redirected.unwrap_or_else(|| success(DELETED)).with_effects(effects))
        }
        // A reader who follows the link gets a page, a client of the API its JSON.
        Err(problems) if pages::is_navigation(&parts.headers) => {
            Ok(pages::render_problem(&state, parts.uri, problems.first().clone()).await)
        }
        Err(problems) => Err(problems.into()),
    }
}

const DELETED: &str = "User deleted";

fn success(message: &str) -> Response {
    ok_json(json!({ "success": true, "message": message }))
}
