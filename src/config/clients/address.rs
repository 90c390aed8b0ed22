//! Addresses of clients: where codes may be sent (RFC 6749 section 3.1.2), and the origins of pages (RFC 6454).
//!
//! They are compared as exact strings with what browsers send, so each has to be written as a browser writes it.

use domain::ClientKind;
use url::{Host, Url};

use crate::config::{
    PublicOrigin,
    list::Problem,
    loader::shown,
    origin::{is_in_no_host, not_a_web_address},
};

/// The longest address, in bytes. A request that names one has to fit into 3 KB, percent-encoded.
const MAX_ADDRESS: usize = 512;

/// Parameters that a response adds to a redirect URI (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207).
const RESPONSE_PARAMETERS: [&str; 6] = ["code", "state", "iss", "error", "error_description", "error_uri"];

/// Checks an address that a browser is redirected to with a code, or after signing out.
pub(super) fn check_redirect_uri(uri: &str, kind: ClientKind) -> Result<Url, Problem> {
    let url = parse(uri)?;
    if url.fragment().is_some() {
        let problem = format!("{} has a fragment, which redirects lose or mix up with their own", shown(uri));
        return Err((problem, "Leave out # and what follows it".to_owned()));
    }
    match url.scheme() {
        "https" | "http" => check_host(uri, &url)?,
        scheme => check_private_use_scheme(uri, &url, scheme, kind)?,
    }
    if url.as_str() != uri {
        let problem = format!(
            "{} is not written as a browser writes it, and addresses are compared exactly",
            shown(uri)
        );
        return Err((problem, format!("Write {url}")));
    }
    let reserved = url.query_pairs().find(|(name, _)| RESPONSE_PARAMETERS.contains(&name.as_ref()));
    if let Some((name, _)) = reserved {
        let problem = format!("{} holds the parameter {name}, which the response adds", shown(uri));
        return Err((problem, format!("Leave {name} out")));
    }
    Ok(url)
}

/// Checks the origin of a client's pages.
pub(super) fn check_origin(text: &str) -> Result<(), Problem> {
    let url = parse(text)?;
    if !matches!(url.scheme(), "https" | "http") {
        return Err(not_a_web_address(text));
    }
    check_host(text, &url)?;
    let origin = url.origin().ascii_serialization();
    if origin != text {
        let problem = format!("{} is not an origin as browsers write it", shown(text));
        return Err((problem, format!("Write {origin}")));
    }
    Ok(())
}

/// The origin of an address of the web.
pub(super) fn origin_of(url: &Url) -> Option<String> {
    matches!(url.scheme(), "https" | "http").then(|| url.origin().ascii_serialization())
}

fn parse(text: &str) -> Result<Url, Problem> {
    if text.len() > MAX_ADDRESS {
        let problem = format!("{} is {} bytes long", shown(text), text.len());
        return Err((problem, format!("Give at most {MAX_ADDRESS}")));
    }
    if text.contains('*') {
        let problem = format!("{} is a pattern; addresses are compared exactly", shown(text));
        return Err((problem, "List each by its full name".to_owned()));
    }
    let url = Url::parse(text).map_err(|_| not_a_web_address(text))?;
    if !url.username().is_empty() || url.password().is_some() {
        let problem = "the address holds a user name or a password".to_owned();
        return Err((problem, "Leave them out".to_owned()));
    }
    Ok(url)
}

/// A host that belongs to one party, reached in a way that nobody on the network can change.
fn check_host(text: &str, url: &Url) -> Result<(), Problem> {
    let host = url.host_str().filter(|host| !host.contains(is_in_no_host));
    let (Some(host), Some(origin)) = (host, PublicOrigin::of(url)) else {
        return Err(not_a_web_address(text));
    };
    if host.ends_with('.') {
        let problem = format!("the host of {} ends with a dot, which makes it another origin", shown(text));
        return Err((problem, "Leave the dot out".to_owned()));
    }
    if matches!(url.host(), Some(Host::Domain(_))) && is_public_suffix(host) {
        let problem = format!(
            "{host} is a public suffix: anyone can get a host below it, and nobody's pages are on it"
        );
        return Err((problem, format!("Name the full host, such as book.{host}")));
    }
    if !origin.is_https() && !origin.is_loopback() {
        let problem = format!(
            "{} can be read and changed by anyone on the network between it and a reader",
            shown(text)
        );
        return Err((problem, "Write https://; plain http is for this machine alone".to_owned()));
    }
    Ok(())
}

/// Whether a host is a suffix of the Public Suffix List. One without a dot never counts: it is a name of a private network.
fn is_public_suffix(host: &str) -> bool {
    let suffix = psl::suffix(host.as_bytes());
    host.contains('.') && suffix.is_some_and(|it| it.is_known() && it.as_bytes() == host.as_bytes())
}

/// A private-use scheme (RFC 8252 section 7.1), which only a program on the reader's device can receive.
fn check_private_use_scheme(text: &str, url: &Url, scheme: &str, kind: ClientKind) -> Result<(), Problem> {
    if kind != ClientKind::Native {
        let problem = format!("{} cannot be opened by a book or a server", shown(text));
        return Err((
            problem,
            "Write https://; other schemes are for clients without origins and secret".to_owned(),
        ));
    }
    if !scheme.contains('.') {
        let problem = format!("the scheme of {} is nobody's own", shown(text));
        let remedy = "Use a domain of yours in reverse, such as org.example.reader:/callback, or \
                      http://127.0.0.1/callback";
        return Err((problem, remedy.to_owned()));
    }
    if url.cannot_be_a_base() {
        let problem = format!("{} has no path", shown(text));
        return Err((problem, format!("Write {scheme}:/ and the path")));
    }
    Ok(())
}
