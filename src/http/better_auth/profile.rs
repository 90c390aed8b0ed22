//! `POST /update-user`, the older `GET /user`, and the ways to sign in.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{AnswerInput, Code, Image, PersonName, Problem, Problems, Questions, Reason, Timestamp};
use domain::{BrowserEffects, ProfileChange, Renewal};
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    body::{Accepts, BodyFields},
    request::{ApiRequest, ok_json},
};
use crate::http::{
    app_state::AppState,
    authn::{Authentication, bearer},
    browser_effects::WithBrowserEffects,
    errors::ApiError,
};

/// Changes name, picture and answers.
pub async fn update_user(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let change = read(call.body.as_ref(), &state.services.questions)?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    if is_truthy(call.body.as_ref().and_then(|body| body.get("email"))) {
        return Err(Problem::on(Code::EmailCanNotBeUpdated, "email").into());
    }
    state.services.accounts.update_profile(&signed_in.user, &change).await.map_err(Problems::from)?;
    // The wire sends the session's cookie again after a change of the user.
    let effects = BrowserEffects::renewed(signed_in.session.clone());
    Ok(ok_json(json!({ "status": true })).with_effects(effects))
}

/// The reader: behind the session, or behind a JWT issued here. A token that is sent and refused is an error, not an
/// anonymous call, so that a service learns that its reader's session has ended.
pub async fn user(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let headers = request.headers();
    let auth = Authentication::of(&state, headers, Renewal::WhenDue).await?;
    let token = bearer(headers).filter(|token| state.services.sessions.read_bearer(token).is_none());
    if let Some(token) = token {
        let signed_in = state.services.tokens.verify(&token).await.map_err(Problems::from)?;
        return Ok(ok_json(json!({ "user": state.services.user_body(&signed_in.user) })));
    }
    let response = match auth.signed_in() {
        Ok(signed_in) => ok_json(json!({ "user": state.services.user_body(&signed_in.user) })),
        Err(refused) => {
            let mut response = refused.into_response();
            // RFC 6750 section 3: without a token the challenge carries no error.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return Ok(response);
        }
    };
    Ok(response.with_effects(auth.effects()))
}

/// A way to sign in, as the wire shows it: never a password or a token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Account<'a> {
    id: String,
    provider_id: String,
    account_id: String,
    user_id: &'a str,
    created_at: Timestamp,
    updated_at: Timestamp,
    scopes: [String; 0],
}

/// The ways the reader can sign in.
pub async fn list_accounts(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let auth = Authentication::of(&state, request.headers(), Renewal::WhenDue).await?;
    let user = &auth.signed_in()?.user;
    let methods = state.services.accounts.sign_in_methods(user).await?;
    let accounts = methods.into_iter().map(|method| Account {
        id: method.id,
        provider_id: method.provider_id,
        account_id: method.account_id,
        user_id: &user.id,
        created_at: method.created_at,
        updated_at: method.updated_at,
        scopes: [],
    });
    let response = ok_json(accounts.collect::<Vec<_>>());
    Ok(response.with_effects(auth.effects()))
}

/// Takes a way to sign in away, unless it is the last. Needs a fresh session.
pub async fn unlink_account(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let id = shape.text("accountId", |text| Ok(text.to_owned())).unwrap_or_default();
    shape.finish()?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    if !state.services.sessions.is_fresh(&signed_in.session) {
        return Err(Problem::new(Code::SessionNotFresh).into());
    }
    state.services.accounts.unlink(&signed_in.user, &id).await.map_err(Problems::from)?;
    Ok(ok_json(json!({ "status": true })).with_effects(auth.effects()))
}

fn read(body: Option<&Value>, questions: &Questions) -> Result<ProfileChange, Problems> {
    let mut shape = BodyFields::of(body, "record")?;
    let name = match shape.get("name") {
        None => None,
        Some(Value::Null) => return Err(required("name")),
        Some(_) => shape.text("name", PersonName::parse),
    };
    let image = match shape.get("image") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(_) => shape.text("image", Image::parse).map(Some),
    };
    let mut answers = Vec::new();
    for question in questions {
        let heard = shape.answer(question);
        if heard == AnswerInput::Cleared && question.required {
            return Err(required(&question.name));
        }
        answers.push((question.name.clone(), heard));
    }
    shape.finish()?;
    Ok(ProfileChange { name, image, answers })
}

fn required(field: &str) -> Problems {
    Problem::invalid(field, Reason::Type { expected: "string", received: "null" }).into()
}

/// As JavaScript has it: the wire refuses an e-mail in the body only when it says something.
fn is_truthy(value: Option<&Value>) -> bool {
    !matches!(value, None | Some(Value::Null | Value::Bool(false)))
        && value.and_then(Value::as_str).is_none_or(|text| !text.is_empty())
}
