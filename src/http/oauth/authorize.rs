//! `GET /oauth2/authorize`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::{Code, LocalPath, Problem, Reason, routes, with_next};
use domain::{Authorized, Parameters, Refusal, Renewal, SignedIn};
use http::HeaderValue;

use super::request::see_other;
use crate::http::{
    app_state::AppState, authn::Authentication, browser_effects::WithBrowserEffects, pages::render_problem,
    rate_limit,
};

/// Answers an authorization request: sends the browser to the client, or to a page of ours that leads back here.
pub async fn authorize(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let authenticated = async {
        rate_limit::form(&state, &parts).await?;
        Authentication::of_cookie(&state, &parts.headers, Renewal::WhenDue).await
    };
    let auth = match authenticated.await {
        Ok(auth) => auth,
        Err(problems) => return render_problem(&state, parts.uri, problems.first().clone()).await,
    };
    state.services.tokens.reload_if_stale().await;
    let signed_in = auth.session.as_ref().map(|active| &active.signed_in);
    let query = parts.uri.query().unwrap_or_default();
    match terms_first(&state, signed_in, query).await {
        Ok(None) => {}
        Ok(Some(response)) => return response.with_effects(auth.effects()),
        Err(problem) => return render_problem(&state, parts.uri, problem).await,
    }
    let response = match state.services.oidc.authorize(query, signed_in).await {
        Ok(Authorized::Respond(address)) => redirect(&address),
        Ok(Authorized::SignIn(next)) => lead_to(routes::SIGN_IN, &next),
        Ok(Authorized::SignUp(next)) => lead_to(routes::SIGN_UP, &next),
        Ok(Authorized::Consent(next)) => lead_to(routes::CONSENT, &next),
        Err(refusal) => Err(explain(&refusal, state.site.origin.is_loopback())),
    };
    match response {
        Ok(response) => response.with_effects(auth.effects()),
        Err(problem) => render_problem(&state, parts.uri, problem).await,
    }
}

/// Leads a reader who has to accept the author's terms to them first. Where no page may be shown, they are asked the next time.
async fn terms_first(
    state: &AppState,
    signed_in: Option<&SignedIn>,
    query: &str,
) -> Result<Option<Response>, Problem> {
    let Some(signed_in) = signed_in.filter(|_| !Parameters::parse(query.as_bytes()).asks_for_no_page())
    else {
        return Ok(None);
    };
    if !state.services.accounts.must_accept_terms(&signed_in.user).await? {
        return Ok(None);
    }
    let next = LocalPath::parse(&format!("{}?{query}", routes::AUTHORIZE));
    next.map(|next| lead_to(routes::TERMS, &next)).transpose()
}

fn lead_to(page: &str, next: &LocalPath) -> Result<Response, Problem> {
    redirect(&with_next(page, Some(next)))
}

fn redirect(address: &str) -> Result<Response, Problem> {
    let location = HeaderValue::try_from(address);
    location.map(see_other).map_err(|_| refused("The request has characters that no address can have."))
}

/// A request that a page of ours explains.
pub fn refused(sentence: impl Into<String>) -> Problem {
    let reason = Some(Reason::Sentence(sentence.into()));
    Problem { reason, ..Problem::new(Code::InvalidAuthorizationRequest) }
}

/// What is wrong with a request, in sentences that name the client and its redirect URI. The edit that mends it is for the
/// operator: it is shown on their own machine, and logged anywhere else.
fn explain(refusal: &Refusal, is_local: bool) -> Problem {
    let (sentence, edit) = match refusal {
        Refusal::TooLong => (
            "The book sent you here with a request that is too long.".to_owned(),
            "Keep the parameters of the request within 3 KB, for example with a shorter state.".to_owned(),
        ),
        Refusal::Malformed(error) => (
            "The book sent you here with a request that cannot be read.".to_owned(),
            error.description.to_owned(),
        ),
        Refusal::NoClient => (
            "The page that sent you here does not say which book it belongs to.".to_owned(),
            "Send client_id, the id of a client in bookplate.toml.".to_owned(),
        ),
        Refusal::UnknownClient { client_id } => {
            let id = shortened(client_id);
            (
                format!("No book or service is registered here as \u{201c}{id}\u{201d}."),
                format!("Declare a client with id = \"{id}\" under [[clients]] in bookplate.toml."),
            )
        }
        Refusal::NoRedirectUri { client } => (
            format!("{} sent you here without saying where to send you back.", client.name),
            format!("Send redirect_uri, one of redirect_uris of the client \"{}\".", client.id),
        ),
        Refusal::UnknownRedirectUri { client, redirect_uri } => {
            let uri = shortened(redirect_uri);
            (
                format!("{} wants you back at an address that is not registered for it: {uri}.", client.name),
                format!(
                    "Add \"{uri}\" to redirect_uris of the client \"{}\" in bookplate.toml, exactly so.",
                    client.id
                ),
            )
        }
    };
    if is_local {
        return refused(format!("{sentence} {edit}"));
    }
    tracing::warn!(reason = sentence, remedy = edit, "authorization request refused");
    refused(sentence)
}

/// A value of a request, cut to what fits a page and a line of the log.
fn shortened(text: &str) -> String {
    const MAX: usize = 200;
    let mut short: String = text.chars().filter(|c| !c.is_control()).take(MAX).collect();
    if text.chars().count() > MAX {
        short.push('\u{2026}');
    }
    short
}
