//! `POST /change-password`, `/verify-password`, `/request-password-reset`, `/reset-password`, and the link of the mail.

use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use contract::{Code, Email, NewPassword, PasswordAttempt, Problem, Problems, UserDto, routes};
use domain::ChangePassword;
use serde::Serialize;
use serde_json::json;

use super::{
    body::{Accepts, BodyFields},
    query::{Query, redirect},
    request::{ApiRequest, ok_json, with_effects_of},
};
use crate::http::{app_state::AppState, browser_effects::WithBrowserEffects, errors::ApiError};

/// The response whether or not the address has an account.
const ASKED: &str = "If this email exists in our system, check your email for the reset link";

#[derive(Serialize)]
struct Changed {
    token: Option<String>,
    user: UserDto,
}

/// Changes the password; answers the reader, and the token of the session that takes the place of all others.
pub async fn change_password(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let any = |text: &str| Ok(text.to_owned());
    let new = shape.text("newPassword", any).unwrap_or_default();
    let current = shape.text("currentPassword", any).unwrap_or_default();
    let said = shape.get("revokeOtherSessions").is_some_and(|said| !said.is_null());
    let revoke = shape.flag("revokeOtherSessions", false);
    shape.finish()?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let command = ChangePassword {
        current: PasswordAttempt::parse(&current).map_err(|problem| on("currentPassword", problem))?,
        new: NewPassword::parse(&new).map_err(|problem| on("newPassword", problem))?,
        revoke_others: said.then_some(revoke),
    };
    let client = state.client_info(&call.parts);
    let changed = state.services.accounts.change_password(command, signed_in, &client).await;
    let (changed, effects) = with_effects_of(changed, &client)?;
    let body = Changed {
        token: changed.session.as_ref().map(|session| state.services.sessions.token(&session.id)),
        user: state.services.user_body(&changed.user),
    };
    Ok(ok_json(body).with_effects(effects.or(auth.effects())))
}

/// Whether a password is the reader's.
pub async fn verify_password(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let password = shape.text("password", |text| Ok(text.to_owned())).unwrap_or_default();
    shape.finish()?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let (attempt, client) = (PasswordAttempt::parse(&password)?, state.client_info(&call.parts));
    let checked = state.services.accounts.check_password(&attempt, signed_in, &client).await;
    checked.map_err(|error| error.on("password"))?;
    Ok(ok_json(json!({ "status": true })).with_effects(auth.effects()))
}

/// Has a link mailed, if the address has an account; the response is always the same.
pub async fn request_password_reset(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let email = shape.text("email", Email::parse);
    shape.optional_text("redirectTo", |_| Ok(()));
    shape.finish()?;
    let Some(email) = email else { return Err(Problem::new(Code::Internal).into()) };
    let callback = call.callback("redirectTo", "");
    let client = state.client_info(&call.parts);
    let asked = state.services.accounts.request_password_reset(&email, &callback, &client).await;
    asked.map_err(Problems::from)?;
    Ok(ok_json(json!({ "status": true, "message": ASKED })))
}

/// The link of the mail: redirects to the callback, or to our own page, with the token. Opening it does not spend it.
pub async fn reset_link(
    State(state): State<AppState>,
    Path(token): Path<String>,
    request: Request,
) -> Result<Response, ApiError> {
    let query = Query::of(request.uri());
    let callback = query.required("callbackURL")?;
    let good = state.services.accounts.is_reset_link_valid(&token).await?;
    let callback = if callback.is_empty() { routes::RESET_PASSWORD } else { callback };
    query.check_callback(&state, callback)?;
    let outcome = if good { ("token", token.as_str()) } else { ("error", "INVALID_TOKEN") };
    Ok(redirect(&state, callback, Some(outcome)))
}

/// Sets a password with the token of such a link.
pub async fn reset_password(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let in_query = Query::of(request.uri()).first("token").map(str::to_owned);
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let any = |text: &str| Ok(text.to_owned());
    let new = shape.text("newPassword", any).unwrap_or_default();
    let token = shape.optional_text("token", any).or(in_query);
    shape.finish()?;
    let token = token.ok_or_else(|| Problem::on(Code::InvalidResetToken, "token"))?;
    let password = NewPassword::parse(&new).map_err(|problem| on("newPassword", problem))?;
    let client = state.client_info(&call.parts);
    let set = state.services.accounts.reset_password(&token, password, &client).await;
    let (_, effects) = with_effects_of(set, &client)?;
    Ok(ok_json(json!({ "status": true })).with_effects(effects))
}

/// A problem with a password, about the field it came in.
fn on(field: &str, problem: Problem) -> Problem {
    Problem { field: Some(field.to_owned()), ..problem }
}
