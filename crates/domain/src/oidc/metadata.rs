//! What clients discover (OpenID Connect Discovery 1.0 section 3, RFC 8414 section 2).

use contract::routes;
use serde_json::{Value, json};

use super::{Oidc, Scope};

impl Oidc {
    /// The metadata of this provider.
    pub fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer());
        let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.name()).collect();
        json!({
            "issuer": self.issuer(),
            "authorization_endpoint": at(routes::AUTHORIZE),
            "token_endpoint": at(routes::TOKEN_ENDPOINT),
            "userinfo_endpoint": at(routes::USERINFO),
            "jwks_uri": at(routes::JWKS),
            "revocation_endpoint": at(routes::REVOKE),
            "introspection_endpoint": at(routes::INTROSPECT),
            "end_session_endpoint": at(routes::END_SESSION_ENDPOINT),
            "scopes_supported": scopes,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.tokens.algorithm().name()],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "revocation_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "create", "consent"],
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "name", "picture", "updated_at", "email",
                "email_verified",
            ],
            "authorization_response_iss_parameter_supported": true,
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            "request_uri_parameter_supported": false,
        })
    }
}
