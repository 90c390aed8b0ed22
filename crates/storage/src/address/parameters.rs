//! The parameters of a connection URI: libpq's, and those of other drivers that mean the same.

use percent_encoding::percent_decode_str;

use super::AddressError;

/// `sslmode`, as libpq has it, and `no-verify`, as node-postgres has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// No TLS.
    Disable,
    /// No TLS, unless the server insists.
    Allow,
    /// TLS if the server offers it, not verified.
    Prefer,
    /// TLS.
    Require,
    /// TLS, with a certificate of a trusted authority.
    VerifyCa,
    /// TLS, with a certificate of a trusted authority for this host.
    VerifyFull,
    /// TLS that is not verified, wherever the server is.
    NoVerify,
}

/// `channel_binding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChannelBinding {
    /// As it comes.
    #[default]
    Any,
    /// The server has to show that nobody stands between.
    Require,
}

/// What the parameters say, each at most once.
#[derive(Default)]
pub(super) struct Parameters {
    pub(super) host: Option<String>,
    pub(super) port: Option<String>,
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    pub(super) database: Option<String>,
    pub(super) ssl_mode: Option<SslMode>,
    pub(super) ssl_root_cert: Option<String>,
    pub(super) ssl_cert: Option<String>,
    pub(super) ssl_key: Option<String>,
    pub(super) channel_binding: ChannelBinding,
    pub(super) schema: Option<String>,
    /// Options of the server, each as `-c name=value` or as it was written.
    pub(super) options: Vec<String>,
    pub(super) statement_cache: Option<usize>,
    /// The names of parameters that nothing here uses.
    pub(super) unused: Vec<String>,
    ssl: Option<SslMode>,
}

/// Parameters whose values are names and may hold an `@` that is not percent-encoded.
const WITH_AT: [&str; 9] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "schema",
    "sslrootcert",
    "sslcert",
    "sslkey",
];
/// Parameters about which there is nothing to say: they change nothing here.
const WITHOUT_EFFECT: [&str; 6] = [
    "application_name",
    "fallback_application_name",
    "client_encoding",
    "gssencmode",
    "sslsni",
    "uselibpqcompat",
];

impl Parameters {
    /// Reads what stands after the `?`.
    pub(super) fn parse(query: &str) -> Result<Self, AddressError> {
        let mut parameters = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            // Not repeated: it may be the rest of a password that holds a question mark.
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                AddressError::new(
                    "after the ? stands a parameter without a value",
                    "Write ?name=value, or remove it",
                )
            })?;
            parameters.set(&decoded(key)?, decoded(value)?)?;
        }
        parameters.ssl_mode = parameters.joined_mode()?;
        Ok(parameters)
    }

    fn set(&mut self, key: &str, value: String) -> Result<(), AddressError> {
        match key {
            "host" | "hostaddr" => once(&mut self.host, "host", value),
            "port" => once(&mut self.port, "port", value),
            "user" => once(&mut self.user, "user", value),
            "password" => once(&mut self.password, "password", value),
            "dbname" => once(&mut self.database, "database", value),
            "sslmode" | "ssl-mode" => once(&mut self.ssl_mode, key, SslMode::parse(key, &value)?),
            "ssl" => once(&mut self.ssl, key, SslMode::of_ssl(&value)?),
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => once(&mut self.ssl_root_cert, key, value),
            "sslcert" | "ssl-cert" => once(&mut self.ssl_cert, key, value),
            "sslkey" | "ssl-key" => once(&mut self.ssl_key, key, value),
            "schema" => once(&mut self.schema, key, value),
            "channel_binding" => {
                self.channel_binding = match value.as_str() {
                    "require" => ChannelBinding::Require,
                    "prefer" | "disable" => ChannelBinding::Any,
                    _ => return Err(not_one_of(key, "require, prefer or disable")),
                };
                Ok(())
            }
            "statement-cache-capacity" => {
                let number = value.parse().map_err(|_| not_one_of(key, "a whole number"))?;
                once(&mut self.statement_cache, key, number)
            }
            "options" => {
                self.options.push(value);
                Ok(())
            }
            _ => {
                self.set_other(key, &value);
                Ok(())
            }
        }
    }

    fn set_other(&mut self, key: &str, value: &str) {
        if let Some(name) = key.strip_prefix("options[").and_then(|rest| rest.strip_suffix(']')) {
            self.options.push(format!("-c {name}={}", escaped(value)));
        } else if !WITHOUT_EFFECT.contains(&key) && !self.unused.iter().any(|it| it == key) {
            self.unused.push(name_of(key).to_owned());
        }
    }

    /// One mode of `sslmode` and `ssl`, which both may be given when they agree on whether there is TLS.
    fn joined_mode(&self) -> Result<Option<SslMode>, AddressError> {
        match (self.ssl_mode, self.ssl) {
            (Some(mode), Some(ssl)) if (mode == SslMode::Disable) != (ssl == SslMode::Disable) => {
                Err(AddressError::new("ssl and sslmode contradict each other", "Remove one of them"))
            }
            (mode, ssl) => Ok(mode.or(ssl)),
        }
    }
}

