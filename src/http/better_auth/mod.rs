//! The API of Better Auth under `/api/auth`, with the older names that lead to the same handlers.

mod deletion;
mod email;
pub mod fields;
mod operation;
mod operations;
mod password;
mod profile;
mod query;
mod request;
mod sessions;
mod shared_bodies;
mod sign_in;
mod sign_up;
mod status;
mod terms;
mod tokens;

pub use operations::operations;
pub use query::Query;
pub use tokens::jwks;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    http::{HeaderValue, Method, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse, Response},
};
use domain::Rule;
use tower_http::set_header::SetResponseHeaderLayer;

use super::{
    app_state::AppState,
    browser_effects::{self, SessionTransport},
    cors::{CorsOrigins, CorsPolicy, cors},
    rate_limit::{self, RateLimits},
    routes::{self, Route},
};

const CORS: CorsPolicy = CorsPolicy {
    origins: CorsOrigins::Trusted,
    methods: &[Method::GET, Method::POST],
    request_headers: &[],
    response_headers: &["set-auth-token", "set-auth-jwt", "retry-after", "x-retry-after"],
};

/// Every path below `/api/auth`.
pub fn routes() -> Vec<Route> {
    vec![
        Route::new("/sign-up/email").alias("/signup/email").post(sign_up::sign_up).limited_by(Rule::SignUp),
        Route::new("/sign-in/email").alias("/signin/email").post(sign_in::sign_in).limited_by(Rule::SignIn),
        Route::new("/sign-out").alias("/signout").post(sessions::sign_out),
        Route::new("/get-session").get(sessions::get_session).post(sessions::deferred_refresh),
        Route::new("/session").get(sessions::get_session).counted_as("/get-session"),
        Route::new("/session/refresh").post(sessions::refresh).counted_as("/get-session"),
        Route::new("/list-sessions").get(sessions::list),
        Route::new("/revoke-session").post(sessions::revoke),
        Route::new("/revoke-sessions").post(sessions::revoke_all),
        Route::new("/revoke-other-sessions").post(sessions::revoke_others),
        Route::new("/update-user").post(profile::update_user),
        Route::new("/terms").get(terms::terms),
        Route::new("/accept-terms").post(terms::accept_terms),
        Route::new("/list-accounts").get(profile::list_accounts),
        Route::new("/unlink-account").post(profile::unlink_account),
        Route::new("/change-password").post(password::change_password).limited_by(Rule::ChangePassword),
        Route::new("/verify-password").post(password::verify_password),
        Route::new("/request-password-reset")
            .post(password::request_password_reset)
            .limited_by(Rule::RequestPasswordReset),
        Route::new("/reset-password").post(password::reset_password),
        Route::new("/reset-password/{token}").get(password::reset_link),
        Route::new("/change-email").post(email::change_email).limited_by(Rule::ChangeEmail),
        Route::new("/send-verification-email")
            .post(email::send_verification)
            .limited_by(Rule::SendVerification),
        Route::new("/verify-email").get(email::verify_email),
        Route::new("/delete-user").post(deletion::delete_user),
        Route::new("/delete-user/callback").get(deletion::callback),
        Route::new("/user").get(profile::user),
        Route::new("/token").get(tokens::token),
        Route::new("/jwks").get(tokens::jwks),
        Route::new("/ok").get(status::ok),
        Route::new("/error").get(status::error),
    ]
}

/// The router of these paths. Whatever is not among them is a 404 without a body, a wrong method too.
pub fn router(state: &AppState) -> Router<AppState> {
    let routes = routes();
    let limits = RateLimits::of(&routes);
    routes::router(routes)
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(
            (state.clone(), SessionTransport::ApiCookiesAndToken),
            browser_effects::apply,
        ))
        .layer(from_fn_with_state((state.clone(), limits), rate_limit::better_auth))
        .layer(SetResponseHeaderLayer::if_not_present(
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(cors(state, &CORS))
        .layer(from_fn(only_preflights))
}

/// `CorsLayer` takes every OPTIONS for a preflight and answers it with 200. One that names no method is none (Fetch
/// standard, CORS protocol), and a wrong method like any other.
async fn only_preflights(request: Request, next: Next) -> Response {
    let is_preflight = request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
        && request.headers().contains_key(header::ORIGIN);
    if request.method() == Method::OPTIONS && !is_preflight {
        return not_found().await.into_response();
    }
    next.run(request).await
}

/// 404 without a body.
pub async fn not_found() -> StatusCode {
    StatusCode::NOT_FOUND
}

#[cfg(test)]
mod tests {
    use contract::Questions;
    use serde_json::{Map, Value, json};
    use utoipa::ToSchema;

    use super::fields::RequestBody;

    /// The fields of the problems that a body is refused with.
    fn refused<T: RequestBody + std::fmt::Debug>(body: &Value) -> Vec<String> {
        let read = T::from_json(Some(body), &Questions::default());
        let problems =
            read.err().into_iter().flat_map(|problems| problems.iter().cloned().collect::<Vec<_>>());
        problems.filter_map(|problem| problem.field).collect()
    }

    fn check<T: RequestBody + ToSchema + std::fmt::Debug>() {
        let schema = serde_json::to_value(T::schema()).unwrap();
        let names: Vec<String> = schema["properties"].as_object().unwrap().keys().cloned().collect();
        let required: Vec<String> = serde_json::from_value(schema["required"].clone()).unwrap_or_default();
        // In reverse, so that it is not the order of the body that counts.
        let mistyped: Map<String, Value> = names.iter().rev().map(|name| (name.clone(), json!([]))).collect();
        assert_eq!(refused::<T>(&mistyped.into()), names, "{}", T::name());
        assert_eq!(refused::<T>(&json!({})), required, "{}", T::name());
    }

    #[test]
    fn every_field_of_a_schema_is_read_in_its_order_and_required_where_it_says_so() {
        check::<super::sign_up::SignUpBody>();
        check::<super::sign_in::SignInBody>();
        check::<super::sessions::RevokeSessionBody>();
        check::<super::profile::UpdateUserBody>();
        check::<super::terms::AcceptTermsBody>();
        check::<super::profile::UnlinkAccountBody>();
        check::<super::password::ChangePasswordBody>();
        check::<super::password::VerifyPasswordBody>();
        check::<super::password::RequestPasswordResetBody>();
        check::<super::password::ResetPasswordBody>();
        check::<super::email::SendVerificationBody>();
        check::<super::email::ChangeEmailBody>();
        check::<super::deletion::DeleteUserBody>();
    }
}
