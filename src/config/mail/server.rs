//! Where mail goes: the variable's value, and the sentences about one that cannot be used.

use std::{fs, net::IpAddr};

use super::{
    super::{
        loader::{Loader, RawValue},
        variables,
    },
    api_url::{ApiUrlError, MailApi},
    smtp_url::SmtpUrl,
};

/// A server that takes mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MailServer {
    /// Over SMTP.
    Smtp(SmtpUrl),
    /// Over HTTPS.
    Api(MailApi),
}

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailTls {
    /// Whether TLS is left out, on a private network.
    pub off: bool,
    /// The certificate authorities trusted besides the public ones: the text of a PEM file.
    pub authorities: Option<Vec<u8>>,
}

/// `BOOKPLATE_MAIL_TLS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsRequirement {
    /// Everywhere but on this machine.
    Required,
    /// Not on a private network.
    Off,
}

const FORMS: &str = "Write smtps://user:password@host:465 or smtp://host:587, special characters percent-encoded, or \
    resend://KEY, postmark://TOKEN, brevo://KEY or https://SECRET@host/path";

/// The value of `BOOKPLATE_MAIL_URL`, or of its older name alone.
pub(super) fn value<'a>(loader: &mut Loader<'a>) -> Option<RawValue<'a>> {
    let (name, old_name) = (variables::MAIL_URL.name, "BOOKPLATE_SMTP_URL");
    let is_set = |wanted: &str, loader: &Loader<'a>| loader.names().any(|name| name == wanted);
    if is_set(name, loader) && is_set(old_name, loader) {
        let problem = format!("{name} and its older name {old_name} both say where mail goes");
        loader.refuse(name, problem, format!("Keep {name} and remove {old_name}"));
        return loader.untrimmed(name, None);
    }
    loader.value(&variables::MAIL_URL)
}

/// The server that a value names; `None` when it cannot be used, which is reported. No message shows the value: it may hold a
/// password or a key.
pub(super) fn server(loader: &mut Loader<'_>, found: &RawValue<'_>) -> Option<MailServer> {
    let scheme = found.text.split_once("://").map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    if matches!(scheme.as_str(), "resend" | "postmark" | "brevo" | "https" | "http") {
        return api(loader, found);
    }
    let Some(url) = SmtpUrl::parse(found.text) else {
        loader.refuse(&found.name, "this is no address of a mail server", FORMS);
        return None;
    };
    if let Some(meant) = url.meant_scheme() {
        let begins = if url.is_implicit_tls() { "without TLS and changes to it" } else { "with TLS" };
        let user = if url.credentials().is_some() { "user:password@" } else { "" };
        loader.refuse(
            &found.name,
            format!("on port {} a connection begins {begins}, which is {meant}://", url.port()),
            format!("Write {meant}://{user}{}:{}", url.host(), url.port()),
        );
    }
    Some(MailServer::Smtp(url))
}

fn api(loader: &mut Loader<'_>, found: &RawValue<'_>) -> Option<MailServer> {
    let (problem, remedy) = match MailApi::parse(found.text) {
        Ok(api) => return Some(MailServer::Api(api)),
        Err(ApiUrlError::NotOne) => ("this is no address of a mail server", FORMS),
        Err(ApiUrlError::NoKey) => (
            "it has no key, or one that is too short, has blanks or is not percent-encoded",
            "Write resend://KEY, postmark://TOKEN, brevo://KEY, or https://SECRET@host/path with a secret of at least 8 \
             characters that your endpoint finds in the Authorization header",
        ),
        Err(ApiUrlError::Plain) => (
            "mail holds links that open accounts, and over http:// anyone on the way can read them",
            "Write https://SECRET@host/path",
        ),
    };
    loader.refuse(&found.name, problem, remedy);
    None
}

/// `BOOKPLATE_MAIL_TLS` and `BOOKPLATE_MAIL_CA`.
pub(super) fn tls(loader: &mut Loader<'_>, server: Option<&MailServer>) -> MailTls {
    let off = loader.read(&variables::MAIL_TLS) == TlsRequirement::Off;
    let name = variables::MAIL_TLS.name();
    match server.filter(|_| off) {
        Some(MailServer::Smtp(url)) if url.is_implicit_tls() => {
            loader.refuse(
                name,
                "smtps:// is TLS from the first byte",
                format!("Write smtp://, or remove {name}"),
            );
        }
        Some(MailServer::Smtp(url)) if url.host().parse().is_ok_and(|it: IpAddr| !is_private(it)) => {
            let problem = format!("{} is no address of a private network", url.host());
            loader.refuse(name, problem, format!("Remove {name}: over the internet mail needs TLS"));
        }
        Some(MailServer::Smtp(url)) if url.credentials().is_some() && !url.is_loopback() => {
            loader.warn(format!(
                "With {name}=off the password of the mail server {} goes over the network in the clear.",
                url.host()
            ));
        }
        Some(MailServer::Api(_)) => {
            loader.refuse(name, "mail goes over HTTPS, which is TLS", format!("Remove {name}"));
        }
        _ => {}
    }
    MailTls { off, authorities: authorities(loader) }
}

fn authorities(loader: &mut Loader<'_>) -> Option<Vec<u8>> {
    let RawValue { name, text } = loader.value(&variables::MAIL_CA)?;
    let path = loader.path(text);
    let remedy = "Give the path of a PEM file with the certificate of your authority";
    match fs::read(&path) {
        Ok(pem) if has_certificates(&pem) => return Some(pem),
        Ok(_) => {
            loader.refuse(&name, format!("{} holds no certificate in PEM form", path.display()), remedy);
        }
        Err(error) => {
            loader.refuse(&name, format!("{} cannot be read: {error}", path.display()), remedy);
        }
    }
    None
}

fn has_certificates(pem: &[u8]) -> bool {
    use rustls::pki_types::{CertificateDer, pem::PemObject};
    let mut found = 0;
    let are_whole = CertificateDer::pem_slice_iter(pem).all(|certificate| {
        found += 1;
        certificate.is_ok()
    });
    are_whole && found > 0
}

/// Whether an address is this machine's or of a private network (RFC 1918, RFC 4193, RFC 6598, link-local).
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(it) => {
            let [first, second, ..] = it.octets();
            it.is_loopback() || it.is_private() || it.is_link_local() || (first == 100 && second & 0xc0 == 64)
        }
        IpAddr::V6(it) => it.is_loopback() || it.is_unique_local() || it.is_unicast_link_local(),
    }
}
