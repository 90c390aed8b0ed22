//! The connection URI of PostgreSQL (libpq, "Connection URIs").

use std::{fmt, net::Ipv6Addr};

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{
    AddressError, ChannelBinding, SslMode,
    parameters::{Parameters, at_signs_are_in_values, escaped, not_utf_8, twice},
};

const PORT: u16 = 5432;
/// The remedy for an address that falls apart.
const ENCODED: &str = "Write postgres://user:password@host/database, special characters of the password percent-encoded: \
                       %23 for #, %3F for ?, %2F for /, %40 for @, %25 for %";

/// The address of a PostgreSQL server and of a database on it.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresAddress {
    /// A name, an IP address without brackets, or the folder of a Unix socket.
    host: String,
    port: u16,
    user: Option<String>,
    password: Option<String>,
    database: Option<String>,
    /// `sslmode`.
    pub(crate) ssl_mode: Option<SslMode>,
    /// `sslrootcert`: the path of a file, or `system`.
    pub(crate) ssl_root_cert: Option<String>,
    ssl_cert: Option<String>,
    ssl_key: Option<String>,
    /// `channel_binding`.
    pub(crate) channel_binding: ChannelBinding,
    options: Vec<String>,
    statement_cache: Option<usize>,
    unused: Vec<String>,
}

impl PostgresAddress {
    /// Reads what stands after `postgres://`.
    ///
    /// No part may end where its writer did not mean it to: drivers differ in where they end a password that was not
    /// percent-encoded, and the rest of it would become a host or a parameter.
    pub(super) fn parse(rest: &str) -> Result<Self, AddressError> {
        if rest.contains('#') {
            return Err(AddressError::new(
                "a # ends the address for some programs and not for others",
                ENCODED,
            ));
        }
        if rest.contains(char::is_control) {
            return Err(AddressError::new(
                "the address holds a newline or another control character",
                ENCODED,
            ));
        }
        let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (path, query) = tail.split_once('?').unwrap_or((tail, ""));
        if path.contains('@') || !at_signs_are_in_values(query) {
            let problem =
                "an @ follows the host, so the password seems to hold a / or a ? that ends it too early";
            return Err(AddressError::new(problem, ENCODED));
        }
        let (credentials, place) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = match credentials.split_once(':') {
            Some((user, password)) => (non_empty(decoded(user)?), non_empty(decoded(password)?)),
            None => (non_empty(decoded(credentials)?), None),
        };
        let (host, port) = host_and_port(place)?;
        let parameters = Parameters::parse(query)?;
        let given_port = parameters.port.as_deref().map(parse_port).transpose()?;
        let database = non_empty(decoded(path.strip_prefix('/').unwrap_or(path))?);
        let host = joined_host(host, parameters.host)?;
        check_weak(parameters.ssl_mode, parameters.ssl_root_cert.as_deref())?;
        let mut options = parameters.options;
        options.extend(parameters.schema.as_deref().map(search_path).transpose()?);
        Ok(Self {
            host,
            port: joined("port", port, given_port)?.unwrap_or(PORT),
            user: joined("user", user, parameters.user)?,
            password: joined("password", password, parameters.password)?,
            database: joined("database", database, parameters.database)?,
            ssl_mode: parameters.ssl_mode,
            ssl_root_cert: parameters.ssl_root_cert,
            ssl_cert: parameters.ssl_cert,
            ssl_key: parameters.ssl_key,
            channel_binding: parameters.channel_binding,
            options,
            statement_cache: parameters.statement_cache,
            unused: parameters.unused,
        })
    }

    /// A name, an IP address without brackets, or the folder of a Unix socket.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the server is reached through a Unix socket.
    pub fn is_socket(&self) -> bool {
        self.host.starts_with('/')
    }

    /// The names of parameters that are not used.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// Whether TLS is not to be verified, wherever the server is (`sslmode=no-verify`).
    pub fn is_never_verified(&self) -> bool {
        self.ssl_mode == Some(SslMode::NoVerify)
    }

    pub(super) fn is_same_database(&self, other: &Self) -> bool {
        let place = |it: &Self| (it.host.to_ascii_lowercase(), it.port, it.options.clone());
        place(self) == place(other)
            && (&self.user, &self.password, &self.database) == (&other.user, &other.password, &other.database)
    }

