//! Parameters of requests: a query, or the body of a form.

use url::form_urlencoded;

use super::OAuthError;

/// The parameters of a request. Those that are not asked for are ignored (RFC 6749 section 3.1).
#[derive(Debug, Clone)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Parses `application/x-www-form-urlencoded`.
    pub fn parse(encoded: &[u8]) -> Self {
        Self(form_urlencoded::parse(encoded).into_owned().collect())
    }

    /// The value of a parameter; `None` when it is missing or empty, which are the same (RFC 6749 section 3.1).
    ///
    /// # Errors
    /// `invalid_request` when it stands more than once, or has control characters or bytes that are not UTF-8.
    pub fn get(&self, name: &str) -> Result<Option<&str>, OAuthError> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() {
            return Err(OAuthError::invalid_request(
                "A parameter stands twice in the request. Send it once.",
            ));
        }
        if value
            .is_some_and(|value| value.chars().any(|c| c.is_control() || c == char::REPLACEMENT_CHARACTER))
        {
            return Err(OAuthError::invalid_request(
                "A parameter has control characters or is not UTF-8. Send plain text, percent-encoded.",
            ));
        }
        Ok(value.filter(|value| !value.is_empty()))
    }

    /// Whether an authorization request asks not to show a page (OpenID Connect Core 1.0 section 3.1.2.1).
    pub fn asks_for_no_page(&self) -> bool {
        self.0.iter().any(|(name, value)| name == "prompt" && value.split(' ').any(|it| it == "none"))
    }

    /// The value of a parameter that may stand more than once, where only one is supported.
    pub(super) fn has_several(&self, name: &str) -> bool {
        self.0.iter().filter(|(key, _)| key == name).count() > 1
    }

    /// The value of a parameter, or an error that says it is missing.
    ///
    /// # Errors
    /// `missing`, or those of [`Parameters::get`].
    pub(super) fn require(&self, name: &str, missing: &'static str) -> Result<&str, OAuthError> {
        self.get(name)?.ok_or(OAuthError::invalid_request(missing))
    }
}
