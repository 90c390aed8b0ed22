//! The address of a database: `sqlite://PATH`, or the connection URI of PostgreSQL as libpq, SQLAlchemy, Prisma and hosts
//! write it.
//!
//! It is read here and not by sqlx, which takes a `#` or a `?` in a password for the end of the host, and logs the values
//! of parameters that it does not know.

mod parameters;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

pub use postgres::PostgresAddress;

pub(crate) use parameters::{ChannelBinding, SslMode};

use std::{
    fmt,
    path::{Component, PathBuf},
    str::FromStr,
};

use thiserror::Error;

/// A database that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The path of a file.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<PostgresAddress>),
}

/// The reason why an address cannot be used. Neither part repeats anything that may be a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{problem}. {remedy}")]
pub struct AddressError {
    /// What is wrong, without a full stop.
    pub problem: String,
    /// What to write instead, without a full stop.
    pub remedy: String,
}

impl AddressError {
    pub(crate) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

const FORMS: &str = "Write sqlite://data/bookplate.db or postgres://user:password@host/database";
/// SQLAlchemy's names for drivers of PostgreSQL. The rest of its addresses is as everywhere.
const SQLALCHEMY_DRIVERS: [&str; 7] =
    ["asyncpg", "psycopg", "psycopg2", "psycopg2cffi", "psycopg_async", "pg8000", "aiopg"];

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(without_scheme(text));
        };
        let (name, driver) =
            scheme.split_once('+').map_or((scheme, None), |(name, driver)| (name, Some(driver)));
        match (name.to_ascii_lowercase().as_str(), driver) {
            ("sqlite", None) => sqlite::parse(rest).map(Self::Sqlite),
            ("sqlite", Some(driver)) => Err(sqlite::of_sqlalchemy(driver, rest)),
            ("postgres" | "postgresql", None) => {
                PostgresAddress::parse(rest).map(|it| Self::Postgres(it.into()))
            }
            ("postgres" | "postgresql", Some(driver)) if SQLALCHEMY_DRIVERS.contains(&driver) => {
                PostgresAddress::parse(rest).map(|it| Self::Postgres(it.into()))
            }
            ("postgres" | "postgresql", Some(_)) => Err(AddressError::new(
                "the scheme names a driver of another language",
                "Write postgres:// and leave the rest as it is",
            )),
            ("jdbc:postgresql", _) => Err(AddressError::new(
                "this is an address for Java",
                "Write postgres://user:password@host/database, without jdbc:",
            )),
            (other, _) if !other.is_empty() && other.chars().all(|c| c.is_ascii_alphanumeric()) => {
                Err(AddressError::new(format!("{other}:// is a database Bookplate does not speak"), FORMS))
            }
            _ => Err(AddressError::new("this is no address of a database", FORMS)),
        }
    }
}

fn without_scheme(text: &str) -> AddressError {
    match text.split_once(':') {
        Some(("sqlite" | "file", path)) => sqlite::of_path(path),
        _ if text.starts_with(":memory:") => sqlite::in_memory(),
        _ => AddressError::new("this is no address of a database", FORMS),
    }
}

impl Address {
    /// Whether both are the same database, also with other parameters of the connection.
    pub fn is_same_database(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Sqlite(one), Self::Sqlite(other)) => {
                let parts = |path: &'_ PathBuf| {
                    path.components().filter(|it| *it != Component::CurDir).collect::<PathBuf>()
                };
                parts(one) == parts(other)
            }
            (Self::Postgres(one), Self::Postgres(other)) => one.is_same_database(other),
            _ => false,
        }
    }
}

/// Without user, password and parameters.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(address) => address.fmt(f),
        }
    }
}
