//! Server functions: what forms and islands ask the server to do. Each reads its form, calls a service and returns where to
//! go next. On the server they are ordinary functions; the HTTP layer routes each at its own path and runs it with [`run`].

mod change_email;
mod change_password;
mod consent;
mod conversations;
mod delete_account;
mod outcome;
mod profile;
mod recovery;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod terms;
mod verify_email;

pub(crate) use self::conversations::{list, messages};
pub use self::{
    change_email::ChangeEmail,
    change_password::ChangePassword,
    consent::{DecideConsent, WithdrawConsent},
    conversations::{
        ArchiveConversation, ChooseBranch, DeleteConversation, GiveFeedback, RenameConversation,
        RestoreConversation, UnarchiveConversation,
    },
    delete_account::DeleteAccount,
    outcome::{EmailLinkUse, FormAccepted, FormRefused},
    profile::SaveProfile,
    recovery::{RequestPasswordReset, ResetPassword},
    sessions::{EndOtherSessions, EndSession},
    sign_in::SignIn,
    sign_out::SignOut,
    sign_up::SignUp,
    terms::AcceptTerms,
    verify_email::{SendVerification, VerifyEmail, VerifyEmailCode},
};

use std::{future::Future, sync::Arc};

use domain::Services;
use leptos::{
    prelude::{Owner, provide_context},
    reactive::computed::ScopedFuture,
    server_fn::ServerFn,
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Book, FormFields, Visitor, fragments::FragmentError};

/// A server function behind a form.
pub trait FormFunction:
    ServerFn<Output = FormAccepted, Error = FormRefused> + From<FormFields> + 'static
{
}

impl<F: ServerFn<Output = FormAccepted, Error = FormRefused> + From<FormFields> + 'static> FormFunction
    for F
{
}

/// A server function that islands call: JSON in, JSON out.
pub trait FragmentFunction:
    ServerFn<Output: Serialize, Error = FragmentError> + DeserializeOwned + 'static
{
}

impl<F: ServerFn<Output: Serialize, Error = FragmentError> + DeserializeOwned + 'static> FragmentFunction
    for F
{
}

/// Runs a server function for a visitor.
///
/// # Errors
/// Those of the function.
pub fn run<F: ServerFn>(
    function: F,
    services: Arc<Services>,
    book: Arc<Book>,
    visitor: Visitor,
) -> impl Future<Output = Result<F::Output, F::Error>> + Send {
    let owner = Owner::new();
    let running = owner.with(|| {
        provide_context(services);
        provide_context(book);
        provide_context(visitor);
        ScopedFuture::new(function.run_body())
    });
    async move {
        let outcome = running.await;
        // What was provided above is gone with its owner, so that has to live until here.
        drop(owner);
        outcome
    }
}
