//! The `Contact` of `/.well-known/security.txt`.

use contract::Email;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use super::{
    Mail, PublicOrigin,
    loader::{Loader, RawValue},
    variables,
};

/// Unreserved characters of a `mailto:` address (RFC 6068 section 2), besides letters and digits.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'@').remove(b'.').remove(b'-').remove(b'_');

/// A URI on one line (RFC 9116 section 2.5.3). Without the variable: the sender of mails, or Bookplate's own pages.
pub(super) fn security_contact(
    loader: &mut Loader<'_>,
    mail: &Mail,
    origin: Option<&PublicOrigin>,
) -> String {
    let Some(RawValue { name, text }) = loader.value(&variables::SECURITY_CONTACT) else {
        return match (&mail.server, origin) {
            (Some(_), _) => mailto(mail.from.email.as_ref()),
            (None, origin) => origin.map_or_else(String::new, |origin| origin.as_str().to_owned()),
        };
    };
    contact_uri(text).unwrap_or_else(|| {
        // The value is not shown: an address is personal data, and a page's address may hold a password.
        let remedy =
            "Give an address such as security@example.org, mailto:... or the https:// address of a page";
        loader.refuse(&name, "nobody can be reached by this", remedy);
        String::new()
    })
}

/// A `mailto:` URI or the address of a page; `None` for what reaches nobody.
pub(super) fn contact_uri(text: &str) -> Option<String> {
    if let Ok(address) = Email::parse(text) {
        return Some(mailto(address.as_str()));
    }
    if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let reaches = match url.scheme() {
        "https" => text.starts_with("https://") && url.username().is_empty() && url.password().is_none(),
        "mailto" => {
            let decoded = percent_decode_str(url.path()).decode_utf8();
            decoded.is_ok_and(|address| Email::parse(&address).is_ok())
        }
        _ => false,
    };
    reaches.then(|| url.to_string())
}

fn mailto(address: &str) -> String {
    format!("mailto:{}", utf8_percent_encode(address, UNRESERVED))
}
