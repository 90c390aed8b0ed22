//! `GET /oauth2/logout`.

use axum::{
    extract::{Request, State},
    response::Response,
};
use contract::routes;
use domain::{BrowserEffects, LoggedOut, LogoutError, Renewal};
use http::HeaderValue;

use super::{authorize::refused, request::see_other};
use crate::http::{
    app_state::AppState, authn::Authentication, browser_effects::WithBrowserEffects, pages::render_problem,
    rate_limit,
};

/// Signs out for a client, and sends the browser back to it.
pub async fn log_out(State(state): State<AppState>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let authenticated = async {
        rate_limit::form(&state, &parts).await?;
        Authentication::of_cookie(&state, &parts.headers, Renewal::Never).await
    };
    let auth = match authenticated.await {
        Ok(auth) => auth,
        Err(problems) => return render_problem(&state, parts.uri, problems.first().clone()).await,
    };
    let signed_in = auth.session.as_ref().map(|active| &active.signed_in);
    let query = parts.uri.query().unwrap_or_default();
    let outcome = state.services.oidc.log_out(query, signed_in, &state.client_info(&parts)).await;
    let (address, effects) = match outcome {
        Ok(LoggedOut::Respond(address)) => {
            let had_cookie = auth.handle.is_some();
            let effects = if had_cookie { BrowserEffects::ended() } else { BrowserEffects::default() };
            (address.unwrap_or_else(|| routes::HOME.to_owned()), effects)
        }
        Ok(LoggedOut::Ask(page)) => (page.as_str().to_owned(), auth.effects()),
        Err(LogoutError::Refused(error)) => {
            return render_problem(&state, parts.uri, refused(error.description)).await;
        }
        Err(LogoutError::Failure(failure)) => {
            return render_problem(&state, parts.uri, failure.into()).await;
        }
    };
    match HeaderValue::try_from(address) {
        Ok(location) => see_other(location).with_effects(effects),
        Err(_) => render_problem(&state, parts.uri, refused("The request cannot be read.")).await,
    }
}
