//! `POST /change-password`, `/verify-password`, `/request-password-reset`, `/reset-password`, and the link of the mail.

use axum::{
    extract::{Path, Request, State},
    response::Response,
};
use contract::{Code, Email, PasswordAttempt, Problem, Problems, Questions, UserDto, routes};
use domain::ChangePassword;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, RequestBody},
    operation::{NEW_PASSWORD_CODES, get_operation, post_operation},
    query::{Query, redirect},
    request::{ApiRequest, ok_json, with_effects_of},
    shared_bodies::Done,
};
use crate::http::{
    app_state::AppState,
    browser_effects::WithBrowserEffects,
    errors::ApiError,
    openapi::{
        examples,
        operation::{Auth, Operation, Tag},
        values,
    },
};

/// The new password and the old one.
#[derive(Debug, ToSchema)]
#[schema(as = PasswordChange, rename_all = "camelCase")]
pub struct ChangePasswordBody {
    #[schema(schema_with = values::new_password)]
    new_password: String,
    #[schema(schema_with = values::password)]
    current_password: String,
    /// Whether every other session ends, and this one gets a new token.
    #[schema(default = true)]
    revoke_other_sessions: Option<bool>,
}

impl RequestBody for ChangePasswordBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (new_password, current_password) = (fields.get("newPassword"), fields.get("currentPassword"));
        let revoke_other_sessions = fields.get("revokeOtherSessions");
        Ok(Self {
            new_password: new_password?,
            current_password: current_password?,
            revoke_other_sessions: revoke_other_sessions?,
        })
    }
}

/// The reader, and the token of the session that took the place of all others.
#[derive(Debug, Serialize, ToSchema)]
pub struct PasswordChanged {
    /// Names the session; opens it only with bearer sessions on.
    #[schema(required)]
    token: Option<String>,
    user: UserDto,
}

/// A password.
#[derive(Debug, ToSchema)]
#[schema(as = PasswordCheck)]
pub struct VerifyPasswordBody {
    #[schema(schema_with = values::password)]
    password: String,
}

impl RequestBody for VerifyPasswordBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        Ok(Self { password: fields.get("password")? })
    }
}

/// Whose password.
#[derive(Debug, ToSchema)]
#[schema(as = PasswordResetRequest, rename_all = "camelCase")]
pub struct RequestPasswordResetBody {
    #[schema(schema_with = values::email)]
    email: Email,
    /// Where the link leads: a path here, or an address on a trusted origin.
    redirect_to: Option<String>,
}

impl RequestBody for RequestPasswordResetBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (email, redirect_to) = (fields.get("email"), fields.get("redirectTo"));
        Ok(Self { email: email?, redirect_to: redirect_to? })
    }
}

/// It is done, if there was anything to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Asked)]
pub struct PasswordResetRequested {
    #[schema(schema_with = values::always_true)]
    status: bool,
    /// For people.
    message: &'static str,
}

impl PasswordResetRequested {
    /// Whether or not the address has an account.
    const ANY: Self = Self {
        status: true,
        message: "If this email exists in our system, check your email for the reset link",
    };
}

/// The new password.
#[derive(Debug, ToSchema)]
#[schema(as = PasswordReset, rename_all = "camelCase")]
pub struct ResetPasswordBody {
    #[schema(schema_with = values::new_password)]
    new_password: String,
    /// The token of the link that was mailed.
    token: Option<String>,
}

impl RequestBody for ResetPasswordBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (new_password, token) = (fields.get("newPassword"), fields.get("token"));
        Ok(Self { new_password: new_password?, token: token? })
    }
}

/// Changes the password; answers the reader, and the token of the session that takes the place of all others.
pub async fn change_password(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<ChangePasswordBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let ChangePasswordBody { new_password, current_password, revoke_other_sessions } = &call.body;
    let passwords = state.services.accounts.rules().passwords;
    let command = ChangePassword {
        current: PasswordAttempt::parse(current_password)
            .map_err(|problem| on("currentPassword", problem))?,
        new: passwords.parse(new_password).map_err(|problem| on("newPassword", problem))?,
        revoke_others: *revoke_other_sessions,
    };
    let client = state.api_client_info(&call.parts);
    let changed = state.services.accounts.change_password(command, signed_in, &client).await;
    let (changed, effects) = with_effects_of(changed, &client)?;
    let body = PasswordChanged {
        token: changed.session.as_ref().map(|session| state.services.sessions.token(&session.id)),
        user: state.services.user_body(&changed.user),
    };
    Ok(ok_json(body).with_effects(effects.or(auth.effects())))
}

/// The description of [`change_password`].
pub fn change_password_operation(questions: &Questions) -> Operation {
    let body = json!({ "currentPassword": "quiet paper, ink", "newPassword": "loud vellum, quill" });
    let token = Some("f0b8b4a1c5d24e5b9c06d1a2e3f40516".to_owned());
    let changed = PasswordChanged { token, user: examples::user(questions) };
    let (path, id) = ("/api/auth/change-password", "changePassword");
    post_operation(path, id, Tag::Passwords, "Change the password", Auth::Session)
        .description("Every link that was mailed to the reader dies, and the reader is told by mail.")
        .body::<ChangePasswordBody>(&body)
        .response(200, "It is changed.", &changed)
        .response_header("Set-Cookie")
        .errors(&NEW_PASSWORD_CODES)
        .errors(&[Code::InvalidPassword, Code::CredentialAccountNotFound, Code::Busy])
}

