//! The document around every page, and which page is at which address.

use std::sync::Arc;

use contract::{Code, Problem, routes};
use domain::Services;
use leptos::{config::LeptosOptions, hydration::HydrationScripts, nonce::use_nonce, prelude::*};
use leptos_meta::{Meta, MetaTags, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::{
    Assets, Book, PageProblem, PageResponseHandle,
    components::FlashOnce,
    context::request_path,
    pages::{
        AccountPage, ConsentPage, ConversationPage, ConversationsPage, DataPage, ForgotPasswordPage,
        HomePage, ImportPage, ProblemPage, ReferencePage, ResetPasswordPage, SecurityPage, SessionsPage,
        SignInPage, SignOutPage, SignUpPage, TermsPage, VerifyEmailPage,
    },
    site::configured_style,
};

/// The whole document. The HTTP layer provides [`Services`], [`Book`], [`Assets`], [`crate::Visitor`] and
/// [`PageResponseHandle`]; for a form that was not accepted a [`crate::FormErrors`], for a page that cannot be shown a
/// [`PageProblem`].
pub fn shell() -> impl IntoView {
    provide_meta_context();
    provide_context(FlashOnce::default());
    let book: Option<Arc<Book>> = use_context();
    let services: Option<Arc<Services>> = use_context();
    let assets: Option<Assets> = use_context();
    let nonce = use_nonce();
    if let (Some(response), Some(nonce)) = (use_context::<PageResponseHandle>(), &nonce) {
        let nonce = nonce.to_string();
        response.set(|response| response.nonce = Some(nonce));
    }
    let style = book.as_ref().zip(services.as_ref()).map(|(book, it)| configured_style(book, &it.questions));
    let stylesheet = assets.and_then(|assets| assets.stylesheet);
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                {stylesheet.map(|href| view! { <link rel="stylesheet" href=href /> })}
                {style.map(|css| view! { <style nonce=nonce.clone()>{css}</style> })}
                <link rel="icon" href="/favicon.ico" sizes="32x32" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                {assets.filter(|assets| assets.stylesheet.is_some() && needs_script()).map(islands)}
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// Whether the page has islands: no problem's page has, nor those whose forms are buttons and nothing else.
fn needs_script() -> bool {
    let is_plain = request_path()
        .is_some_and(|path| [routes::HOME, routes::SESSIONS, routes::API_DOCS].contains(&path.as_str()));
    use_context::<PageProblem>().is_none() && !is_plain
}

/// The script that brings the islands to life, once the browser has nothing better to do.
fn islands(assets: Assets) -> impl IntoView {
    let options = LeptosOptions::builder()
        .output_name(assets.output_name)
        // Leptos looks here for files of a feature we do not use; nothing is there.
        .site_root("/nonexistent")
        .build();
    view! { <HydrationScripts options=options islands=true /> }
}

#[component]
fn App() -> impl IntoView {
    let book = use_context::<Arc<Book>>().map(|book| book.name.clone()).unwrap_or_default();
    let description = format!("Reader accounts for {book}: sign up, sign in and keep your profile.");
    let problem = use_context::<PageProblem>();
    view! {
        <Meta name="description" content=description />
        {match problem {
            Some(PageProblem(problem)) => view! { <ProblemPage problem /> }.into_any(),
            None => view! { <Pages /> }.into_any(),
        }}
    }
}

#[component]
fn Pages() -> impl IntoView {
    view! {
        <Router>
            <Routes fallback=|| view! { <ProblemPage problem=Problem::new(Code::NotFound) /> }>
                <Route path=path!("/") view=HomePage ssr=SsrMode::Async />
                <Route path=path!("/sign-in") view=SignInPage ssr=SsrMode::Async />
                <Route path=path!("/sign-up") view=SignUpPage ssr=SsrMode::Async />
                <Route path=path!("/sign-out") view=SignOutPage ssr=SsrMode::Async />
                <Route path=path!("/consent") view=ConsentPage ssr=SsrMode::Async />
                <Route path=path!("/forgot-password") view=ForgotPasswordPage ssr=SsrMode::Async />
                <Route path=path!("/reset-password") view=ResetPasswordPage ssr=SsrMode::Async />
                <Route path=path!("/verify-email") view=VerifyEmailPage ssr=SsrMode::Async />
                <Route path=path!("/terms") view=TermsPage ssr=SsrMode::Async />
                <Route path=path!("/conversations") view=ConversationsPage ssr=SsrMode::Async />
                <Route path=path!("/conversations/-/import") view=ImportPage ssr=SsrMode::Async />
                <Route path=path!("/conversations/:id") view=ConversationPage ssr=SsrMode::Async />
                <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async />
                <Route path=path!("/account/security") view=SecurityPage ssr=SsrMode::Async />
                <Route path=path!("/account/sessions") view=SessionsPage ssr=SsrMode::Async />
                <Route path=path!("/account/data") view=DataPage ssr=SsrMode::Async />
                <Route path=path!("/api/docs") view=ReferencePage ssr=SsrMode::Async />
            </Routes>
        </Router>
    }
}

// The router takes literals only; this keeps them and the shared paths from drifting apart.
const _: () = {
    assert!(matches!(routes::HOME.as_bytes(), b"/"));
    assert!(matches!(routes::SIGN_IN.as_bytes(), b"/sign-in"));
    assert!(matches!(routes::SIGN_UP.as_bytes(), b"/sign-up"));
    assert!(matches!(routes::SIGN_OUT.as_bytes(), b"/sign-out"));
    assert!(matches!(routes::FORGOT_PASSWORD.as_bytes(), b"/forgot-password"));
    assert!(matches!(routes::RESET_PASSWORD.as_bytes(), b"/reset-password"));
    assert!(matches!(routes::VERIFY_EMAIL.as_bytes(), b"/verify-email"));
    assert!(matches!(routes::TERMS.as_bytes(), b"/terms"));
    assert!(matches!(routes::CONVERSATIONS.as_bytes(), b"/conversations"));
    assert!(matches!(routes::SECURITY.as_bytes(), b"/account/security"));
    assert!(matches!(routes::SESSIONS.as_bytes(), b"/account/sessions"));
    assert!(matches!(routes::DATA.as_bytes(), b"/account/data"));
    assert!(matches!(routes::ACCOUNT.as_bytes(), b"/account"));
    assert!(matches!(routes::API_DOCS.as_bytes(), b"/api/docs"));
};
