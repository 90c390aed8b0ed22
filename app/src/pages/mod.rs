//! The pages, a file for each.

mod access;
mod account;
mod consent;
mod conversation;
mod conversations;
mod forgot_password;
mod home;
mod import;
mod lifetime;
mod privacy;
mod problem;
mod query;
mod reference;
mod reset_password;
mod security;
mod sessions;
mod sign_in;
mod sign_out;
mod sign_up;
mod terms;
mod verify_email;

pub(crate) use self::{
    account::AccountPage, consent::ConsentPage, conversation::ConversationPage,
    conversations::ConversationsPage, forgot_password::ForgotPasswordPage, home::HomePage,
    import::ImportPage, privacy::DataPage, problem::ProblemPage, reference::ReferencePage,
    reset_password::ResetPasswordPage, security::SecurityPage, sessions::SessionsPage, sign_in::SignInPage,
    sign_out::SignOutPage, sign_up::SignUpPage, terms::TermsPage, verify_email::VerifyEmailPage,
};
