//! Authentication of clients (RFC 6749 section 2.3).

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;

use super::{Client, ClientKind, OAuthError, OAuthErrorCode, Oidc, Parameters};

/// `client_secret_basic`: the id and secret of an `Authorization: Basic` header.
#[derive(Debug)]
struct BasicCredentials {
    id: String,
    /// As it stands, and form-decoded: RFC 6749 section 2.3.1 wants it encoded, and many clients do not.
    secrets: Vec<String>,
}

impl Oidc {
    /// The client of a request to an endpoint for clients. A confidential one has to prove its secret by
    /// `client_secret_basic` or `client_secret_post`; a public one names itself.
    ///
    /// # Errors
    /// `invalid_client`, or `invalid_request` when it authenticates in two ways.
    pub fn authenticate_client(
        &self,
        authorization: Option<&str>,
        parameters: &Parameters,
    ) -> Result<Arc<Client>, OAuthError> {
        let posted = parameters.get("client_secret")?;
        let named = parameters.get("client_id")?;
        let (id, secrets): (_, Vec<String>) = match authorization {
            None => (named.map(str::to_owned), posted.map(str::to_owned).into_iter().collect()),
            Some(_) if posted.is_some() => {
                let description = "The client authenticates twice. Send its secret in one place only.";
                return Err(OAuthError::invalid_request(description));
            }
            Some(header) => {
                let BasicCredentials { id, secrets } = BasicCredentials::parse(header).ok_or(invalid(
                    "The Authorization header cannot be read. Send Basic with base64 of id:secret.",
                ))?;
                if named.is_some_and(|named| named != id) {
                    return Err(OAuthError::invalid_request(
                        "client_id differs from the Authorization header.",
                    ));
                }
                (Some(id), secrets)
            }
        };
        let id = id.ok_or(invalid("client_id is missing."))?;
        let client = self.clients.find(&id).ok_or(invalid("No client has this client_id."))?;
        let is_accepted = secrets.iter().filter(|secret| client.accepts_secret(secret)).count() > 0;
        match (client.kind(), secrets.is_empty()) {
            (ClientKind::Confidential, false) if is_accepted => Ok(client),
            (ClientKind::Confidential, false) => Err(invalid("The client secret is wrong.")),
            (ClientKind::Confidential, true) => Err(invalid("The client secret is missing.")),
            (_, true) => Ok(client),
            (_, false) => Err(invalid("This client has no secret. Send client_id alone.")),
        }
    }
}

fn invalid(description: &'static str) -> OAuthError {
    OAuthError::new(OAuthErrorCode::InvalidClient, description)
}

impl BasicCredentials {
    fn parse(header: &str) -> Option<Self> {
        let (scheme, encoded) = header.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        let secrets = [Some(secret.to_owned()), form_decoded(secret)].into_iter().flatten().collect();
        Some(Self { id: form_decoded(id)?, secrets })
    }
}

/// One value in `application/x-www-form-urlencoded`.
fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_form_encoded_and_as_it_stands() {
        let header = format!("Basic {}", STANDARD.encode("my-book:a%3Ab%2Bc+d"));
        let read = BasicCredentials::parse(&header).unwrap();
        assert_eq!(
            (read.id.as_str(), read.secrets),
            ("my-book", vec!["a%3Ab%2Bc+d".to_owned(), "a:b+c d".to_owned()])
        );
        for header in ["", "Basic", "Basic !", "Bearer bXktYm9vazp4", "Basic bXktYm9vaw=="] {
            assert!(BasicCredentials::parse(header).is_none(), "{header}");
        }
    }
}
