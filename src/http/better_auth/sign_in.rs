//! `POST /sign-in/email`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::{Code, Email, PasswordAttempt, Problem, routes};
use domain::SignIn;
use http::{HeaderValue, header};
use serde::Serialize;

use super::{
    body::{Accepts, BodyFields},
    request::{ApiRequest, ok_json, with_effects_of},
};
use crate::http::{app_state::AppState, browser_effects::WithBrowserEffects, errors::ApiError};

#[derive(Serialize)]
struct SignedIn {
    redirect: bool,
    token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    user: contract::UserDto,
}

/// Signs a reader in; answers the session's token and the user, and sets the session's cookie. A `callbackURL` comes back
/// as `url` for the client to go to.
pub async fn sign_in(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::JsonOrForm).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let any = |text: &str| Ok(text.to_owned());
    let email = shape.text("email", any).unwrap_or_default();
    let password = shape.text("password", any).unwrap_or_default();
    let url = shape.optional_text("callbackURL", any);
    let remember = shape.flag("rememberMe", true);
    shape.finish()?;
    let client = call.check_sign_in(&state)?;
    let email = Email::parse(&email).map_err(|_| Problem::on(Code::InvalidEmail, "email"))?;
    let callback = call.callback("callbackURL", routes::HOME);
    let command = SignIn { email, password: PasswordAttempt::parse(&password)?, remember, callback };
    let signed_in = state.services.accounts.sign_in(command, &client).await;
    let (signed_in, effects) = with_effects_of(signed_in, &client)?;
    let location = url.as_deref().and_then(|url| HeaderValue::try_from(url).ok());
    let body = SignedIn {
        redirect: url.is_some(),
        token: state.services.sessions.token(&signed_in.session.id),
        url,
        user: state.services.user_body(&signed_in.user),
    };
    let mut response = ok_json(body).with_effects(effects);
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}
