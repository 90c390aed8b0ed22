//! The address of the database.

use std::path::{Path, PathBuf};

use url::Url;

use super::{
    loader::{Loader, RawValue},
    variables,
};

/// A database that can be opened.
pub(super) struct Address {
    /// `sqlite://PATH`, absolute when the working directory is known, or `postgres://...`.
    pub(super) url: String,
    /// The file of an embedded database.
    pub(super) file: Option<PathBuf>,
}

const FORMS: &str = "Write sqlite://data/bookplate.db or postgres://user:password@host/database";

/// The database; `None` when it cannot be used, which is reported. No message shows the address: it may hold a password.
pub(super) fn address(loader: &mut Loader<'_>) -> Option<Address> {
    let found = loader.value(&variables::DATABASE_URL);
    let RawValue { name, text } = found.unwrap_or(RawValue {
        name: variables::DATABASE_URL.name.to_owned(),
        text: variables::DATABASE_URL.default,
    });
    let checked = match text.split_once("://") {
        _ if text.contains(":memory:") || text.contains("mode=memory") => {
            Err(("a database in memory loses every account at a restart".to_owned(), FORMS.to_owned()))
        }
        Some(("sqlite", path)) => embedded(&loader.path(path), path),
        Some(("postgres" | "postgresql", _)) => server(text),
        Some((scheme, _)) if scheme.starts_with("postgres") => Err((
            "the scheme names a driver of another language".to_owned(),
            "Write postgres:// and leave the rest as it is".to_owned(),
        )),
        Some((scheme, _)) if scheme.chars().all(|c| c.is_ascii_alphanumeric() || c == '+') => {
            Err((format!("{scheme}:// is a database Bookplate does not speak"), FORMS.to_owned()))
        }
        _ => Err(("this is no address of a database".to_owned(), FORMS.to_owned())),
    };
    checked.map_err(|(problem, remedy)| loader.refuse(&name, problem, remedy)).ok()
}

/// The address of PostgreSQL for `LISTEN`. A transaction pooler, as Neon's `-pooler` endpoints are, does not support it.
pub(super) fn direct(loader: &mut Loader<'_>, database: Option<&Address>) -> Option<String> {
    let given = loader.value(&variables::DATABASE_DIRECT_URL);
    let database = database.filter(|database| database.file.is_none());
    let Some(RawValue { name, text }) = given else {
        let is_pooled =
            |url: &str| Url::parse(url).ok().and_then(|url| Some(url.host_str()?.contains("-pooler")));
        let url = &database?.url;
        if is_pooled(url).unwrap_or(false) {
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
    let is_server = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let checked =
        if is_server { server(text) } else { Err(("this is no address of PostgreSQL".into(), FORMS.into())) };
    checked.map_err(|(problem, remedy)| loader.refuse(&name, problem, remedy)).ok().map(|address| address.url)
}

fn embedded(file: &Path, path: &str) -> Result<Address, (String, String)> {
    if path.contains(['?', '#']) {
        let remedy = "Write the path alone; Bookplate sets the options itself".to_owned();
        return Err(("options follow the path of the SQLite file".to_owned(), remedy));
    }
    if path.is_empty() || path.ends_with('/') || file.is_dir() {
        let remedy = "Write the path of a file, such as sqlite://data/bookplate.db".to_owned();
        return Err(("the address does not name a file".to_owned(), remedy));
    }
    let Some(text) = file.to_str() else {
        let remedy = "Start Bookplate in another directory, or write a path from the root".to_owned();
        return Err(("the path of the working directory is not UTF-8".to_owned(), remedy));
    };
    Ok(Address { url: format!("sqlite://{text}"), file: Some(file.to_owned()) })
}

fn server(text: &str) -> Result<Address, (String, String)> {
    let named = Url::parse(text).is_ok_and(|url| {
        let in_query =
            url.query_pairs().any(|(key, value)| matches!(&*key, "host" | "hostaddr") && !value.is_empty());
        url.host_str().is_some_and(|host| !host.is_empty()) || in_query
    });
    if named {
        return Ok(Address { url: text.to_owned(), file: None });
    }
    let remedy =
        "Write postgres://user:password@host/database, special characters of the password percent-encoded";
    Err(("the address of the PostgreSQL server cannot be read".to_owned(), remedy.to_owned()))
}
