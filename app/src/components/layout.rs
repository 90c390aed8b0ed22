//! Page layouts: header, card or column, footer.

use std::sync::Arc;

use contract::{Email, Questions, routes};
use domain::User;
use leptos::prelude::*;

use super::{BookLinks, FieldErrors, FlashMessage, PageTitle, ProblemSummary};
use crate::{Book, context::RequestContext, islands::LocalTimes};

/// A page with a single task: header, card, footer.
#[component]
pub(crate) fn CardLayout(
    /// The document title.
    #[prop(into)]
    title: String,
    /// The footer text.
    #[prop(into)]
    help: String,
    children: Children,
) -> impl IntoView {
    view! {
        <PageTitle title=title />
        <a class="skip-link" href="#main">"Skip to the page"</a>
        <header class="site-header"><BookLink /></header>
        <main id="main" tabindex="-1">{children()}</main>
        <footer class="page-footer"><p>{help}</p><BookLinks /></footer>
    }
}

/// The entries of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entry {
    Conversations,
    Conversation,
    Profile,
    Security,
    Sessions,
    Data,
}

impl Entry {
    /// The account pages, which have a navigation of their own.
    const ACCOUNT: [Self; 4] = [Self::Profile, Self::Security, Self::Sessions, Self::Data];

    const fn label(self) -> &'static str {
        match self {
            Self::Conversations | Self::Conversation => "Conversations",
            Self::Profile => "Profile",
            Self::Security => "Security",
            Self::Sessions => "Sessions",
            Self::Data => "Your data",
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Conversations | Self::Conversation => routes::CONVERSATIONS,
            Self::Profile => routes::ACCOUNT,
            Self::Security => routes::SECURITY,
            Self::Sessions => routes::SESSIONS,
            Self::Data => routes::DATA,
        }
    }

    fn is_of_account(self) -> bool {
        Self::ACCOUNT.contains(&self)
    }
}

/// A page of a signed-in reader: header with navigation and user menu, then a column that begins with the flash
/// message or the error summary.
#[component]
pub(crate) fn PageLayout(
    /// The heading and document title.
    #[prop(into)]
    heading: String,
    /// The current navigation entry.
    at: Entry,
    /// Errors of the submitted form.
    field_errors: FieldErrors,
    /// The questions of the page's form, if it has any.
    #[prop(optional_no_strip)]
    questions: Option<Arc<Questions>>,
    /// The request context.
    context: RequestContext,
    /// The footer text.
    help: &'static str,
    children: Children,
) -> impl IntoView {
    let user = context.visitor.signed_in.as_ref().map(|signed_in| &signed_in.user);
    let name = |user: &User| match user.name.as_str() {
        "" => Email::display(&user.email).into_owned(),
        name => name.to_owned(),
    };
    let reader = user.map(name).unwrap_or_default();
    view! {
        <PageTitle title=field_errors.title(&heading) />
        <a class="skip-link" href="#main">"Skip to the page"</a>
        <header class="site-header site-header--bar">
            <BookLink />
            <Navigation at />
            <ReaderMenu reader />
        </header>
        <main id="main" tabindex="-1">
            <div class="page">
                {at.is_of_account().then(|| view! { <AccountNavigation at /> })}
                <h1 class="page__heading" dir="auto">{heading}</h1>
                <FlashMessage context />
                <ProblemSummary field_errors questions />
                {children()}
            </div>
        </main>
        <footer class="page-footer page-footer--wide"><p>{help}</p><BookLinks /></footer>
        <LocalTimes />
    }
}

/// The main navigation.
#[component]
fn Navigation(at: Entry) -> impl IntoView {
    let is_account = at.is_of_account();
    // aria-current is "page" for the page itself, "true" for its section.
    let conversations = match at {
        Entry::Conversations => Some("page"),
        Entry::Conversation => Some("true"),
        _ => None,
    };
    let account = is_account.then_some("true");
    view! {
        <nav class="nav" aria-label="Reader">
            <ul>
                <li><a href=routes::CONVERSATIONS aria-current=conversations>"Conversations"</a></li>
                <li><a href=routes::ACCOUNT aria-current=account>"Account"</a></li>
            </ul>
        </nav>
    }
}

#[component]
fn AccountNavigation(at: Entry) -> impl IntoView {
    let entries = Entry::ACCOUNT.map(|entry| {
        let current = (entry == at).then_some("page");
        view! { <li><a href=entry.path() aria-current=current>{entry.label()}</a></li> }
    });
    view! {
        <nav class="nav nav--tabs" aria-label="Your account"><ul>{entries.into_iter().collect_view()}</ul></nav>
    }
}

/// The user menu, a `<details>` element, so that it needs no script.
#[component]
fn ReaderMenu(reader: String) -> impl IntoView {
    view! {
        <details class="menu">
            <summary>
                <span class="visually-hidden">"Reader: "</span>
                <span class="menu__user" dir="auto">{reader}</span>
            </summary>
            <ul>
                <li><a href=routes::HOME>"First page"</a></li>
                <li><a href=routes::SIGN_OUT>"Sign out"</a></li>
            </ul>
        </details>
    }
}

/// A section with a heading.
#[component]
pub(crate) fn Section(
    /// The heading.
    heading: &'static str,
    children: Children,
) -> impl IntoView {
    view! { <section class="section"><h2>{heading}</h2>{children()}</section> }
}

/// A framed card, in the style of a printed bookplate.
#[component]
pub(crate) fn Card(
    /// Small text above the heading.
    #[prop(optional)]
    over: Option<&'static str>,
    /// The heading.
    #[prop(into)]
    heading: String,
    /// The lead sentence below the heading.
    #[prop(optional_no_strip)]
    lede: Option<String>,
    children: Children,
) -> impl IntoView {
    let lang = over.filter(|over| *over == EX_LIBRIS).map(|_| "la");
    view! {
        <div class="card">
            <svg class="ornament" viewBox="0 0 72 20" aria-hidden="true"><path d=ORNAMENT /></svg>
            <div class="card__header">
                <h1>
                    {over.map(|over| view! { <span class="card__eyebrow" lang=lang>{over}</span>" " })}
                    <bdi>{heading}</bdi>
                </h1>
                {lede.map(|lede| view! { <p class="card__lead"><bdi>{lede}</bdi></p> })}
            </div>
            {children()}
        </div>
    }
}

/// "From the books of", as printed on bookplates above the owner's name.
pub(crate) const EX_LIBRIS: &str = "Ex libris";

/// A diamond between two leaves, with a dot at either end.
const ORNAMENT: &str = "m36 1 4 6-4 6-4-6zM36.5 19c1-8 9-13 25.5-11.5C51 9 48 16 36.5 19zm-1 0c-1-8-9-13-25.5-11.5C21 9 \
    24 16 35.5 19zM66.5 6l1.5 2-1.5 2-1.5-2zm-61 0L7 8l-1.5 2L4 8z";

/// The book's name and logo, linked to the front page.
#[component]
pub(crate) fn BookLink() -> impl IntoView {
    let book = use_context::<Arc<Book>>();
    let logo = book.as_ref().and_then(|book| book.logo.clone());
    let name = book.map(|book| book.name.clone()).unwrap_or_default();
    view! {
        <a class="site-header__title" href=routes::HOME>
            {logo.map(|src| view! { <img class="site-header__logo" src=src alt="" width="40" height="40" /> })}
            {name}
        </a>
    }
}
