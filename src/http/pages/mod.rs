//! Pages, the forms on them and what their islands load. Leptos renders the markup; status, headers and redirects are decided
//! here.

mod email_links;
mod export;
mod forms;
mod fragments;
mod import;
pub mod outbox;
mod render;
mod request;
mod show;
mod well_known;

pub use self::{
    email_links::{is_navigation, keep_link},
    render::{RenderContext, render, render_problem},
    show::{fallback, wrong_method},
};

use app::{
    fragments::{LoadConversations, LoadMessages},
    server as functions,
    server::{FormFunction, FragmentFunction},
};
use contract::routes;
use domain::{ConversationLimits, Rule};

use self::show::show;
use super::routes::{BodyRule, Route};

/// Every page, with the forms on it and what its islands load. `/dev/outbox` is there on a developer's machine only
/// ([`super::outbox`]).
pub fn routes(limits: &ConversationLimits) -> Vec<Route> {
    vec![
        Route::new(routes::HOME).get(show),
        page_with_form::<functions::SignIn>().limited_by(Rule::SignIn),
        email_link_page::<functions::SignUp>().limited_by(Rule::SignUp),
        page_with_form::<functions::SignOut>().counted_as("/sign-out"),
        page_with_form::<functions::DecideConsent>(),
        page_with_form::<functions::SaveProfile>(),
        page_with_form::<functions::RequestPasswordReset>().limited_by(Rule::RequestPasswordReset),
        email_link_page::<functions::ResetPassword>().counted_as("/reset-password"),
        email_link_page::<functions::VerifyEmail>().counted_as("/verify-email"),
        form::<functions::VerifyEmailCode>(routes::VERIFY_EMAIL).limited_by(Rule::VerificationCode),
        form::<functions::SendVerification>(routes::VERIFY_EMAIL).limited_by(Rule::SendVerification),
        page_with_form::<functions::AcceptTerms>(),
        Route::new(routes::SECURITY).get(show),
        form::<functions::ChangePassword>(routes::SECURITY).limited_by(Rule::ChangePassword),
        form::<functions::ChangeEmail>(routes::SECURITY).limited_by(Rule::ChangeEmail),
        Route::new(routes::SESSIONS).get(show),
        form::<functions::EndSession>(routes::SESSIONS),
        form::<functions::EndOtherSessions>(routes::SESSIONS),
        form::<functions::WithdrawConsent>(routes::SESSIONS),
        Route::new(routes::DATA).get(show),
        form::<functions::DeleteAccount>(routes::DATA),
        Route::new(routes::EXPORT).post(export::export),
        Route::new(routes::CONVERSATIONS).get(show),
        Route::new("/conversations/{id}").get(show),
        Route::new(routes::IMPORT_CONVERSATIONS)
            .get(show)
            .post(import::import)
            .body(BodyRule::Streamed(limits.import_bytes)),
        form::<functions::RenameConversation>(routes::CONVERSATIONS),
        form::<functions::ArchiveConversation>(routes::CONVERSATIONS),
        form::<functions::UnarchiveConversation>(routes::CONVERSATIONS),
        form::<functions::DeleteConversation>(routes::CONVERSATIONS),
        form::<functions::RestoreConversation>(routes::CONVERSATIONS),
        form::<functions::ChooseBranch>(routes::CONVERSATIONS),
        form::<functions::GiveFeedback>(routes::CONVERSATIONS),
        fragment::<LoadConversations>(routes::CONVERSATIONS),
        fragment::<LoadMessages>(routes::CONVERSATIONS),
        Route::new(routes::WELL_KNOWN_CHANGE_PASSWORD).get(well_known::change_password),
        Route::new(routes::WELL_KNOWN_SECURITY).get(well_known::security),
    ]
}

/// A page whose form is sent to its own address.
fn page_with_form<F: FormFunction>() -> Route {
    Route::new(F::PATH).get(show).post(forms::submit::<F>)
}

/// The same, for a page that mailed links lead to.
fn email_link_page<F: FormFunction>() -> Route {
    Route::new(F::PATH).get(email_links::open).post(forms::submit::<F>)
}

/// A form on a page that has several, or on several pages.
fn form<F: FormFunction>(page: &'static str) -> Route {
    Route::new(F::PATH).form_on(page).get(forms::redirect_to_page).post(forms::submit::<F>)
}

/// What islands of a page load.
fn fragment<F: FragmentFunction>(page: &'static str) -> Route {
    Route::new(F::PATH).form_on(page).get(forms::redirect_to_page).post(fragments::load::<F>)
}
