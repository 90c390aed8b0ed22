//! The address of the database.

use std::path::{Path, PathBuf};

use storage::{Address as DatabaseAddress, AddressError, PostgresAddress};

use super::{
    loader::{Loader, RawValue},
    variable::Declaration,
    variables,
};

/// A database that can be opened.
pub(super) struct Address {
    /// `sqlite://PATH`, absolute when the working directory is known, or `postgres://...` as it was given.
    pub(super) url: String,
    /// The file of an embedded database.
    pub(super) file: Option<PathBuf>,
    /// Whether the server's name reveals a transaction pooler, as Neon's does.
    is_pooled: bool,
}

type Problem = (String, String);

/// The database; `None` when it cannot be used, which is reported. No message shows the address: it may hold a password.
pub(super) fn address(loader: &mut Loader<'_>) -> Option<Address> {
    let found = loader.value(&variables::DATABASE_URL);
    let RawValue { name, text } = found.unwrap_or(RawValue {
        name: variables::DATABASE_URL.name.to_owned(),
        text: variables::DATABASE_URL.default,
    });
    let parsed = text.parse().map_err(|AddressError { problem, remedy }| (problem, remedy));
    let checked = parsed.and_then(|address| match address {
        DatabaseAddress::Sqlite(path) => embedded(&loader.path(path)),
        DatabaseAddress::Postgres(address) => Ok(server(loader, &name, text, &address)),
    });
    checked.map_err(|(problem, remedy)| loader.refuse(&name, problem, remedy)).ok()
}

/// Whether two spellings name one database; SQLAlchemy's, asyncpg's and libpq's may stand in two variables of one `.env`.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    match (one.parse::<DatabaseAddress>(), other.parse::<DatabaseAddress>()) {
        (Ok(one), Ok(other)) => one.is_same_database(&other),
        _ => one == other,
    }
}

/// The address of PostgreSQL for `LISTEN`. A transaction pooler, as Neon's `-pooler` endpoints are, does not support it.
pub(super) fn direct(loader: &mut Loader<'_>, database: Option<&Address>) -> Option<String> {
    let given = loader.value(&variables::DATABASE_DIRECT_URL);
    let database = database.filter(|database| database.file.is_none());
    let Some(RawValue { name, text }) = given else {
        let Address { url, is_pooled, .. } = database?;
        if *is_pooled {
            loader.warn(format!(
                "{} leads through a pooler, which lets nobody listen: what another instance writes is seen after some \
                 seconds. Set {} to the address without -pooler.",
                variables::DATABASE_URL.name,
                variables::DATABASE_DIRECT_URL.name
            ));
            return None;
        }
        return Some(url.clone());
    };
    if database.is_none() {
        let problem = "the database is SQLite, which one process writes alone";
        loader.refuse(&name, problem, format!("Remove {name}"));
        return None;
    }
    match text.parse() {
        Ok(DatabaseAddress::Postgres(address)) => Some(server(loader, &name, text, &address).url),
        Err(AddressError { problem, remedy }) if is_server(text) => {
            loader.refuse(&name, problem, remedy);
            None
        }
        _ => {
            let Declaration { accepts, .. } = &variables::DATABASE_DIRECT_URL;
            loader.refuse(&name, "this is no address of PostgreSQL", format!("Write {accepts}"));
            None
        }
    }
}

fn is_server(text: &str) -> bool {
    text.starts_with("postgres") || text.starts_with("jdbc:postgres")
}

fn embedded(file: &Path) -> Result<Address, Problem> {
    if file.is_dir() {
        let remedy = "Write the path of a file, such as sqlite://data/bookplate.db".to_owned();
        return Err(("the address does not name a file".to_owned(), remedy));
    }
    let Some(text) = file.to_str() else {
        let remedy = "Start Bookplate in another directory, or write a path from the root".to_owned();
        return Err(("the path of the working directory is not UTF-8".to_owned(), remedy));
    };
    Ok(Address { url: format!("sqlite://{text}"), file: Some(file.to_owned()), is_pooled: false })
}

/// A server, with what has to be said about its address.
fn server(loader: &mut Loader<'_>, name: &str, text: &str, address: &PostgresAddress) -> Address {
    if address.is_never_verified() {
        loader.warn(format!(
            "{name} says sslmode=no-verify: whoever stands between Bookplate and the database can read and change what \
             is stored. Write sslmode=verify-full, with sslrootcert=FILE for an authority of your own."
        ));
    }
    for parameter in address.unused() {
        loader.warn(format!("{name} has a parameter that Bookplate does not use: {parameter}."));
    }
    Address { url: text.to_owned(), file: None, is_pooled: address.host().contains("-pooler") }
}
