//! `POST /sign-up/email`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::{
    AnswerInput, Answers, Code, Email, Image, PersonName, Problems, Question, Questions, UserDto, routes,
};
use domain::{AccountRules, SignUp};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    fields::{FieldReader, Invalid, NonEmptyText, RequestBody},
    operation::{CALLBACK_CODES, NEW_PASSWORD_CODES, post_operation},
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

/// Who wants an account, with the answers to the book's questions.
#[derive(Debug, ToSchema)]
#[schema(as = SignUp, rename_all = "camelCase")]
pub struct SignUpBody {
    #[schema(schema_with = values::person_name)]
    name: PersonName,
    #[schema(schema_with = values::email)]
    email: Email,
    #[schema(schema_with = values::new_password)]
    password: NonEmptyText,
    #[schema(schema_with = values::image)]
    image: Option<Image>,
    #[schema(schema_with = values::remember_me, required = false)]
    remember_me: bool,
    #[schema(rename = "callbackURL", schema_with = values::callback_url)]
    callback_url: Option<String>,
    /// The token of an invitation, where one is needed: what follows `token=` in its link.
    #[schema(required = false)]
    invitation: Option<String>,
    /// Whether the reader accepts the author's terms; has to be `true` where `GET /terms` names a version.
    #[schema(value_type = Option<bool>, required = false)]
    accepted_terms: bool,
    /// The version of the terms that the reader was shown; without it, the current one counts as shown.
    #[schema(required = false)]
    terms_version: Option<String>,
    #[schema(ignore)]
    answers: Vec<(String, AnswerInput)>,
}

/// Why somebody may not sign up.
const SIGN_UP_MODE_CODES: [Code; 5] = [
    Code::TermsNotAccepted,
    Code::SignUpDisabled,
    Code::InvitationRequired,
    Code::InvalidInvitation,
    Code::EmailDomainNotAllowed,
];

impl RequestBody for SignUpBody {
    const ACCEPTS: Accepts = Accepts::JsonOrForm;

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, Invalid> {
        let (name, email, password) = (fields.get("name"), fields.get("email"), fields.get("password"));
        let (image, remember_me) = (fields.get("image"), fields.get_or("rememberMe", true));
        let (callback_url, invitation) = (fields.get("callbackURL"), fields.get("invitation"));
        let (accepted_terms, terms_version) =
            (fields.get_or("acceptedTerms", false), fields.get("termsVersion"));
        let answers = fields.answers();
        Ok(Self {
            name: name?,
            email: email?,
            password: password?,
            image: image?,
            remember_me: remember_me?,
            callback_url: callback_url?,
            invitation: invitation?,
            accepted_terms: accepted_terms?,
            terms_version: terms_version?,
            answers: answers?,
        })
    }
}

impl SignUpBody {
    /// Applies the rules for passwords, answers and terms, which the wire checks after the origin.
    fn into_command(self, questions: &Questions, rules: &AccountRules) -> Result<SignUp, Problems> {
        let password = rules.passwords.parse(&self.password.0)?;
        let input = |question: &Question| {
            let found = self.answers.iter().find(|(name, _)| *name == question.name);
            found.map_or(AnswerInput::Absent, |(_, input)| input.clone())
        };
        let answers = Answers::accept(questions, input)?;
        rules.check_terms(self.accepted_terms, self.terms_version.as_deref())?;
        Ok(SignUp {
            name: self.name,
            email: self.email,
            password,
            image: self.image,
            answers,
            remember: self.remember_me,
            callback: self.callback_url.unwrap_or_else(|| routes::HOME.to_owned()),
            invitation: self.invitation,
            accepted_terms: self.accepted_terms,
            terms_version: self.terms_version,
        })
    }
}

/// The new reader. Without a token where the address has to be proved first.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedUp {
    /// Names the session; opens it only with bearer sessions on.
    #[schema(required)]
    token: Option<String>,
    user: UserDto,
}

/// Opens an account; answers the session's token and the user, and sets the session's cookie. Where addresses have to be
/// verified first, the token is `null`, and a taken address answers like a free one.
pub async fn sign_up(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::<SignUpBody>::read(&state, request).await?;
    let client = call.check_sign_in(&state)?;
    let rules = state.services.accounts.rules();
    rules.sign_up.check_enabled()?;
    let command = call.body.into_command(&state.services.questions, rules)?;
    let signed_up = state.services.accounts.sign_up(command, &client).await;
    let (signed_up, effects) = with_effects_of(signed_up, &client)?;
    let body = SignedUp {
        token: signed_up.session.as_ref().map(|session| state.services.sessions.token(&session.id)),
        user: state.services.user_body(&signed_up.user),
    };
    Ok(ok_json(body).with_effects(effects))
}

/// The description of [`sign_up`].
pub fn sign_up_operation(questions: &Questions) -> Operation {
    let mut body = json!({ "name": "Ada", "email": "ada@example.com", "password": "quiet paper, ink" });
    if let Some(body) = body.as_object_mut() {
        body.extend(examples::answers(questions, false));
    }
    let signed_up = SignedUp { token: Some(examples::TOKEN.into()), user: examples::user(questions) };
    post_operation("/api/auth/sign-up/email", "signUpEmail", Tag::Account, "Open an account", Auth::Public)
        .description("The members after `termsVersion` are this book's questions.")
        .body::<SignUpBody>(&body)
        .response(200, "The account is open, and its reader signed in.", &signed_up)
        .response_header("Set-Cookie")
        .errors(&NEW_PASSWORD_CODES)
        .errors(&CALLBACK_CODES)
        .errors(&[Code::MissingField, Code::CrossSiteNavigation, Code::UserAlreadyExists, Code::Busy])
        .errors(&SIGN_UP_MODE_CODES)
}
