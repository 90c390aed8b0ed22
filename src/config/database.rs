//! Where the data is kept.

use std::path::{Path, PathBuf};

use url::Url;

use super::{
    loader::{Found, Reading},
    variables,
};

/// A database that can be opened.
pub(super) struct Address {
    /// `sqlite://` and a path that starts from the root when the working directory is known, or `postgres://...`.
    pub(super) url: String,
    /// The file of the embedded database.
    pub(super) file: Option<PathBuf>,
}

const DEFAULT: &str = "sqlite://data/bookplate.db";
const FORMS: &str = "Write sqlite://data/bookplate.db or postgres://user:password@host/database";

/// The database; `None` when it cannot be used, which has then been said. The address is never shown: it may hold a
/// password.
pub(super) fn address(reading: &mut Reading<'_>) -> Option<Address> {
    let found = reading.value(&variables::DATABASE_URL);
    let Found { name, text } =
        found.unwrap_or(Found { name: variables::DATABASE_URL.name.to_owned(), text: DEFAULT });
    let judged = match text.split_once("://") {
        _ if text.contains(":memory:") || text.contains("mode=memory") => {
            Err(("a database in memory loses every account at a restart".to_owned(), FORMS.to_owned()))
        }
        Some(("sqlite", path)) => embedded(&reading.path(path), path),
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
    judged.map_err(|(wrong, remedy)| reading.refuse(&name, wrong, remedy)).ok()
}

/// How many connections to the database are open at most.
pub(super) fn connections(reading: &mut Reading<'_>) -> u32 {
    let wanted = "a number from 1 to 200";
    reading.parsed(&variables::DATABASE_POOL, 20, wanted, |text| {
        text.parse().ok().filter(|count| (1..=200).contains(count))
    })
}

/// Where PostgreSQL is reached without a pooler in between, to hear what other processes tell. A transaction pooler, as
/// Neon's `-pooler` endpoints are, lets nobody listen.
pub(super) fn direct(reading: &mut Reading<'_>, database: Option<&Address>) -> Option<String> {
    let given = reading.value(&variables::DATABASE_DIRECT_URL);
    let database = database.filter(|database| database.file.is_none());
    let Some(Found { name, text }) = given else {
        let is_pooled =
            |url: &str| Url::parse(url).ok().and_then(|url| Some(url.host_str()?.contains("-pooler")));
        let url = &database?.url;
        if is_pooled(url).unwrap_or(false) {
            reading.notice(format!(
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
        let wrong = "the database is SQLite, which one process writes alone";
        reading.refuse(&name, wrong, format!("Remove {name}"));
        return None;
    }
    let is_server = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let judged =
        if is_server { server(text) } else { Err(("this is no address of PostgreSQL".into(), FORMS.into())) };
    judged.map_err(|(wrong, remedy)| reading.refuse(&name, wrong, remedy)).ok().map(|address| address.url)
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
