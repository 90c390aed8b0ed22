//! `POST /sign-up/email`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::{
    AnswerInput, Answers, Email, Image, NewPassword, PersonName, Problems, Question, Questions, routes,
};
use domain::SignUp;
use serde::Serialize;

use super::{
    body::{Accepts, BodyFields},
    request::{ApiRequest, ok_json, with_effects_of},
};
use crate::http::{app_state::AppState, browser_effects::WithBrowserEffects, errors::ApiError};

#[derive(Serialize)]
struct SignedUp {
    token: Option<String>,
    user: contract::UserDto,
}

/// Opens an account; answers the session's token and the user, and sets the session's cookie. Where addresses have to be
/// verified first, the token is `null`, and a taken address answers like a free one.
pub async fn sign_up(State(state): State<AppState>, request: Request) -> Result<Response, ApiError> {
    let call = ApiRequest::read(&state, request, Accepts::JsonOrForm).await?;
    let draft = Draft::read(&call, &state.services.questions)?;
    let client = call.check_sign_in(&state)?;
    let callback = call.callback("callbackURL", routes::HOME);
    let command = draft.command(&state.services.questions, callback)?;
    let signed_up = state.services.accounts.sign_up(command, &client).await;
    let (signed_up, effects) = with_effects_of(signed_up, &client)?;
    let body = SignedUp {
        token: signed_up.session.as_ref().map(|session| state.services.sessions.token(&session.id)),
        user: state.services.user_body(&signed_up.user),
    };
    Ok(ok_json(body).with_effects(effects))
}

/// A body whose fields have the right types; the rules about password and answers come after the origin check.
struct Draft {
    name: Option<PersonName>,
    email: Option<Email>,
    password: String,
    image: Option<Image>,
    answers: Vec<(String, AnswerInput)>,
    remember: bool,
}

impl Draft {
    fn read(call: &ApiRequest, questions: &Questions) -> Result<Self, Problems> {
        let mut shape = BodyFields::of(call.body.as_ref(), "object")?;
        let name = shape.text("name", PersonName::parse);
        let email = shape.text("email", Email::parse);
        let password = shape
            .text("password", |text| NewPassword::not_empty(text).map(str::to_owned))
            .unwrap_or_default();
        let image = shape.optional_text("image", Image::parse);
        let remember = shape.flag("rememberMe", true);
        let answers = questions.iter().map(|it| (it.name.clone(), shape.answer(it))).collect();
        shape.finish()?;
        Ok(Self { name, email, password, image, answers, remember })
    }

    fn command(self, questions: &Questions, callback: String) -> Result<SignUp, Problems> {
        let password = NewPassword::parse(&self.password)?;
        let heard = |question: &Question| {
            let found = self.answers.iter().find(|(name, _)| *name == question.name);
            found.map_or(AnswerInput::Absent, |(_, heard)| heard.clone())
        };
        let answers = Answers::accept(questions, heard)?;
        // `finish` has refused a body without either.
        let missing = |field| contract::Problem::invalid(field, contract::Reason::Empty);
        Ok(SignUp {
            name: self.name.ok_or_else(|| missing("name"))?,
            email: self.email.ok_or_else(|| missing("email"))?,
            password,
            image: self.image,
            answers,
            remember: self.remember,
            callback,
        })
    }
}
