//! `POST /send-verification-email`, `POST /change-email`, and the link of their mails, `GET /verify-email`.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Email, Problem, Problems, routes};
use domain::{BrowserEffects, ClientInfo, EmailLinkKind, EmailLinkOutcome, HasBrowserEffects, Renewal};
use http::{HeaderMap, Method};
use serde_json::json;

use super::{
    body::{Accepts, BodyFields},
    query::{Query, redirect},
    request::{ApiRequest, ok_json},
};
use crate::http::{
    app_state::AppState, authn::Authentication, browser_effects::WithBrowserEffects, cookies::EmailLinkPage,
    errors::ApiError, pages,
};

/// Has a link mailed that verifies the address, if that is needed; without a session the response is always the same.
pub async fn send_verification(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let email = shape.text("email", Email::parse);
    shape.finish()?;
    let Some(email) = email else { return Err(Problem::new(Code::Internal).into()) };
    let auth = call.authenticate(&state).await?;
    let asking = auth.session.as_ref().map(|resolved| &resolved.signed_in.user);
    let callback = call.callback("callbackURL", routes::HOME);
    let sent = state.services.accounts.send_verification(&email, &callback, asking).await;
    sent.map_err(Problems::from)?;
    Ok(ok_json(json!({ "status": true })).with_effects(auth.effects()))
}

/// Begins a change of address.
pub async fn change_email(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::Json).await?;
    let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
    let email = shape.text("newEmail", |text| {
        Email::parse(text).map_err(|problem| Problem { field: Some("newEmail".into()), ..problem })
    });
    shape.finish()?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let Some(email) = email else { return Err(Problem::new(Code::Internal).into()) };
    let callback = call.callback("callbackURL", routes::HOME);
    let client = state.client_info(&call.parts);
    let begun = state.services.accounts.change_email(&email, &callback, signed_in, &client).await;
    begun.map_err(Problems::from)?;
    Ok(ok_json(json!({ "status": true })).with_effects(auth.effects()))
}

/// The link of a mail: verifies an address, or carries a change of it one step on. Answers JSON, or redirects to its
/// callback.
///
/// Where the link moves an account, or also signs in, a browser that follows it is shown a button first: nobody is to be
/// signed in to another's account by a link on some page, and mail scanners press no buttons.
pub async fn verify_email(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    let query = Query::of(&parts.uri);
    let token = query.required("token")?;
    let callback = query.callback(&state)?;
    if parts.method == Method::HEAD {
        // HEAD must not spend the link.
        return Ok(super::not_found().await.into_response());
    }
    let client = state.client_info(&parts);
    if needs_confirmation(&state, &parts.headers, token, &client).await? {
        return Ok(pages::keep_link(&state, EmailLinkPage::VerifyEmail, token, callback.unwrap_or_default()));
    }
    let auth = Authentication::of(&state, &parts.headers, Renewal::WhenDue).await?;
    let signed_in = auth.session.as_ref().map(|resolved| &resolved.signed_in);
    // Our own page for the first step of a change leads to the one for the second.
    let onwards = match callback.unwrap_or(routes::HOME) {
        routes::CHANGE_CONFIRMED => routes::CHANGE_DONE,
        other => other,
    };
    let outcome = state.services.accounts.verify_email(token, onwards, signed_in, &client).await;
    let verified = match (outcome.map_err(Problem::from), callback) {
        (Ok(verified), _) => verified,
        (Err(problem), Some(callback)) => {
            let code = problem.code.wire().unwrap_or_default();
            let response = redirect(&state, callback, Some(("error", code)));
            return Ok(response.with_effects(auth.effects()));
        }
        (Err(problem), None) => return Err(problem.into()),
    };
    let response = match callback {
        Some(callback) => redirect(&state, callback, None),
        None => body(&state, &verified),
    };
    let effects = match (&verified, signed_in) {
        // The wire sends the session's cookie again after a change of the user.
        (EmailLinkOutcome::Changed(_), Some(signed_in)) => BrowserEffects::renewed(signed_in.session.clone()),
        _ => verified.browser_effects(&client).or(auth.effects()),
    };
    Ok(response.with_effects(effects))
}

/// Whether a button is shown first. A link that only verifies an address may be opened by a mail scanner; one that also
/// decides whose password counts may not, unless it is opened in the browser that the password was given in.
async fn needs_confirmation(
    state: &AppState,
    headers: &HeaderMap,
    token: &str,
    client: &ClientInfo,
) -> Result<bool, Problems> {
    let (accounts, navigates) = (&state.services.accounts, pages::is_navigation(headers));
    match accounts.inspect_link(token).await {
        Ok(EmailLinkKind::Address) if accounts.rules().require_verified_email => {
            let script = headers.contains_key("sec-fetch-mode") && !navigates;
            Ok(navigates || !(script || accounts.link_signs_in_this_browser(token, client).await?))
        }
        Ok(EmailLinkKind::MoveTo(_) | EmailLinkKind::NewAddress(_)) => Ok(navigates),
        Ok(EmailLinkKind::Address) => Ok(false),
        Err(_) => Ok(navigates && accounts.rules().require_verified_email),
    }
}

fn body(state: &AppState, verified: &EmailLinkOutcome) -> Response {
    match verified {
        EmailLinkOutcome::Address { .. } | EmailLinkOutcome::NewPasswordNeeded { .. } => {
            ok_json(json!({ "status": true, "user": null }))
        }
        EmailLinkOutcome::ChangeConfirmed => ok_json(json!({ "status": true })),
        EmailLinkOutcome::Changed(user) => {
            ok_json(json!({ "status": true, "user": state.services.user_body(user) }))
        }
    }
}
