//! One declaration for each address: its path and older names, methods with their handlers, rate limit, the page its form is
//! on, bodies and embedding. The router, the rate limiter and the redirect from a form's address to its page derive from
//! it; `docs/openapi.json` is compared with it.
//!
//! Each group of routes is a function that returns a list of [`Route`]: [`super::pages::routes`],
//! [`super::better_auth::routes`], [`super::conversations::routes`], [`super::oauth`], [`super::openapi::routes`]. A new group
//! has a list of its own and a line in [`super::router`].

use std::convert::Infallible;

use axum::{
    Router,
    extract::Request,
    handler::Handler,
    middleware::{Next, from_fn},
    response::Response,
    routing::{MethodFilter, MethodRouter},
};
use domain::Rule;
use http::Method;

use super::{app_state::AppState, security_headers::Embedding};

/// The largest body of a form or of the Better Auth API, in bytes.
pub const MAX_BODY: usize = 64 * 1024;

/// An address.
#[derive(Debug)]
pub struct Route {
    /// The path as axum matches it, parameters in braces; below the group's prefix, if it has one.
    pub path: &'static str,
    /// Older names of the same address.
    pub aliases: Vec<&'static str>,
    /// The methods it knows.
    pub methods: Vec<Method>,
    /// What each request to it is handled with.
    pub settings: RouteSettings,
    handlers: MethodRouter<AppState>,
}

/// What applies to each request to an address. Handlers find it among the request's extensions.
#[derive(Debug, Clone, Copy)]
pub struct RouteSettings {
    /// How often it may be asked.
    pub rate_limit: RateLimit,
    /// The page that a form sent here is on; `None` when it is this one.
    pub page: Option<&'static str>,
    /// The bodies that it reads.
    pub body: BodyRule,
    /// Who may embed the answers.
    pub embedding: Embedding,
}

/// What bodies an address reads, how fast they have to come, and what they take of the server's memory
/// ([`super::request_body`], [`super::large_bodies`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyRule {
    /// Up to [`MAX_BODY`] bytes, within 15 seconds.
    Small,
    /// Up to so many bytes. One of more than [`MAX_BODY`] counts toward the memory that all of them share, is the only one of
    /// its reader, and is bounded by silence and rate instead of its whole time.
    Large(usize),
    /// The same, but never whole in memory: it is read as it arrives.
    Streamed(usize),
}

impl BodyRule {
    /// The largest body, in bytes.
    pub const fn limit(self) -> usize {
        match self {
            Self::Small => MAX_BODY,
            Self::Large(bytes) | Self::Streamed(bytes) => bytes,
        }
    }
}

/// How requests to an address are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// The rule they count under.
    pub rule: Rule,
    /// With which others they are counted under [`Rule::Requests`].
    pub bucket: &'static str,
}

impl RateLimit {
    /// Counted together with everything that has no bucket of its own, what clients make up included.
    pub const OTHER: Self = Self { rule: Rule::Requests, bucket: "other" };
}

impl Default for RouteSettings {
    fn default() -> Self {
        Self {
            rate_limit: RateLimit::OTHER,
            page: None,
            body: BodyRule::Small,
            embedding: Embedding::SAME_ORIGIN,
        }
    }
}

impl RouteSettings {
    /// The settings of the route that a request has reached; those of any other address when it has reached none.
    pub fn of(extensions: &http::Extensions) -> Self {
        extensions.get().copied().unwrap_or_default()
    }
}

impl Route {
    /// An address that knows no method yet.
    pub fn new(path: &'static str) -> Self {
        Self {
            path,
            aliases: Vec::new(),
            methods: Vec::new(),
            settings: RouteSettings::default(),
            handlers: MethodRouter::new(),
        }
    }

    /// Handles GET, and HEAD as axum does.
    pub fn get<H: Handler<T, AppState>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::GET, MethodFilter::GET, handler)
    }

    /// Handles POST.
    pub fn post<H: Handler<T, AppState>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::POST, MethodFilter::POST, handler)
    }

    /// Handles PUT.
    pub fn put<H: Handler<T, AppState>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::PUT, MethodFilter::PUT, handler)
    }

    /// Handles PATCH.
    pub fn patch<H: Handler<T, AppState>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::PATCH, MethodFilter::PATCH, handler)
    }

    /// Handles DELETE.
    pub fn delete<H: Handler<T, AppState>, T: 'static>(self, handler: H) -> Self {
        self.on(Method::DELETE, MethodFilter::DELETE, handler)
    }

    fn on<H: Handler<T, AppState>, T: 'static>(
        mut self,
        method: Method,
        filter: MethodFilter,
        handler: H,
    ) -> Self {
        self.methods.push(method);
        self.handlers = self.handlers.on(filter, handler);
        self
    }

    /// An older name of the same address.
    pub fn alias(mut self, path: &'static str) -> Self {
        self.aliases.push(path);
        self
    }

    /// Counts requests under a rule of their own.
    pub fn limited_by(mut self, rule: Rule) -> Self {
        self.settings.rate_limit.rule = rule;
        self
    }

    /// Counts requests together with others of the same name, when no rule of their own applies.
    pub fn counted_as(mut self, bucket: &'static str) -> Self {
        self.settings.rate_limit.bucket = bucket;
        self
    }

    /// Names the page that the form is on.
    pub fn form_on(mut self, page: &'static str) -> Self {
        self.settings.page = Some(page);
        self
    }

    /// Reads bodies by another rule than [`BodyRule::Small`].
    pub fn body(mut self, rule: BodyRule) -> Self {
        self.settings.body = rule;
        self
    }

    /// Adds the address and its older names to a router.
    pub fn mount(self, router: Router<AppState>) -> Router<AppState> {
        let settings = self.settings;
        let with_settings = move |mut request: Request, next: Next| async move {
            request.extensions_mut().insert(settings);
            let mut response: Response = next.run(request).await;
            response.extensions_mut().insert(settings.embedding);
            response
        };
        let handlers = self.handlers.layer::<_, Infallible>(from_fn(with_settings));
        let paths = self.aliases.into_iter().chain([self.path]);
        paths.fold(router, |router, path| router.route(path, handlers.clone()))
    }
}

/// A router of some routes.
pub fn router(routes: Vec<Route>) -> Router<AppState> {
    routes.into_iter().fold(Router::new(), |router, route| route.mount(router))
}
