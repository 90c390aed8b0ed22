//! `POST /delete-user` and the link of its mail.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{Code, PasswordAttempt, Problem, Problems, routes};
use domain::{DeleteAccount, DeleteAccountOutcome, HasBrowserEffects, Renewal};
use http::Method;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, RequestBody},
    operation::{CALLBACK_CODES, get_operation, post_operation},
    query::{Query, redirect},
    request::{ApiRequest, ok_json, with_effects_of},
};
use crate::http::{
    app_state::AppState,
    authn::Authentication,
    browser_effects::WithBrowserEffects,
    errors::ApiError,
    openapi::{
        operation::{Auth, Operation, Tag},
        values,
    },
    pages,
};

/// What proves that it is the reader.
#[derive(Debug, ToSchema)]
#[schema(as = Deletion)]
pub struct DeleteUserBody {
    #[schema(schema_with = values::nullable_password)]
    password: Option<String>,
    /// The token of the link that was mailed.
    token: Option<String>,
    #[schema(rename = "callbackURL", schema_with = values::callback_url)]
    callback_url: Option<String>,
}

impl RequestBody for DeleteUserBody {
    const OPTIONAL: bool = true;

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (password, token) = (fields.get("password"), fields.get("token"));
        let callback_url = fields.get("callbackURL");
        Ok(Self { password: password?, token: token?, callback_url: callback_url? })
    }
}

/// The account is gone, or a link is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub struct Deleted {
    #[schema(schema_with = values::always_true)]
    success: bool,
    #[schema(inline)]
    message: DeletedMessage,
}

impl Deleted {
    const NOW: Self = Self { success: true, message: DeletedMessage::Deleted };
    const BY_MAIL: Self = Self { success: true, message: DeletedMessage::LinkMailed };
}

#[derive(Debug, Serialize, ToSchema)]
enum DeletedMessage {
    #[serde(rename = "User deleted")]
    Deleted,
    #[serde(rename = "Verification email sent")]
    LinkMailed,
}

/// Deletes the account, or has a link mailed that does.
pub async fn delete_user(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<DeleteUserBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let client = state.api_client_info(&call.parts);
    let DeleteUserBody { password, token, callback_url } = call.body;
    let command = DeleteAccount {
        password: password.map(|password| PasswordAttempt::parse(&password)).transpose()?,
        token,
        callback: callback_url.unwrap_or_else(|| routes::HOME.to_owned()),
    };
    let deleted = state.services.accounts.delete(command, signed_in, &client).await;
    let (deleted, effects) = with_effects_of(deleted, &client)?;
    let body = match deleted {
        DeleteAccountOutcome::Now => Deleted::NOW,
        DeleteAccountOutcome::ByMail => Deleted::BY_MAIL,
    };
    Ok(ok_json(body).with_effects(effects.or(auth.effects())))
}

/// The description of [`delete_user`].
pub fn delete_user_operation() -> Operation {
    post_operation("/api/auth/delete-user", "deleteUser", Tag::Account, "Delete the account", Auth::Session)
        .description(
            "With the password, the token of a mailed link, or a session that was opened within a day. Everything about the \
             reader goes at once and for good. Where addresses have to be proved, a link is mailed first.",
        )
        .body::<DeleteUserBody>(&json!({ "password": "quiet paper, ink" }))
        .response(200, "The account is gone, or a link is on its way.", &Deleted::NOW)
        .errors(&CALLBACK_CODES)
        .errors(&[
            Code::ValidationError,
            Code::InvalidPassword,
            Code::PasswordTooLong,
            Code::CredentialAccountNotFound,
            Code::SessionExpired,
            Code::InvalidDeletionToken,
            Code::Busy,
        ])
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
            let effects = deleted.browser_effects(&state.api_client_info(&parts));
            Ok(redirected.unwrap_or_else(|| ok_json(Deleted::NOW)).with_effects(effects))
        }
        // A reader who follows the link gets a page, a client of the API its JSON.
        Err(problems) if pages::is_navigation(&parts.headers) => {
            Ok(pages::render_problem(&state, parts.uri, problems.first().clone()).await)
        }
        Err(problems) => Err(problems.into()),
    }
}

/// The description of [`callback`].
pub fn callback_operation() -> Operation {
    let (path, summary) = ("/api/auth/delete-user/callback", "The link that deletes the account");
    get_operation(path, "deleteUserCallback", Tag::Account, summary, Auth::OptionalSession)
        .description("As it stands in the mail. A browser that follows it gets a page where it fails.")
        .query_text("token", true, "The token of the link.")
        .query_text("callbackURL", false, "Where it leads in the end.")
        .response(200, "The account is gone.", &Deleted::NOW)
        .empty_response(302, "The account is gone; the browser is led to `callbackURL`.")
        .errors(&[Code::ValidationError, Code::InvalidCallbackUrl])
        .errors(&[Code::FailedToGetUserInfo, Code::InvalidDeletionToken])
}
