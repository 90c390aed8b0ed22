//! TLS to PostgreSQL: when the server has to prove who it is (`docs/adr/0026-tls-to-the-database.md`).

use std::{env, fmt::Debug, fs, io, net::IpAddr, path::PathBuf};

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use crate::address::{AddressError, ChannelBinding, PostgresAddress, SslMode};

/// Finds the IP addresses of a host, which tell a server across the internet from one beside Bookplate.
#[async_trait]
pub trait Resolver: Send + Sync + Debug {
    /// Every address of a name.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

#[async_trait]
impl Resolver for SystemResolver {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

/// Where a server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Location {
    /// On this machine or in a private network.
    Near,
    /// Across the internet.
    Public,
}

/// How a server is connected to.
pub(crate) struct ServerOptions {
    /// For sqlx, with TLS as far as it is due.
    pub(crate) options: PgConnectOptions,
    /// What a chosen mode leaves open to whoever stands between, for the log. `no-verify` is reported by the
    /// configuration.
    pub(crate) warning: Option<String>,
}

/// The options for an address.
///
/// # Errors
/// When the host cannot be found, a file of authorities cannot be used, or the address demands what would not be done.
pub(crate) async fn connect_options(
    address: &PostgresAddress,
    resolver: &dyn Resolver,
) -> Result<ServerOptions, AddressError> {
    let options: PgConnectOptions = address.for_sqlx().parse().map_err(|_| {
        // It is made here, so no address leads to this; sqlx's own words may repeat a part of it.
        AddressError::new("the address cannot be read", "Write postgres://user:password@host/database")
    })?;
    let written = match address.ssl_mode {
        None => env::var("PGSSLMODE").ok().map(|mode| SslMode::parse("PGSSLMODE", &mode)).transpose()?,
        mode => mode,
    };
    let root = address.ssl_root_cert.as_deref();
    let (mode, warning) = if address.is_socket() {
        // There is no TLS over a Unix socket (libpq, "sslmode").
        (PgSslMode::Disable, None)
    } else if written == Some(SslMode::VerifyFull) {
        // Wherever it is: whoever answers for the name server has no say in it.
        (PgSslMode::VerifyFull, None)
    } else {
        let location = locate(address.host(), resolver).await?;
        (effective(written, root, location), weakness(address, written, location))
    };
    check_channel_binding(address, mode)?;
    let options = match root {
        None => options,
        Some("system") => options.ssl_root_cert(system_roots()?),
        Some(file) => {
            check_roots(file)?;
            options.ssl_root_cert(file)
        }
    };
    Ok(ServerOptions { options: options.ssl_mode(mode), warning })
}

/// The mode of sqlx.
///
/// Across the internet whoever stands between could answer in the server's place, so there libpq's modes that do not check
/// the name mean what their writers believe: a verified server. In a private network they are libpq's, but that wherever the
/// chain is verified the name is, too: sqlx trusts the public authorities beside those of a file, and they sign for everyone.
fn effective(written: Option<SslMode>, root: Option<&str>, location: Location) -> PgSslMode {
    use SslMode::{Allow, Disable, NoVerify, Prefer, Require, VerifyCa, VerifyFull};
    match (written, location, root) {
        (Some(Disable), ..) => PgSslMode::Disable,
        (Some(Allow), ..) => PgSslMode::Allow,
        (Some(Prefer), ..) => PgSslMode::Prefer,
        (Some(NoVerify), ..) => PgSslMode::Require,
        (Some(VerifyFull | VerifyCa), ..) | (_, Location::Public, _) | (_, _, Some(_)) => {
            PgSslMode::VerifyFull
        }
        (Some(Require), ..) => PgSslMode::Require,
        (None, ..) => PgSslMode::Prefer,
    }
}

async fn locate(host: &str, resolver: &dyn Resolver) -> Result<Location, AddressError> {
    let addresses = match host.parse() {
        Ok(address) => vec![address],
        Err(_) => resolver.resolve(host).await.map_err(|error| {
            AddressError::new(
                format!("the host {host} cannot be found ({error})"),
                "Check its name, and that this machine reaches a name server",
            )
        })?,
    };
    // One of several is enough: any of them may be connected to.
    Ok(if addresses.iter().all(is_near) { Location::Near } else { Location::Public })
}

/// Loopback, private (RFC 1918, RFC 4193) and link-local addresses. Not those that providers share among their customers
/// (RFC 6598).
fn is_near(address: &IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// What a mode that protects nothing means for a server across the internet.
fn weakness(address: &PostgresAddress, written: Option<SslMode>, location: Location) -> Option<String> {
    let danger = match written {
        Some(SslMode::Disable | SslMode::Allow) => "is not encrypted",
        Some(SslMode::Prefer) => "may not be encrypted, and the server is not verified",
        _ => return None,
    };
    (location == Location::Public).then(|| {
        format!(
            "The connection to {address} crosses the internet and {danger}: whoever stands between can read and change \
             what is stored. Write sslmode=verify-full."
        )
    })
}

/// sqlx has no SCRAM with channel binding. What it would show, that nobody stands between, a verified certificate shows too;
/// without one the demand would go unmet in silence.
fn check_channel_binding(address: &PostgresAddress, mode: PgSslMode) -> Result<(), AddressError> {
    if address.channel_binding == ChannelBinding::Require && !matches!(mode, PgSslMode::VerifyFull) {
        return Err(AddressError::new(
            "channel_binding=require needs a connection over TLS with a verified server, and this is none",
            "Write sslmode=verify-full, with sslrootcert=FILE for an authority of your own, or remove channel_binding",
        ));
    }
    Ok(())
}

fn check_roots(file: &str) -> Result<(), AddressError> {
    let problem = match fs::read(file) {
        Ok(pem) if String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") => return Ok(()),
        Ok(_) => "holds no certificate in PEM".to_owned(),
        Err(error) => format!("cannot be read ({error})"),
    };
    Err(AddressError::new(
        format!("sslrootcert={file} {problem}"),
        "Give the path of a file with the certificate of the server's authority, or sslrootcert=system",
    ))
}

fn system_roots() -> Result<PathBuf, AddressError> {
    openssl_probe::probe().cert_file.ok_or_else(|| {
        AddressError::new(
            "sslrootcert=system: this system has no file of certificate authorities",
            "Install ca-certificates, or remove sslrootcert, which leaves the public authorities that Bookplate knows",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    #[test]
    fn loopback_and_private_addresses_are_near_and_no_others() {
        for near in [
            "127.0.0.1",
            "127.9.9.9",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.1.1",
            "::1",
            "fd12::1",
            "fe80::1",
            "::ffff:10.0.0.1",
        ] {
            assert!(is_near(&near.parse().unwrap()), "{near}");
        }
        for public in [
            "203.0.113.7",
            "8.8.8.8",
            "172.32.0.1",
            "172.15.255.255",
            "192.169.0.1",
            "11.0.0.1",
            "100.64.0.1",
            "0.0.0.0",
            "2001:db8::1",
            "2a05:d014::1",
            "::ffff:8.8.8.8",
            "::",
        ] {
            assert!(!is_near(&public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn across_the_internet_every_mode_but_those_that_say_otherwise_verifies() {
        use SslMode::{Allow, Disable, NoVerify, Prefer, Require, VerifyCa, VerifyFull};
        let modes = [
            None,
            Some(Require),
            Some(VerifyCa),
            Some(VerifyFull),
            Some(NoVerify),
            Some(Prefer),
            Some(Allow),
            Some(Disable),
        ];
        let row =
            |root, location| modes.map(|mode| format!("{:?}", effective(mode, root, location))).join(" ");
        let verified = "VerifyFull VerifyFull VerifyFull VerifyFull Require Prefer Allow Disable";
        assert_eq!(row(None, Location::Public), verified);
        assert_eq!(row(Some("ca.pem"), Location::Public), verified);
        assert_eq!(
            row(None, Location::Near),
            "Prefer Require VerifyFull VerifyFull Require Prefer Allow Disable"
        );
        // As for libpq, a file of roots makes `require` verify.
        assert_eq!(row(Some("ca.pem"), Location::Near), verified);
        assert_eq!(row(Some("system"), Location::Near), verified);
    }

    /// Answers with the same addresses for every name.
    #[derive(Debug)]
    struct Fixed(Vec<IpAddr>);

    #[async_trait]
    impl Resolver for Fixed {
        async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
            Ok(self.0.clone())
        }
    }

    #[test]
    fn an_unprotected_connection_across_the_internet_is_a_warning() {
        let Ok(Address::Postgres(address)) = "postgres://u:hunter2@db.example.org/b".parse() else {
            panic!()
        };
        for (mode, words) in [
            (Some(SslMode::Disable), Some("is not encrypted")),
            (Some(SslMode::Allow), Some("is not encrypted")),
            (Some(SslMode::Prefer), Some("may not be encrypted")),
            (Some(SslMode::Require), None),
            (None, None),
        ] {
            let warning = weakness(&address, mode, Location::Public);
            assert_eq!(warning.is_some(), words.is_some(), "{mode:?}");
            assert!(warning.is_none_or(|it| it.contains(words.unwrap()) && !it.contains("hunter2")));
            assert_eq!(weakness(&address, mode, Location::Near), None);
        }
    }

    #[tokio::test]
    async fn a_name_is_near_only_when_all_its_addresses_are() {
        for (addresses, location) in [
            (&["10.0.0.5"][..], Location::Near),
            (&["10.0.0.5", "fd00::5"], Location::Near),
            (&["10.0.0.5", "203.0.113.7"], Location::Public),
            (&["2001:db8::7"], Location::Public),
        ] {
            let resolver = Fixed(addresses.iter().map(|it| it.parse().unwrap()).collect());
            assert_eq!(locate("db", &resolver).await, Ok(location), "{addresses:?}");
            // An address needs no resolver.
            assert_eq!(locate("203.0.113.7", &resolver).await, Ok(Location::Public));
            assert_eq!(locate("::1", &resolver).await, Ok(Location::Near));
        }
    }
}
