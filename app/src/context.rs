//! What the edge tells a page, and what a page or a server function tells the edge. No HTTP types.

use std::sync::{Arc, Mutex, PoisonError};

use contract::{Code, LocalPath, Problem, Problems};
use domain::{BrowserEffects, ClientInfo, Services, SignedIn};
use leptos::prelude::use_context;
use leptos_router::location::RequestUrl;
use serde_json::Value;

use crate::FormFields;

/// Who asks for a page.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Where the request comes from, and the session its browser brings along.
    pub visit: ClientInfo,
    /// The session and its reader, while it lives.
    pub signed_in: Option<SignedIn>,
    /// Where the address asks to go afterwards.
    pub next: Option<LocalPath>,
    /// The token of the mailed link that led here. The edge has moved it out of the address into a cookie of its own, so
    /// that no Referer, history or log holds it.
    pub link: Option<MailedLink>,
    /// Where that link is to lead in the end, as it says itself; empty when it does not.
    pub link_callback: String,
}

/// The token of a mailed link.
#[derive(Clone, PartialEq, Eq)]
pub struct MailedLink(pub String);

impl std::fmt::Debug for MailedLink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailedLink(..)")
    }
}

/// Why a page cannot be shown at all.
#[derive(Debug, Clone)]
pub struct PageProblem(pub Problem);

/// The description of the API, for the page that shows it.
#[derive(Debug, Clone)]
pub struct Reference {
    /// OpenAPI 3.1.
    pub document: Arc<Value>,
    /// The statuses that a code is answered with.
    pub statuses: fn(Code) -> Vec<u16>,
}

/// A form that was not accepted: why, and what was typed.
#[derive(Debug, Clone)]
pub struct FormErrors {
    /// In the order of the fields.
    pub problems: Problems,
    /// For filling in again.
    pub typed: FormFields,
}

/// What a page or a server function asks of the edge.
#[derive(Debug, Clone, Default)]
pub struct ResponseEffects {
    /// Why nothing is at this address, or nothing could be done.
    pub code: Option<Code>,
    /// Where to send the browser instead of showing a page.
    pub go_to: Option<LocalPath>,
    /// What the operation does to the browser.
    pub browser: BrowserEffects,
    /// Whether the mailed link has done what it is for: its token is forgotten.
    pub link_spent: bool,
    /// Whether to go where the mailed link was to lead in the end, if that is another place of the book's than `go_to`.
    pub follow_link: bool,
    /// The form that was not accepted.
    pub refusal: Option<FormErrors>,
    /// The nonce the page's own script and style carry.
    pub nonce: Option<String>,
}

/// Collects what the edge is asked for while a page renders or a server function runs.
#[derive(Debug, Clone, Default)]
pub struct ResponseHandle(Arc<Mutex<ResponseEffects>>);

impl ResponseHandle {
    /// Everything that was asked for.
    pub fn take(&self) -> ResponseEffects {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut ResponseEffects)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// The path of the page at hand.
pub(crate) fn request_path() -> Option<String> {
    let url = use_context::<RequestUrl>()?.parse().ok()?;
    Some(url.path().to_owned())
}

/// The path of the page at hand with its query.
pub(crate) fn request_address() -> Option<String> {
    let url = use_context::<RequestUrl>()?.parse().ok()?;
    let query = url.search();
    Some(if query.is_empty() { url.path().to_owned() } else { format!("{}?{query}", url.path()) })
}

/// Everything a page or server function works with; given by the edge to each of them.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    pub(crate) services: Arc<Services>,
    pub(crate) reader: Visitor,
    pub(crate) answer: ResponseHandle,
}

impl RequestContext {
    /// The door of the request at hand; `None` when the edge has not given one, which is a fault of ours.
    pub(crate) fn of_request() -> Option<Self> {
        Some(Self { services: use_context()?, reader: use_context()?, answer: use_context()? })
    }

    /// Sends the browser elsewhere instead of showing a page.
    pub(crate) fn go_to(&self, path: &str) {
        self.answer.set(|answered| answered.go_to = LocalPath::parse(path));
    }
}
