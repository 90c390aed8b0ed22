//! An authenticated request for a page or from a form.

use app::{EmailLinkToken, Visitor};
use contract::{LocalPath, Problem, Problems};
use domain::{BrowserEffects, Renewal};
use http::request::Parts;

use crate::http::{app_state::AppState, authn::Authentication, canonical_host, cookies::EmailLinkPage};

/// A request for a page or from a form of ours.
pub struct PageRequest {
    /// The visitor.
    pub visitor: Visitor,
    /// What authenticating it does to the browser.
    pub effects: BrowserEffects,
}

impl PageRequest {
    /// Authenticates a request by its cookie, and reads what its address and its link cookie say.
    ///
    /// # Errors
    /// The problems of a failing database.
    pub async fn load(state: &AppState, parts: &Parts) -> Result<Self, Problems> {
        let client = state.client_info(parts);
        let auth = Authentication::of_cookie(state, &parts.headers, Renewal::WhenDue).await?;
        let effects = auth.effects();
        let signed_in = auth.session.map(|active| active.signed_in);
        let must_accept_terms = match &signed_in {
            Some(signed_in) => {
                state.services.accounts.must_accept_terms(&signed_in.user).await.map_err(Problem::from)?
            }
            None => false,
        };
        let next = canonical_host::next(&parts.uri);
        let link =
            EmailLinkPage::at(parts.uri.path()).and_then(|page| state.cookies().link(&parts.headers, page));
        let (link, link_callback) = link.map(|(token, callback)| (EmailLinkToken(token), callback)).unzip();
        let link_callback = link_callback.unwrap_or_default();
        // A mailed link leads on by itself, without a `next` in the address.
        let on = next.clone().or_else(|| LocalPath::parse(&link_callback));
        let return_to = on.and_then(|on| state.services.oidc.return_to(&on, signed_in.as_ref()));
        let visitor = Visitor { client, signed_in, next, return_to, link, must_accept_terms, link_callback };
        Ok(Self { visitor, effects })
    }
}
