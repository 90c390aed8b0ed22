//! Who calls: a chatbot with a reader's token, or a page with a reader's cookie.

use axum::extract::FromRequestParts;
use contract::{Code, Problem, Reason};
use domain::{
    ActiveSession, BrowserEffects, ConversationAccess, ConversationScope, LimitError, Principal,
    READ_CONVERSATIONS, Renewal, Rule, SessionHandle, SignedIn, WRITE_CONVERSATIONS,
};
use http::{HeaderMap, Method, header, request::Parts};

use crate::http::errors::ProblemResponse;
use crate::http::{
    app_state::AppState, authn::bearer, browser_effects::NotedEffects, csrf::OriginPolicy, rate_limit,
};

/// A reader, by token or by cookie.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The reader and the session the call belongs to.
    pub signed_in: SignedIn,
    /// The token's `jti`; `None` for a cookie.
    token_id: Option<String>,
    /// When the token ends, in Unix seconds; `None` for a cookie.
    pub ends_at: Option<i64>,
    /// Whether it has ended already.
    expired: bool,
    /// What it may do; everything for a cookie.
    access: ConversationAccess,
    /// The client that the token was issued to; for a cookie, the client whose page has sent it.
    client_id: Option<String>,
    /// Whether it sees the conversations of that client alone.
    only_of_client: bool,
}

impl Caller {
    /// The reader's id.
    pub fn user_id(&self) -> &str {
        &self.signed_in.user.id
    }

    /// Who writes.
    pub fn principal(&self) -> Principal<'_> {
        let client_id = self.client_id.as_deref();
        let own = client_id.filter(|_| self.only_of_client);
        Principal {
            user_id: self.user_id(),
            token_id: self.token_id.as_deref(),
            expired: self.expired,
            client_id,
            scope: own.map_or(ConversationScope::All, ConversationScope::Client),
        }
    }
}

/// A caller whose token may have expired within an hour: only for finishing what that token has begun.
#[derive(Debug)]
pub struct CallerAllowExpired(pub Caller);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ProblemResponse> {
        let CallerAllowExpired(caller) = CallerAllowExpired::from_request_parts(parts, state).await?;
        if caller.expired { Err(Problem::new(Code::InvalidToken).into()) } else { Ok(caller) }
    }
}

/// A caller whose profile is asked for, whatever the token opens of conversations.
#[derive(Debug)]
pub struct ProfileCaller(pub Caller);

impl FromRequestParts<AppState> for CallerAllowExpired {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ProblemResponse> {
        let caller = authenticate(parts, state, Purpose::Conversations).await?;
        check_scope(caller.access, &parts.method)?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<AppState> for ProfileCaller {
    type Rejection = ProblemResponse;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ProblemResponse> {
        let caller = authenticate(parts, state, Purpose::Profile).await?;
        if caller.expired { Err(Problem::new(Code::InvalidToken).into()) } else { Ok(Self(caller)) }
    }
}

/// What a token is presented for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Conversations,
    Profile,
}

/// Finds out who calls, and counts the call.
async fn authenticate(
    parts: &mut Parts,
    state: &AppState,
    purpose: Purpose,
) -> Result<Caller, ProblemResponse> {
    let caller = match parts.headers.contains_key(header::AUTHORIZATION) {
        true => by_token(state, &parts.headers, purpose).await,
        false => by_cookie(state, parts).await,
    };
    match caller {
        Ok(caller) => {
            count(state, &caller, parts)?;
            Ok(caller)
        }
        Err(refused) => {
            // Rate-limit unauthenticated requests by IP address, so that tokens cannot be brute-forced.
            rate_limit::check_anonymous(state, parts).await?;
            Err(refused)
        }
    }
}

async fn by_token(
    state: &AppState,
    headers: &HeaderMap,
    purpose: Purpose,
) -> Result<Caller, ProblemResponse> {
    let token = bearer(headers).ok_or_else(|| Problem::new(Code::InvalidToken))?;
    let tokens = &state.services.tokens;
    let verified = match purpose {
        Purpose::Conversations => tokens.verify_for_conversations(&token).await?,
        Purpose::Profile => tokens.verify_for_profile(&token).await?,
    };
    let only_of_client = verified.scope() != ConversationScope::All;
    Ok(Caller {
        signed_in: verified.signed_in,
        token_id: verified.token_id,
        ends_at: Some(verified.ends_at),
        expired: verified.expired,
        access: verified.conversations,
        client_id: verified.client_id,
        only_of_client,
    })
}

async fn by_cookie(state: &AppState, parts: &mut Parts) -> Result<Caller, ProblemResponse> {
    let origins = &state.site.trusted_origins;
    match parts.method {
        Method::GET | Method::HEAD => origins.check_reading_origin(&parts.headers)?,
        _ => origins.check_origin(&parts.headers, OriginPolicy::WithCookie)?,
    }
    let nobody = || Problem::new(Code::Unauthorized);
    let presented: SessionHandle = state.api_session(&parts.headers).ok_or_else(nobody)?;
    let resolved = state.services.sessions.resolve(&presented, Renewal::WhenDue).await?;
    let resolved: ActiveSession = resolved.ok_or_else(nobody)?;
    let caller = Caller {
        signed_in: resolved.signed_in.clone(),
        token_id: None,
        ends_at: None,
        expired: false,
        access: ConversationAccess::WRITE,
        client_id: client_of_page(state, &parts.headers),
        only_of_client: false,
    };
    if resolved.renewed
        && let Some(noted) = parts.extensions.get::<NotedEffects>()
    {
        noted.note(BrowserEffects::renewed(resolved.signed_in.session));
    }
    Ok(caller)
}

/// The client whose page has sent a request, by its `Origin`; none for a page of ours.
fn client_of_page(state: &AppState, headers: &HeaderMap) -> Option<String> {
    let origin = headers.get(header::ORIGIN)?.to_str().ok()?;
    if origin == state.site.origin.as_str() {
        return None;
    }
    state.services.clients.find_by_origin(origin).map(|client| client.id.clone())
}

/// Whether a token may be used with this method: the safe ones read, all others write.
fn check_scope(access: ConversationAccess, method: &Method) -> Result<(), Problem> {
    let (allowed, needed) = match *method {
        Method::GET | Method::HEAD => (access.read, READ_CONVERSATIONS),
        _ => (access.write, WRITE_CONVERSATIONS),
    };
    let refused =
        || Problem { reason: Some(Reason::Scope { needed }), ..Problem::new(Code::InsufficientScope) };
    if allowed { Ok(()) } else { Err(refused()) }
}

/// Counts a call of a reader. Many readers come by one chatbot from one address, so the address does not count.
fn count(state: &AppState, caller: &Caller, parts: &Parts) -> Result<(), ProblemResponse> {
    let kind = match parts.method {
        Method::GET | Method::HEAD => "read",
        _ => "write",
    };
    let counted = state.services.limits.check_request(Rule::Conversations, caller.user_id(), kind);
    if let Err(LimitError::Exceeded { .. }) = &counted {
        tracing::info!(user = %caller.user_id(), rule = ?Rule::Conversations, "too many requests");
    }
    counted.map_err(|error| Problem::from(error).into())
}
