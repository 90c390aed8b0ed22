//! `POST /sign-in/email`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::{Code, Email, PasswordAttempt, Problem, Questions, UserDto, routes};
use domain::SignIn;
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, RequestBody},
    operation::{CALLBACK_CODES, post_operation},
    request::{ApiRequest, ok_json, with_effects_of},
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
    request_body::Accepts,
};

/// Who signs in.
#[derive(Debug, ToSchema)]
#[schema(as = SignIn, rename_all = "camelCase")]
pub struct SignInBody {
    #[schema(schema_with = values::email)]
    email: String,
    #[schema(schema_with = values::password)]
    password: String,
    #[schema(schema_with = values::remember_me, required = false)]
    remember_me: bool,
    /// Comes back as `url`.
    #[schema(rename = "callbackURL")]
    callback_url: Option<String>,
}

impl RequestBody for SignInBody {
    const ACCEPTS: Accepts = Accepts::JsonOrForm;

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (email, password) = (fields.get("email"), fields.get("password"));
        let (remember_me, callback_url) = (fields.get_or("rememberMe", true), fields.get("callbackURL"));
        Ok(Self {
            email: email?,
            password: password?,
            remember_me: remember_me?,
            callback_url: callback_url?,
        })
    }
}

/// The reader, and where to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    redirect: bool,
    /// Names the session; opens it only with bearer sessions on.
    token: String,
    /// The `callbackURL` that was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    url: Option<String>,
    user: UserDto,
}

/// Signs a reader in; answers the session's token and the user, and sets the session's cookie. A `callbackURL` comes back
/// as `url` for the client to go to.
pub async fn sign_in(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<SignInBody>::read(&state, request).await?;
    let client = call.check_sign_in(&state)?;
    let SignInBody { email, password, remember_me, callback_url: url } = call.body;
    let command = SignIn {
        email: Email::parse(&email).map_err(|_| Problem::on(Code::InvalidEmail, "email"))?,
        password: PasswordAttempt::parse(&password)?,
        remember: remember_me,
        callback: url.as_deref().unwrap_or(routes::HOME).to_owned(),
    };
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

/// The description of [`sign_in`].
pub fn sign_in_operation(questions: &Questions) -> Operation {
    let body = json!({ "email": "ada@example.com", "password": "quiet paper, ink" });
    let user = examples::user(questions);
    let signed_in = SignedIn { redirect: false, token: examples::TOKEN.into(), url: None, user };
    post_operation("/api/auth/sign-in/email", "signInEmail", Tag::Account, "Sign in", Auth::Public)
        .body::<SignInBody>(&body)
        .response(200, "The reader is signed in.", &signed_in)
        .response_header("Set-Cookie")
        .errors(&CALLBACK_CODES)
        .errors(&[
            Code::ValidationError,
            Code::InvalidEmail,
            Code::PasswordTooLong,
            Code::InvalidEmailOrPassword,
            Code::EmailNotVerified,
            Code::BannedUser,
            Code::CrossSiteNavigation,
            Code::Busy,
        ])
}
