//! What a form's server function returns. Neither type crosses the wire: the HTTP layer turns the one into a redirect,
//! the other into the form's page again. Leptos asks that both can be serialized all the same.

use contract::{Code, LocalPath, Problem, Problems};
use domain::{BrowserEffects, HasBrowserEffects};
use leptos::server_fn::{
    codec::JsonEncoding,
    error::{FromServerFnError, ServerFnErrorErr},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{FormFields, context::RequestContext};

/// A form that was accepted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FormAccepted {
    /// Where the browser goes next.
    #[serde(skip)]
    pub go_to: Option<LocalPath>,
    /// What the operation does to the browser.
    #[serde(skip)]
    pub browser: BrowserEffects,
    /// Whether the cookie of the email link that led to the form is kept or cleared.
    #[serde(skip)]
    pub email_link: EmailLinkUse,
}

/// Whether the cookie of the email link that led to a form is kept or cleared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EmailLinkUse {
    /// It is kept, or there was none.
    #[default]
    Kept,
    /// It has done what it is for: its token is forgotten.
    Spent,
    /// The same, and the browser goes where the link was to lead in the end, if it names another place of the book's.
    SpentAndFollowed,
}

/// A form that was refused.
#[derive(Debug, Clone)]
pub struct FormRefused {
    /// Why, in the order of the fields.
    pub problems: Problems,
    /// What the failure does to the browser; boxed, because nearly every failure does nothing.
    pub browser: Box<BrowserEffects>,
}

impl FormAccepted {
    /// Redirects to a fixed page.
    pub(crate) fn redirect_to(page: &str) -> Self {
        Self { go_to: LocalPath::parse(page), ..Self::default() }
    }

    /// On to where the form says, or else to `page`.
    pub(crate) fn redirect_next_or(form: &FormFields, page: &str) -> Self {
        Self { go_to: form.next().or_else(|| LocalPath::parse(page)), ..Self::default() }
    }

    /// The same, with what the operation does to the browser.
    pub(crate) fn with(self, browser: BrowserEffects) -> Self {
        Self { browser, ..self }
    }

    /// The same, with what becomes of the mailed link that led here.
    pub(crate) fn with_link(self, email_link: EmailLinkUse) -> Self {
        Self { email_link, ..self }
    }
}

impl<P: Into<Problems>> From<P> for FormRefused {
    fn from(problems: P) -> Self {
        Self { problems: problems.into(), browser: Box::default() }
    }
}

/// An outcome with what it does to the browser; a failure keeps its effects, too.
pub(crate) fn with_effects<T, E>(
    outcome: Result<T, E>,
    context: &RequestContext,
) -> Result<(T, BrowserEffects), FormRefused>
where
    T: HasBrowserEffects,
    E: HasBrowserEffects + Into<Problems>,
{
    let browser = outcome.browser_effects(&context.visitor.client);
    match outcome {
        Ok(outcome) => Ok((outcome, browser)),
        Err(error) => Err(FormRefused { problems: error.into(), browser: Box::new(browser) }),
    }
}

/// A code and never a text: what a page says comes from the catalogue alone.
impl Serialize for FormRefused {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.problems.first().code.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FormRefused {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Code::deserialize(deserializer).map(|code| Problem::new(code).into())
    }
}

impl FromServerFnError for FormRefused {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(_: ServerFnErrorErr) -> Self {
        Problem::new(Code::Internal).into()
    }
}