    /// An address with everything but TLS, in which sqlx finds no parameter that it does not know.
    pub(crate) fn for_sqlx(&self) -> String {
        let port = self.port.to_string();
        let cache = self.statement_cache.map(|capacity| capacity.to_string());
        let options = self.options.join(" ");
        let parameters = [
            ("host", Some(&self.host)),
            ("port", Some(&port)),
            ("user", self.user.as_ref()),
            ("password", self.password.as_ref()),
            ("dbname", self.database.as_ref()),
            ("sslcert", self.ssl_cert.as_ref()),
            ("sslkey", self.ssl_key.as_ref()),
            ("options", Some(&options).filter(|options| !options.is_empty())),
            ("statement-cache-capacity", cache.as_ref()),
        ];
        let pairs: Vec<String> = parameters
            .into_iter()
            .filter_map(|(name, value)| {
                Some(format!("{name}={}", utf8_percent_encode(value?, NON_ALPHANUMERIC)))
            })
            .collect();
        format!("postgres:///?{}", pairs.join("&"))
    }
}

/// Without user, password and parameters.
impl fmt::Display for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.database.as_deref().or(self.user.as_deref()).unwrap_or_default();
        match self.host.as_str() {
            socket if self.is_socket() => write!(f, "postgres:///{database}?host={socket}"),
            v6 if v6.contains(':') => write!(f, "postgres://[{v6}]:{}/{database}", self.port),
            host => write!(f, "postgres://{host}:{}/{database}", self.port),
        }
    }
}

impl fmt::Debug for PostgresAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresAddress({self})")
    }
}

/// The part between user and path.
fn host_and_port(place: &str) -> Result<(Option<String>, Option<u16>), AddressError> {
    let (host, port) = if let Some(bracketed) = place.strip_prefix('[') {
        let (host, rest) = bracketed
            .split_once(']')
            .filter(|(host, _)| host.parse::<Ipv6Addr>().is_ok())
            .ok_or_else(unreadable)?;
        (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(unreadable)?) })
    } else {
        place.split_once(':').map_or((place, None), |(host, port)| (host, Some(port)))
    };
    if place.contains(',') {
        return Err(AddressError::new(
            "the address names several hosts",
            "Name the one that can be written to",
        ));
    }
    let port = port.filter(|port| !port.is_empty()).map(parse_port).transpose()?;
    Ok((non_empty(decoded(host)?), port))
}

fn unreadable() -> AddressError {
    AddressError::new("the address of the PostgreSQL server cannot be read", ENCODED)
}

fn parse_port(text: &str) -> Result<u16, AddressError> {
    // Not repeated: behind a colon may stand a password.
    text.parse().ok().filter(|port| *port != 0).ok_or_else(unreadable)
}

/// The host of the address, or the one of a parameter. The folder of a socket may stand beside `localhost`, as Prisma's
/// documentation of Cloud SQL has it.
fn joined_host(host: Option<String>, parameter: Option<String>) -> Result<String, AddressError> {
    let host = match (host, parameter) {
        (Some(host), Some(socket)) if host == "localhost" && socket.starts_with('/') => Some(socket),
        (host, parameter) => joined("host", host, parameter)?,
    };
    let host = host.filter(|host| {
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        host.starts_with('/') || host.chars().all(is_part)
    });
    host.ok_or_else(unreadable)
}

/// One of two values, which both may be given when they are equal.
fn joined<T: PartialEq>(name: &str, one: Option<T>, other: Option<T>) -> Result<Option<T>, AddressError> {
    match (one, other) {
        (Some(one), Some(other)) if one != other => Err(twice(name)),
        (one, other) => Ok(one.or(other)),
    }
}

/// The system's authorities sign for everyone, so they verify nothing without the name (libpq refuses that, too).
fn check_weak(mode: Option<SslMode>, root: Option<&str>) -> Result<(), AddressError> {
    let is_weak =
        matches!(mode, Some(SslMode::Disable | SslMode::Allow | SslMode::Prefer | SslMode::NoVerify));
    if is_weak && root == Some("system") {
        let problem = "sslrootcert=system verifies the server, and sslmode says not to";
        return Err(AddressError::new(problem, "Write sslmode=verify-full, or remove sslrootcert"));
    }
    Ok(())
}

/// Prisma's `schema`, as an option of the server.
fn search_path(schema: &str) -> Result<String, AddressError> {
    if schema.is_empty() || schema.len() > 63 || schema.contains(char::is_control) {
        return Err(AddressError::new("schema is no name of a schema", "Give one of at most 63 bytes"));
    }
    Ok(format!("-c search_path={}", escaped(&format!("\"{}\"", schema.replace('"', "\"\"")))))
}

fn decoded(text: &str) -> Result<String, AddressError> {
    percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| not_utf_8())
}

fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
