//! Bookplate's own origin and the origins it trusts (RFC 6454).

use url::{Host, Url};

use super::{
    loader::{Found, Reading, shown},
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
const BOOK_IN_DEVELOPMENT: &str = "http://localhost:3000";

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

    fn of(url: &Url) -> Option<Self> {
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

/// The public origin; `None` when it cannot be used, which has then been said.
pub(super) fn public(reading: &mut Reading<'_>, port: u16) -> Option<PublicOrigin> {
    let default = format!("http://localhost:{port}");
    let found = reading.value(&variables::URL);
    let (name, text) =
        found.map_or((variables::URL.name.to_owned(), default.as_str()), |it| (it.name, it.text));
    let judged = web_url(text).and_then(|url| {
        let origin = PublicOrigin::of(&url).ok_or_else(|| not_a_web_address(text))?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            let wrong = format!("{} is more than an origin", shown(text));
            return Err((
                wrong,
                format!("Write {}; Bookplate is served at the root of a host", origin.as_str()),
            ));
        }
        if !origin.is_https() && !origin.is_loopback() {
            let wrong = format!("{} would send passwords over the network in the clear", origin.as_str());
            return Err((
                wrong,
                "Write https://, and let a proxy in front of Bookplate speak TLS".to_owned(),
            ));
        }
        Ok(origin)
    });
    judged.map_err(|(wrong, remedy)| reading.refuse(&name, wrong, remedy)).ok()
}

/// The origins whose pages may send requests with a reader's cookie, Bookplate's own first.
pub(super) fn trusted(reading: &mut Reading<'_>, own: Option<&PublicOrigin>) -> Vec<String> {
    let local = own.is_some_and(PublicOrigin::is_loopback);
    let mut origins: Vec<String> = own.map(|own| own.as_str().to_owned()).into_iter().collect();
    if local {
        origins.push(BOOK_IN_DEVELOPMENT.to_owned());
    }
    if let Some(Found { name, text }) = reading.value(&variables::TRUSTED_ORIGINS) {
        for entry in entries(text) {
            match trusted_origin(&entry, local) {
                Ok(origin) => origins.push(origin),
                Err((wrong, remedy)) => reading.refuse(&name, wrong, remedy),
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

/// Commas separate; a JSON list is taken too, because `CORS_ORIGINS` of FastAPI services often is one.
fn entries(text: &str) -> Vec<String> {
    if let Ok(list) = serde_json::from_str::<Vec<String>>(text) {
        return list;
    }
    text.split(',').map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

fn trusted_origin(entry: &str, local: bool) -> Result<String, Wrong> {
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
    let wrong =
        format!("{} can be changed by anyone on the network between it and a reader", origin.as_str());
    Err((wrong, "Write https://; plain http is for this machine alone".to_owned()))
}

/// What is wrong, and what to do about it.
type Wrong = (String, String);

/// An address that a browser can have a page from.
fn web_url(text: &str) -> Result<Url, Wrong> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // `http:example.org` and backslashes are read kindly by browsers; a configuration can be written properly.
    let url = url.filter(|_| text.contains("://") && !text.contains('\\'));
    let url = url.ok_or_else(|| not_a_web_address(text))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(("the address holds a user name or a password".to_owned(), "Leave them out".to_owned()));
    }
    Ok(url)
}

fn not_a_web_address(text: &str) -> Wrong {
    (
        format!("{} is no web address", shown(text)),
        "Write it with its scheme, such as https://accounts.example.org".to_owned(),
    )
}
