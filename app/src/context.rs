//! The context that the HTTP layer gives a page or a server function, and the page's response. No HTTP types.

use std::sync::{Arc, Mutex, PoisonError};

use contract::{Code, LocalPath, Problem, Problems, conversations::Imported};
use domain::{ClientInfo, ReturnTo, Services, SignedIn};
use leptos::prelude::use_context;
use leptos_router::location::RequestUrl;
use serde_json::Value;

use crate::FormFields;

/// Who sends a request.
#[derive(Debug, Clone, Default)]
pub struct Visitor {
    /// Where the request comes from, and the session its browser brings along.
    pub client: ClientInfo,
    /// The session and its user, while it lives.
    pub signed_in: Option<SignedIn>,
    /// Where the address asks to go afterwards.
    pub next: Option<LocalPath>,
    /// The client that `next` leads back to.
    pub return_to: Option<ReturnTo>,
    /// The token of the mailed link that led here. It has been moved out of the address into a cookie of its own, so that
    /// no Referer, history or log holds it.
    pub link: Option<EmailLinkToken>,
    /// Whether the reader has to accept the author's terms before going on.
    pub must_accept_terms: bool,
    /// Where that link is to lead in the end, as it says itself; empty when it does not.
    pub link_callback: String,
}

/// The token of a mailed link.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailLinkToken(pub String);

impl std::fmt::Debug for EmailLinkToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailLinkToken(..)")
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

/// What came of a file of conversations, for the page that it was sent from.
#[derive(Debug, Clone)]
pub struct ImportedFile {
    /// Each conversation that was read.
    pub imported: Imported,
    /// Why the file was not read to its end, as a sentence.
    pub stopped: Option<String>,
}

/// What a page asks of the HTTP layer, besides its markup.
#[derive(Debug, Clone, Default)]
pub struct PageResponse {
    /// Why nothing is at this address, or nothing could be done.
    pub code: Option<Code>,
    /// Where to send the browser instead of showing a page.
    pub go_to: Option<LocalPath>,
    /// The nonce the page's own script and style carry.
    pub nonce: Option<String>,
}

/// Collects a [`PageResponse`] while a page renders, as components return markup alone.
#[derive(Debug, Clone, Default)]
pub struct PageResponseHandle(Arc<Mutex<PageResponse>>);

impl PageResponseHandle {
    /// Everything that was asked for.
    pub fn take(&self) -> PageResponse {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn set(&self, change: impl FnOnce(&mut PageResponse)) {
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

/// Everything a page or a server function works with.
#[derive(Debug, Clone)]
pub(crate) struct RequestContext {
    pub(crate) services: Arc<Services>,
    pub(crate) visitor: Visitor,
    /// Ignored for server functions.
    pub(crate) response: PageResponseHandle,
}

impl RequestContext {
    /// The context of the request at hand; `None` when the HTTP layer has not given one, which is a fault of ours.
    pub(crate) fn of_request() -> Option<Self> {
        Some(Self {
            services: use_context()?,
            visitor: use_context()?,
            response: use_context().unwrap_or_default(),
        })
    }

    /// The same for a server function.
    pub(crate) fn of_call() -> Result<Self, Problem> {
        Self::of_request().ok_or_else(|| Problem::new(Code::Internal))
    }

    /// The signed-in user, or `UNAUTHORIZED`.
    pub(crate) fn signed_in(&self) -> Result<&SignedIn, Problem> {
        self.visitor.signed_in.as_ref().ok_or_else(|| Problem::new(Code::Unauthorized))
    }

    /// Sends the browser elsewhere instead of showing a page.
    pub(crate) fn go_to(&self, path: &str) {
        self.response.set(|response| response.go_to = LocalPath::parse(path));
    }
}
