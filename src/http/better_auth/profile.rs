//! `POST /update-user`, the older `GET /user`, and the ways to sign in.

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use contract::{AnswerInput, Code, Image, PersonName, Problem, Problems, Questions, Timestamp, UserDto};
use domain::{BrowserEffects, ProfileChange, Renewal};
use http::{HeaderValue, header};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, RequestBody},
    operation::{get_operation, post_operation},
    request::{ApiRequest, ok_json},
    shared_bodies::Done,
};
use crate::http::{
    app_state::AppState,
    authn::{Authentication, bearer},
    browser_effects::WithBrowserEffects,
    errors::ApiError,
    openapi::{
        examples,
        operation::{Auth, Operation, Tag},
        values,
    },
};

/// What is to change; what is left out stays.
#[derive(Debug, ToSchema)]
#[schema(as = ProfileChange)]
pub struct UpdateUserBody {
    #[schema(schema_with = values::person_name)]
    name: Option<PersonName>,
    #[schema(schema_with = values::image)]
    image: Option<Option<Image>>,
    #[schema(ignore)]
    answers: Vec<(String, AnswerInput)>,
    /// A truthy `email` is refused, but only to a reader: the field itself may be anything.
    #[schema(ignore)]
    has_email: bool,
}

impl RequestBody for UpdateUserBody {
    const EXPECTED: &'static str = "record";

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (name, image) = (fields.get_if_present("name"), fields.get_if_present("image"));
        let answers = fields.changed_answers();
        let has_email = fields.is_truthy("email");
        Ok(Self { name: name?, image: image?, answers: answers?, has_email })
    }
}

/// The reader.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reader)]
pub struct CurrentUser {
    user: UserDto,
}

/// Which way to sign in.
#[derive(Debug, ToSchema)]
#[schema(as = SignInMethodName, rename_all = "camelCase")]
pub struct UnlinkAccountBody {
    /// The `id` of an entry of the list.
    account_id: String,
}

impl RequestBody for UnlinkAccountBody {
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        Ok(Self { account_id: fields.get("accountId")? })
    }
}

/// Changes name, picture and answers.
pub async fn update_user(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<UpdateUserBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    let UpdateUserBody { name, image, answers, has_email } = call.body;
    if has_email {
        return Err(Problem::on(Code::EmailCanNotBeUpdated, "email").into());
    }
    let change = ProfileChange { name, image, answers };
    state.services.accounts.update_profile(&signed_in.user, &change).await.map_err(Problems::from)?;
    // The wire sends the session's cookie again after a change of the user.
    let effects = BrowserEffects::renewed(signed_in.session.clone());
    Ok(ok_json(Done::DONE).with_effects(effects))
}

/// The description of [`update_user`].
pub fn update_user_operation(questions: &Questions) -> Operation {
    let mut body = json!({ "name": "Ada Lovelace" });
    if let Some(body) = body.as_object_mut() {
        body.extend(examples::answers(questions, false));
    }
    let (path, summary) = ("/api/auth/update-user", "Change name, picture and answers");
    post_operation(path, "updateUser", Tag::Account, summary, Auth::Session)
        .body::<UpdateUserBody>(&body)
        .response(200, "It is changed.", &Done::DONE)
        .response_header("Set-Cookie")
        .errors(&[
            Code::ValidationError,
            Code::MissingField,
            Code::EmailCanNotBeUpdated,
            Code::NoFieldsToUpdate,
        ])
}

/// The reader: behind the session, or behind a JWT issued here. A token that is sent and refused is an error, not an
/// anonymous call, so that a service learns that its reader's session has ended.
pub async fn user(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let headers = request.headers();
    let auth = Authentication::of(&state, headers, Renewal::WhenDue).await?;
    let token = bearer(headers).filter(|token| state.services.sessions.read_bearer(token).is_none());
    if let Some(token) = token {
        let signed_in = state.services.tokens.verify(&token).await.map_err(Problems::from)?;
        return Ok(ok_json(CurrentUser { user: state.services.user_body(&signed_in.user) }));
    }
    let response = match auth.signed_in() {
        Ok(signed_in) => ok_json(CurrentUser { user: state.services.user_body(&signed_in.user) }),
        Err(refused) => {
            let mut response = refused.into_response();
            // RFC 6750 section 3: without a token the challenge carries no error.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            return Ok(response);
        }
    };
    Ok(response.with_effects(auth.effects()))
}

/// The description of [`user`].
pub fn user_operation(questions: &Questions) -> Operation {
    let (path, summary) = ("/api/auth/user", "The reader behind a session or a JWT");
    get_operation(path, "getUser", Tag::Account, summary, Auth::TokenOrSession)
        .description("A JWT that is refused is an error, even when a cookie came along.")
        .response(200, "The reader.", &CurrentUser { user: examples::user(questions) })
        .errors(&[Code::Unauthorized, Code::InvalidToken])
}

/// A way to sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignInMethod {
    /// What unlink-account takes.
    id: String,
    /// `credential` is the password.
    provider_id: String,
    /// The reader's id.
    account_id: String,
    /// The reader.
    user_id: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    #[schema(value_type = Vec<String>, max_items = 0)]
    scopes: [String; 0],
}

/// The ways the reader can sign in.
pub async fn list_accounts(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let auth = Authentication::of(&state, request.headers(), Renewal::WhenDue).await?;
    let user = &auth.signed_in()?.user;
    let methods = state.services.accounts.sign_in_methods(user).await?;
    let accounts = methods.into_iter().map(|method| SignInMethod {
        id: method.id,
        provider_id: method.provider_id,
        account_id: method.account_id,
        user_id: user.id.clone(),
        created_at: method.created_at,
        updated_at: method.updated_at,
        scopes: [],
    });
    let response = ok_json(accounts.collect::<Vec<_>>());
    Ok(response.with_effects(auth.effects()))
}

/// The description of [`list_accounts`].
pub fn list_accounts_operation() -> Operation {
    let example = SignInMethod {
        id: examples::ACCOUNT.into(),
        provider_id: "credential".into(),
        account_id: examples::USER.into(),
        user_id: examples::USER.into(),
        created_at: examples::WHEN,
        updated_at: examples::WHEN,
        scopes: [],
    };
    get_operation(
        "/api/auth/list-accounts",
        "listAccounts",
        Tag::Account,
        "The ways to sign in",
        Auth::Session,
    )
    .list_response("The ways to sign in.", &[example])
}

/// Takes a way to sign in away, unless it is the last. Needs a fresh session.
pub async fn unlink_account(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<UnlinkAccountBody>::read(&state, request).await?;
    let auth = call.authenticate(&state).await?;
    let signed_in = auth.signed_in()?;
    if !state.services.sessions.is_fresh(&signed_in.session) {
        return Err(Problem::new(Code::SessionNotFresh).into());
    }
    state.services.accounts.unlink(&signed_in.user, &call.body.account_id).await.map_err(Problems::from)?;
    Ok(ok_json(Done::DONE).with_effects(auth.effects()))
}

/// The description of [`unlink_account`].
pub fn unlink_account_operation() -> Operation {
    let (path, summary) = ("/api/auth/unlink-account", "Take a way to sign in away");
    post_operation(path, "unlinkAccount", Tag::Account, summary, Auth::Session)
        .description("Not the last one. Needs a session that was opened within a day.")
        .body::<UnlinkAccountBody>(&json!({ "accountId": examples::ACCOUNT }))
        .response(200, "It is gone.", &Done::DONE)
        .errors(&[
            Code::ValidationError,
            Code::LastSignInMethod,
            Code::SignInMethodNotFound,
            Code::SessionNotFresh,
        ])
}