/// Whether a password is the reader's.
pub async fn verify_password(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<VerifyPasswordBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let (attempt, client) =
        (PasswordAttempt::parse(&call.body.password)?, state.api_client_info(&call.parts));
    let checked = state.services.accounts.check_password(&attempt, signed_in, &client).await;
    checked.map_err(|error| error.on("password"))?;
    Ok(ok_json(Done::DONE).with_effects(auth.effects()))
}

/// The description of [`verify_password`].
pub fn verify_password_operation() -> Operation {
    let (path, id) = ("/api/auth/verify-password", "verifyPassword");
    post_operation(path, id, Tag::Passwords, "Check the reader's password", Auth::Session)
        .body::<VerifyPasswordBody>(&json!({ "password": "quiet paper, ink" }))
        .response(200, "It is right.", &Done::DONE)
        .errors(&[Code::ValidationError, Code::InvalidPassword, Code::PasswordTooLong])
        .errors(&[Code::CredentialAccountNotFound, Code::Busy])
}

/// Has a link mailed, if the address has an account; the response is always the same.
pub async fn request_password_reset(
    State(state): State<AppState>,
    request: Request,
) -> Result<Response, ApiError> {
    let call = ApiRequest::<RequestPasswordResetBody>::read(&state, request).await?;
    let client = state.api_client_info(&call.parts);
    let RequestPasswordResetBody { email, redirect_to } = &call.body;
    let callback = redirect_to.as_deref().unwrap_or_default();
    let requested = state.services.accounts.request_password_reset(email, callback, &client).await;
    requested.map_err(Problems::from)?;
    Ok(ok_json(PasswordResetRequested::ANY))
}

/// The description of [`request_password_reset`].
pub fn request_password_reset_operation() -> Operation {
    let (path, id) = ("/api/auth/request-password-reset", "requestPasswordReset");
    post_operation(path, id, Tag::Passwords, "Have a link mailed that sets a password", Auth::Public)
        .description("The answer is the same for every address.")
        .body::<RequestPasswordResetBody>(&json!({ "email": "ada@example.com" }))
        .response(200, "It is asked for.", &PasswordResetRequested::ANY)
        .errors(&[Code::ValidationError, Code::CallbackNotAString, Code::InvalidRedirectUrl])
        .errors(&[Code::ResetPasswordDisabled])
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
    Query::check_callback(&state, callback)?;
    let outcome = if good { ("token", token.as_str()) } else { ("error", "INVALID_TOKEN") };
    Ok(redirect(&state, callback, Some(outcome)))
}

/// The description of [`reset_link`].
pub fn reset_link_operation() -> Operation {
    let (path, id) = ("/api/auth/reset-password/{token}", "followResetLink");
    get_operation(path, id, Tag::Passwords, "The link that sets a password", Auth::Public)
        .description("As it stands in the mail. Opening it spends nothing.")
        .query_text("callbackURL", true, "Where it leads; empty for Bookplate's own page.")
        .empty_response(302, "To `callbackURL`, with `token`, or with `error=INVALID_TOKEN`.")
        .errors(&[Code::ValidationError, Code::InvalidCallbackUrl])
}

/// Sets a password with the token of such a link.
pub async fn reset_password(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let in_query = Query::of(request.uri()).first("token").map(str::to_owned);
    let call = ApiRequest::<ResetPasswordBody>::read(&state, request).await?;
    let ResetPasswordBody { new_password, token } = &call.body;
    let token = token.as_ref().or(in_query.as_ref());
    let token = token.ok_or_else(|| Problem::on(Code::InvalidResetToken, "token"))?;
    let passwords = state.services.accounts.rules().passwords;
    let password = passwords.parse(new_password).map_err(|problem| on("newPassword", problem))?;
    let client = state.api_client_info(&call.parts);
    let set = state.services.accounts.reset_password(token, password, &client).await;
    let (_, effects) = with_effects_of(set, &client)?;
    Ok(ok_json(Done::DONE).with_effects(effects))
}

/// The description of [`reset_password`].
pub fn reset_password_operation() -> Operation {
    let body = json!({ "newPassword": "loud vellum, quill", "token": "of-the-link" });
    let (path, id) = ("/api/auth/reset-password", "resetPassword");
    post_operation(path, id, Tag::Passwords, "Set a password with a link", Auth::Public)
        .description("Every session and every other mailed link of the reader ends. Nobody is signed in.")
        .query_text("token", false, "The token of the link, where the body has none.")
        .body::<ResetPasswordBody>(&body)
        .response(200, "It is set.", &Done::DONE)
        .errors(&NEW_PASSWORD_CODES)
        .errors(&[Code::InvalidResetToken, Code::ResetPasswordDisabled, Code::Busy])
}

/// A problem with a password, about the field it came in.
fn on(field: &str, problem: Problem) -> Problem {
    Problem { field: Some(field.to_owned()), ..problem }
}
