//! The server functions behind the forms. Each reads its form, calls the service and tells the edge what came of it.

mod change_email;
mod change_password;
mod conversations;
mod delete_account;
mod profile;
mod recovery;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod verify_email;

pub(crate) use self::{
    change_email::ChangeEmail,
    change_password::ChangePassword,
    conversations::{list, turns},
    delete_account::DeleteAccount,
    profile::SaveProfile,
    recovery::{RequestPasswordReset, ResetPassword},
    sessions::{EndOtherSessions, EndSession},
    sign_in::SignIn,
    sign_out::SignOut,
    sign_up::SignUp,
    verify_email::{SendVerification, VerifyEmail},
};

use contract::{Code, LocalPath, Problem, Problems};
use domain::SignedIn;

use crate::{
    FormErrors, FormFields, ResponseEffects, SessionChange, context::RequestContext, fragments::FormError,
};

fn request_context() -> Result<RequestContext, FormError> {
    RequestContext::of_request().ok_or(FormError(Code::Internal))
}

/// Who is signed in, where nobody else can do anything.
fn signed_in(context: &RequestContext) -> Result<&SignedIn, Problem> {
    context.reader.signed_in.as_ref().ok_or_else(|| Problem::new(Code::Unauthorized))
}

/// On to where the form says, or else to `otherwise`.
fn redirect_next_or(form: &FormFields, otherwise: &str) -> ResponseEffects {
    ResponseEffects {
        go_to: form.next().or_else(|| LocalPath::parse(otherwise)),
        ..ResponseEffects::default()
    }
}

/// On to a page, whatever the form says.
fn redirect_to(page: &str) -> ResponseEffects {
    ResponseEffects { go_to: LocalPath::parse(page), ..ResponseEffects::default() }
}

impl ResponseEffects {
    /// The same, and the session changes.
    fn with(self, session: SessionChange) -> Self {
        Self { session, ..self }
    }
}

/// Tells the edge what came of a form: what is to happen next, or the problems and what was typed.
fn finish_form(
    context: &RequestContext,
    form: FormFields,
    outcome: Result<ResponseEffects, Problems>,
) -> Result<(), FormError> {
    match outcome {
        Ok(accepted) => {
            context.answer.set(|answered| *answered = accepted);
            Ok(())
        }
        Err(problems) => {
            let code = problems.first().code;
            context.answer.set(|answered| answered.refusal = Some(FormErrors { problems, typed: form }));
            Err(FormError(code))
        }
    }
}
