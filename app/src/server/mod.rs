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
use domain::{BrowserEffects, HasBrowserEffects, SignedIn};

use crate::{
    FormErrors, FormFields, ResponseEffects, context::RequestContext, fragments::FormError,
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
    /// The same, with what the operation does to the browser.
    fn with(self, browser: BrowserEffects) -> Self {
        Self { browser, ..self }
    }
}

/// Why a form is refused, and what the failure does to the browser.
struct Refusal {
    problems: Problems,
    browser: BrowserEffects,
}

impl<P: Into<Problems>> From<P> for Refusal {
    fn from(problems: P) -> Self {
        Self { problems: problems.into(), browser: BrowserEffects::default() }
    }
}

/// An outcome with what it does to the browser; a failure keeps its effects, too.
fn with_effects<T, E>(
    outcome: Result<T, E>,
    context: &RequestContext,
) -> Result<(T, BrowserEffects), Refusal>
where
    T: HasBrowserEffects,
    E: HasBrowserEffects + Into<Problems>,
{
    let browser = outcome.browser_effects(&context.reader.visit);
    match outcome {
        Ok(outcome) => Ok((outcome, browser)),
        Err(error) => Err(Refusal { problems: error.into(), browser }),
    }
}

/// Tells the edge what came of a form: what is to happen next, or the problems and what was typed.
fn finish_form(
    context: &RequestContext,
    form: FormFields,
    outcome: Result<ResponseEffects, Refusal>,
) -> Result<(), FormError> {
    match outcome {
        Ok(accepted) => {
            context.answer.set(|answered| *answered = accepted);
            Ok(())
        }
        Err(Refusal { problems, browser }) => {
            let code = problems.first().code;
            context.answer.set(|answered| {
                answered.browser = browser;
                answered.refusal = Some(FormErrors { problems, typed: form });
            });
            Err(FormError(code))
        }
    }
}
