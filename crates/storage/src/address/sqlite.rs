//! The path in the address of a SQLite file.

use std::{env, path::PathBuf};

use super::AddressError;

/// The path after `sqlite://`: with a slash more, it begins at the root of the file system.
pub(super) fn parse(path: &str) -> Result<PathBuf, AddressError> {
    let form = |problem: &str, path: &str| Err(AddressError::new(problem, format!("Write sqlite://{path}")));
    if path.contains(":memory:") || path.contains("mode=memory") {
        return Err(in_memory());
    }
    if path.contains(['?', '#']) {
        return Err(AddressError::new(
            "options follow the path of the SQLite file",
            "Write the path alone; Bookplate sets the options itself",
        ));
    }
    if path.is_empty() || path.ends_with('/') {
        return form("the address does not name a file", "data/bookplate.db");
    }
    // SQLAlchemy and Prisma write a path from the working directory with three slashes, which begin at the root here.
    if let Some(relative) = path.strip_prefix("/./") {
        return form("three slashes begin a path at the root of the file system", relative);
    }
    if path.starts_with("/../") {
        return form(
            "three slashes begin a path at the root of the file system",
            path.trim_start_matches('/'),
        );
    }
    if let Some(in_home) = path.trim_start_matches('/').strip_prefix("~/") {
        let home = env::var("HOME").ok().filter(|home| home.starts_with('/'));
        let home = home.unwrap_or_else(|| "/home/you".to_owned());
        return form(
            "~ is no folder; only a shell knows yours by it",
            &format!("{}/{in_home}", home.trim_end_matches('/')),
        );
    }
    Ok(PathBuf::from(path))
}

/// The form of an address with a driver of SQLAlchemy's, in which one slash of the path belongs to the scheme.
pub(super) fn of_sqlalchemy(driver: &str, rest: &str) -> AddressError {
    let path = rest.strip_prefix('/').unwrap_or(rest);
    if path.is_empty() || path.contains(":memory:") {
        return in_memory();
    }
    let driver: String = driver.chars().filter(char::is_ascii_alphanumeric).take(20).collect();
    AddressError::new(
        format!(
            "sqlite+{driver}:// is SQLAlchemy's way of writing it, in which three slashes begin in the working directory"
        ),
        format!("Write sqlite://{}", plain(path)),
    )
}

/// The form of `sqlite:PATH` and `file:PATH`.
pub(super) fn of_path(path: &str) -> AddressError {
    if path.is_empty() || path.contains(":memory:") || path.contains("mode=memory") {
        return in_memory();
    }
    AddressError::new("two slashes are missing before the path", format!("Write sqlite://{}", plain(path)))
}

pub(super) fn in_memory() -> AddressError {
    AddressError::new(
        "a database in memory loses every account at a restart",
        "Write the path of a file, such as sqlite://data/bookplate.db",
    )
}

/// A path without options and without a leading `./`.
fn plain(path: &str) -> &str {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    path.strip_prefix("./").unwrap_or(path)
}
