//! Bookplate's own origin and the origins it trusts (RFC 6454).

use url::{Host, Url};

use super::{
    list::{self, Problem},
    loader::{Loader, RawValue, shown},
    variables,
};

/// Where readers reach Bookplate: a scheme, a host and perhaps a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOrigin {
    serialized: String,
    host: String,
    port: u16,
    https: bool,
    loopback: bool,
}

/// The origin of a book in development (Docusaurus' own default), trusted while Bookplate itself is on this machine.
pub(super) const BOOK_IN_DEVELOPMENT: &str = "http://localhost:3000";

impl PublicOrigin {
    /// `scheme://host[:port]`, as a browser writes it in `Origin`: lower case, without a default port.
    pub fn as_str(&self) -> &str {
        &self.serialized
    }

    /// The host, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, also when it is the scheme's own.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Whether the scheme is https.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether the host is this machine: `localhost`, a name below it, 127.0.0.0/8 or `[::1]`.
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    pub(super) fn of(url: &Url) -> Option<Self> {
        Some(Self {
            serialized: url.origin().ascii_serialization(),
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
            https: url.scheme() == "https",
            loopback: match url.host()? {
                Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
                Host::Ipv4(address) => address.is_loopback(),
                Host::Ipv6(address) => address.is_loopback(),
            },
        })
    }
}

/// The public origin; `None` when it cannot be used, which is reported.
pub(super) fn public(loader: &mut Loader<'_>, port: u16) -> Option<PublicOrigin> {
    let default = format!("http://localhost:{port}");
    let found = loader.value(&variables::URL);
    let (name, text) =
        found.map_or((variables::URL.name.to_owned(), default.as_str()), |it| (it.name, it.text));
    let checked = web_url(text).and_then(|url| {
        let origin = PublicOrigin::of(&url).ok_or_else(|| not_a_web_address(text))?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            let problem = format!("{} is more than an origin", shown(text));
            return Err((
                problem,
                format!("Write {}; Bookplate is served at the root of a host", origin.as_str()),
            ));
        }
        if !origin.is_https() && !origin.is_loopback() {
            let problem = format!("{} would send passwords over the network in the clear", origin.as_str());
            return Err((
                problem,
                "Write https://, and let a proxy in front of Bookplate speak TLS".to_owned(),
            ));
        }
        Ok(origin)
    });
    checked.map_err(|(problem, remedy)| loader.refuse(&name, problem, remedy)).ok()
}

/// Whether two spellings name one origin.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let origin = |text: &str| web_url(text.trim()).ok().map(|url| (url.origin(), url.path().to_owned()));
    one.trim() == other.trim() || origin(one).is_some_and(|one| origin(other) == Some(one))
}

/// The origins whose pages may send requests with a reader's cookie, Bookplate's own first.
pub(super) fn trusted(loader: &mut Loader<'_>, public: Option<&PublicOrigin>) -> Vec<String> {
    let local = public.is_some_and(PublicOrigin::is_loopback);
    let mut origins: Vec<String> = public.map(|public| public.as_str().to_owned()).into_iter().collect();
    if local {
        origins.push(BOOK_IN_DEVELOPMENT.to_owned());
    }
    if let Some(RawValue { name, text }) = loader.value(&variables::TRUSTED_ORIGINS) {
        let entries = list::entries(&variables::TRUSTED_ORIGINS, &name, text);
        let entries = entries.unwrap_or_else(|(problem, remedy)| {
            loader.refuse(&name, problem, remedy);
            Vec::new()
        });
        for entry in entries {
            match trusted_origin(&entry, local) {
                Ok(origin) => origins.push(origin),
                Err((problem, remedy)) => loader.refuse(&name, problem, remedy),
            }
        }
    }
    let mut seen = Vec::new();
    origins.retain(|origin| {
        !seen.contains(origin) && {
            seen.push(origin.clone());
            true
        }
    });
    origins
}

fn trusted_origin(entry: &str, local: bool) -> Result<String, Problem> {
    let authority =
        entry.split_once("://").map_or(entry, |(_, rest)| rest).split('/').next().unwrap_or_default();
    if authority.contains(['*', '?']) {
        return Err((
            format!(
                "{} is a pattern; anyone can get a host under a shared suffix such as vercel.app or github.io, and \
                 would then act for your readers",
                shown(entry)
            ),
            "List each origin by its full name".to_owned(),
        ));
    }
    let origin = PublicOrigin::of(&web_url(entry)?).ok_or_else(|| not_a_web_address(entry))?;
    if origin.is_https() || origin.is_loopback() || local {
        return Ok(origin.serialized);
    }
    let problem =
        format!("{} can be changed by anyone on the network between it and a reader", origin.as_str());
    Err((problem, "Write https://; plain http is for this machine alone".to_owned()))
}

/// Parses an http or https URL without credentials.
fn web_url(text: &str) -> Result<Url, Problem> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // `http:example.org` and backslashes are read kindly by browsers; a configuration can be written properly.
    let url = url.filter(|_| text.contains("://") && !text.contains('\\'));
    // The URL standard lets a host have a semicolon or a comma; no host has one, but a list that is written wrongly does.
    let url = url.filter(|url| !url.host_str().is_some_and(|host| host.contains(is_in_no_host)));
    let url = url.ok_or_else(|| not_a_web_address(text))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(("the address holds a user name or a password".to_owned(), "Leave them out".to_owned()));
    }
    Ok(url)
}

/// Whether no host has this character, though the URL standard lets it have it.
pub(super) fn is_in_no_host(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
}

pub(super) fn not_a_web_address(text: &str) -> Problem {
    (
        format!("{} is no web address", shown(text)),
        "Write it with its scheme, such as https://accounts.example.org".to_owned(),
    )
}