impl SslMode {
    pub(crate) fn parse(key: &str, value: &str) -> Result<Self, AddressError> {
        Ok(match value.to_ascii_lowercase().as_str() {
            "disable" => Self::Disable,
            "allow" => Self::Allow,
            "prefer" => Self::Prefer,
            "require" => Self::Require,
            "verify-ca" => Self::VerifyCa,
            "verify-full" => Self::VerifyFull,
            "no-verify" => Self::NoVerify,
            _ => {
                let modes = "disable, allow, prefer, require, verify-ca, verify-full or no-verify";
                return Err(not_one_of(key, modes));
            }
        })
    }

    /// asyncpg's and node-postgres' `ssl`: a switch, or a mode.
    fn of_ssl(value: &str) -> Result<Self, AddressError> {
        match value.to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Ok(Self::Require),
            "false" | "0" | "off" | "no" => Ok(Self::Disable),
            mode => Self::parse("ssl", mode)
                .map_err(|_| not_one_of("ssl", "true, false, or a mode such as require or verify-full")),
        }
    }
}

/// Whether an `@` in the query is part of a value. Anywhere else it ends a password that was not percent-encoded.
pub(super) fn at_signs_are_in_values(query: &str) -> bool {
    let mut with_at = query.split('&').filter(|pair| pair.contains('@'));
    with_at.all(|pair| pair.split_once('=').is_some_and(|(key, _)| WITH_AT.contains(&key)))
}

/// A value inside `options`, where blanks and backslashes are escaped.
pub(super) fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace(' ', "\\ ")
}

/// The text without percent-encoding, and with blanks for `+`, as forms have it.
fn decoded(text: &str) -> Result<String, AddressError> {
    let text = text.replace('+', " ");
    percent_decode_str(&text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| not_utf_8())
}

pub(super) fn not_utf_8() -> AddressError {
    AddressError::new(
        "a percent-encoded part of the address is not UTF-8",
        "Percent-encode the bytes of UTF-8",
    )
}

fn once<T: PartialEq>(place: &mut Option<T>, name: &str, value: T) -> Result<(), AddressError> {
    if place.as_ref().is_some_and(|earlier| *earlier != value) {
        return Err(twice(name));
    }
    *place = Some(value);
    Ok(())
}

/// Which of the two is meant cannot be known, and drivers differ.
pub(super) fn twice(name: &str) -> AddressError {
    AddressError::new(format!("the address gives {name} twice, with different values"), "Remove one of them")
}

fn not_one_of(key: &str, accepted: &str) -> AddressError {
    AddressError::new(format!("{key} has an unknown value"), format!("Give {accepted}"))
}

/// The name of a parameter as it may be shown: one that is no word may be part of a password.
fn name_of(key: &str) -> &str {
    let is_word = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '-');
    if (1..=40).contains(&key.len()) && key.chars().all(is_word) { key } else { "another one" }
}
