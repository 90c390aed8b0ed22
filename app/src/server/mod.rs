//! The server functions behind the forms. Each reads its form, calls the service and tells the edge what came of it.

mod profile;
mod sign_in;
mod sign_out;
mod sign_up;

pub(crate) use self::{profile::SaveProfile, sign_in::SignIn, sign_out::SignOut, sign_up::SignUp};

use contract::{Code, LocalPath, Problems};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Serialize};

use crate::{Refusal, SessionChange, Submitted, context::Door};

/// Why a form was not accepted. A code and never a text: what a page says comes from the catalogue alone.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct FormError(pub Code);

impl FromServerFnError for FormError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        Self(match error {
            ServerFnErrorErr::Deserialization(_)
            | ServerFnErrorErr::Args(_)
            | ServerFnErrorErr::MissingArg(_) => Code::MalformedRequest,
            _ => Code::Internal,
        })
    }
}

fn door() -> Result<Door, FormError> {
    Door::of_request().ok_or(FormError(Code::Internal))
}

/// Tells the edge what came of a form: where to go and what became of the session, or the problems and what was typed.
fn settle(
    door: &Door,
    form: Submitted,
    outcome: Result<SessionChange, Problems>,
    otherwise: &str,
) -> Result<(), FormError> {
    match outcome {
        Ok(session) => {
            let go_to = form.next().or_else(|| LocalPath::parse(otherwise));
            door.answer.set(|answered| (answered.session, answered.go_to) = (session, go_to));
            Ok(())
        }
        Err(problems) => {
            let code = problems.first().code;
            door.answer.set(|answered| answered.refusal = Some(Refusal { problems, typed: form }));
            Err(FormError(code))
        }
    }
}
