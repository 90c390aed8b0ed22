//! `POST /send-verification-email`, `POST /change-email`, and the link of their mails, `GET /verify-email`.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, Email, Problem, Problems, Questions, UserDto, routes};
use domain::{BrowserEffects, ClientInfo, EmailLinkKind, EmailLinkOutcome, HasBrowserEffects, Renewal};
use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, RequestBody},
    operation::{CALLBACK_CODES, get_operation, post_operation},
    query::{Query, redirect},
    request::{ApiRequest, ok_json},
    shared_bodies::Done,
};
use crate::http::{
    app_state::AppState,
    authn::Authentication,
    browser_effects::WithBrowserEffects,
    cookies::EmailLinkPage,
    errors::ApiError,
    openapi::{
        examples,
        operation::{Auth, Operation, Tag},
        values,
    },
    pages,
};

/// Which address.
#[derive(Debug, ToSchema)]
#[schema(as = VerificationRequest)]
pub struct SendVerificationBody {
    #[schema(schema_with = values::email)]
    email: Email,
    #[schema(rename = "callbackURL", schema_with = values::callback_url)]
    callback_url: Option<String>,
}

impl RequestBody for SendVerificationBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (email, callback_url) = (fields.get("email"), fields.get("callbackURL"));
        Ok(Self { email: email?, callback_url: callback_url? })
    }
}

/// The new address.
#[derive(Debug, ToSchema)]
#[schema(as = AddressChange, rename_all = "camelCase")]
pub struct ChangeEmailBody {
    #[schema(schema_with = values::email)]
    new_email: Email,
    #[schema(rename = "callbackURL", schema_with = values::callback_url)]
    callback_url: Option<String>,
}

impl RequestBody for ChangeEmailBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (new_email, callback_url) = (fields.get("newEmail"), fields.get("callbackURL"));
        Ok(Self { new_email: new_email?, callback_url: callback_url? })
    }
}

/// What came of the link.
#[derive(Debug, Serialize, ToSchema)]
pub struct Verified {
    #[schema(schema_with = values::always_true)]
    status: bool,
    /// The reader after a change of address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<UserDto>)]
    user: Option<Option<UserDto>>,
}

impl Verified {
    fn of(state: &AppState, outcome: &EmailLinkOutcome) -> Self {
        let user = match outcome {
            EmailLinkOutcome::Address { .. } | EmailLinkOutcome::NewPasswordNeeded { .. } => Some(None),
            EmailLinkOutcome::ChangeConfirmed => None,
            EmailLinkOutcome::Changed(user) => Some(Some(state.services.user_body(user))),
        };
        Self { status: true, user }
    }
}

/// Has a link mailed that verifies the address, if that is needed; without a session the response is always the same.
pub async fn send_verification(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let call = ApiRequest::<SendVerificationBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let user = auth.session.as_ref().map(|resolved| &resolved.signed_in.user);
    let SendVerificationBody { email, callback_url } = &call.body;
    let callback = callback_url.as_deref().unwrap_or(routes::HOME);
    let client = state.api_client_info(&call.parts);
    let sent = state.services.accounts.send_verification(email, callback, user, &client).await;
    sent.map_err(Problems::from)?;
    Ok(ok_json(Done::DONE).with_effects(auth.effects()))
}

/// The description of [`send_verification`].
pub fn send_verification_operation() -> Operation {
    let (path, id) = ("/api/auth/send-verification-email", "sendVerificationEmail");
    let summary = "Have a link mailed that proves the address";
    post_operation(path, id, Tag::Passwords, summary, Auth::OptionalSession)
        .description("Without a session the answer is the same for every address.")
        .body::<SendVerificationBody>(&json!({ "email": "ada@example.com" }))
        .response(200, "It is asked for.", &Done::DONE)
        .errors(&CALLBACK_CODES)
        .errors(&[Code::ValidationError, Code::EmailMismatch, Code::EmailAlreadyVerified])
        .errors(&[Code::VerificationEmailNotEnabled])
}

/// Begins a change of address.
pub async fn change_email(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<ChangeEmailBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let client = state.api_client_info(&call.parts);
    let ChangeEmailBody { new_email, callback_url } = &call.body;
    let callback = callback_url.as_deref().unwrap_or(routes::HOME);
    let begun = state.services.accounts.change_email(new_email, callback, signed_in, &client).await;
    begun.map_err(Problems::from)?;
    Ok(ok_json(Done::DONE).with_effects(auth.effects()))
}

/// The description of [`change_email`].
pub fn change_email_operation() -> Operation {
    post_operation(
        "/api/auth/change-email",
        "changeEmail",
        Tag::Passwords,
        "Change the address",
        Auth::Session,
    )
    .description("A link is mailed: to the present address if it is proved, else to the new one.")
    .body::<ChangeEmailBody>(&json!({ "newEmail": "ada@example.org" }))
    .response(200, "It is begun.", &Done::DONE)
    .errors(&CALLBACK_CODES)
    .errors(&[Code::ValidationError, Code::EmailIsTheSame, Code::ChangeEmailDisabled])
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
    let client = state.api_client_info(&parts);
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
        None => ok_json(Verified::of(&state, &verified)),
    };
    let effects = match (&verified, signed_in) {
        // The wire sends the session's cookie again after a change of the user.
        (EmailLinkOutcome::Changed(_), Some(signed_in)) => BrowserEffects::renewed(signed_in.session.clone()),
        _ => verified.browser_effects(&client).or(auth.effects()),
    };
    Ok(response.with_effects(effects))
}

/// The description of [`verify_email`].
pub fn verify_email_operation(questions: &Questions) -> Operation {
    let (path, summary) = ("/api/auth/verify-email", "The link that proves or changes an address");
    let verified = Verified { status: true, user: Some(Some(examples::user(questions))) };
    get_operation(path, "verifyEmail", Tag::Passwords, summary, Auth::OptionalSession)
        .description("As it stands in the mail. What it does was decided when it was asked for.")
        .query_text("token", true, "The token of the link.")
        .query_text("callbackURL", false, "Where it leads in the end; without one the answer is JSON.")
        .response(200, "It has done its work.", &verified)
        .empty_response(302, "To `callbackURL`, where it fails with `error`.")
        .empty_response(303, "To a page with a button, which does it.")
        .errors(&[Code::ValidationError, Code::InvalidCallbackUrl])
        .errors(&[Code::InvalidVerificationToken, Code::TokenExpired, Code::InvalidUser])
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
