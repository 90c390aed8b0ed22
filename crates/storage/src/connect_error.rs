//! The reason why a database cannot be opened, and what to do about it.

use std::{error::Error, fmt, path::Path};

use rustls::CertificateError;
use thiserror::Error;

use crate::address::AddressError;

/// The database could not be opened.
#[derive(Debug, Error)]
#[error("cannot open the database {database}: {reason}")]
pub struct ConnectError {
    /// The address without its password.
    database: String,
    reason: Reason,
}

#[derive(Debug)]
struct Reason {
    problem: String,
    remedy: Option<String>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.remedy {
            Some(remedy) => write!(f, "{}. {remedy}.", self.problem),
            None => f.write_str(&self.problem),
        }
    }
}

impl ConnectError {
    /// For an address that cannot be used. `database` is what may be shown of it.
    pub(crate) fn unusable(
        database: impl Into<String>,
        AddressError { problem, remedy }: AddressError,
    ) -> Self {
        Self { database: database.into(), reason: Reason { problem, remedy: Some(remedy) } }
    }

    /// For a server that refused or was not reached.
    pub(crate) fn postgres(database: impl Into<String>, error: &sqlx::Error) -> Self {
        let (problem, remedy) = explained(error);
        Self { database: database.into(), reason: Reason { problem, remedy } }
    }

    /// For a SQLite file. What it most often is: the folder of a volume that belongs to another user.
    pub(crate) fn sqlite(path: &Path, error: &dyn Error) -> Self {
        let mut problem = error.to_string();
        let is_about_file = [
            "unable to open",
            "readonly",
            "Permission denied",
            "Read-only",
            "Not a directory",
            "No such file",
            "File exists",
            "not permitted",
        ];
        let remedy = is_about_file.iter().any(|words| problem.to_ascii_lowercase().contains(&words.to_ascii_lowercase())).then(|| {
            let folder =
                path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let at_root = if folder == Path::new("/") {
                "; a path from the working directory has two slashes before it, not three"
            } else {
                ""
            };
            format!(
                "Let the user that Bookplate runs as write in the folder {} (chown), or name another file in \
                 DATABASE_URL{at_root}",
                folder.display()
            )
        });
        if remedy.is_some() {
            problem = format!("the file or its folder cannot be written ({problem})");
        }
        Self { database: format!("sqlite://{}", path.display()), reason: Reason { problem, remedy } }
    }
}

/// An error of sqlx on one line, with a remedy where TLS is concerned.
pub(crate) fn explained(error: &sqlx::Error) -> (String, Option<String>) {
    let verified = |what: &str, remedy: &str| {
        (
            format!("the server cannot be verified: {what}"),
            Some(format!("{remedy}; sslmode=no-verify connects without verifying it")),
        )
    };
    match certificate_error(error) {
        Some(CertificateError::UnknownIssuer) => verified(
            "no authority that is trusted here has signed its certificate",
            "Name the file with the certificate of its authority: sslrootcert=FILE",
        ),
        Some(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            verified("its certificate is for another host", "Write the host as the certificate names it")
        }
        Some(
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. },
        ) => verified("its certificate is not valid today", "Renew it, or set the clock of this machine"),
        Some(CertificateError::Other(other)) if other.to_string().contains("CaUsedAsEndEntity") => verified(
            "its certificate is that of an authority, or signed by itself as one",
            "Give the server a certificate of its own, signed by that authority, and name the authority's: sslrootcert=FILE",
        ),
        Some(other) => verified(&other.to_string(), "Have the server's certificate made anew"),
        None if matches!(error, sqlx::Error::Tls(_)) && error.to_string().contains("does not support") => (
            "the server does not speak TLS".to_owned(),
            Some(
                "Turn it on there (ssl = on); in a network that nobody else reaches, sslmode=disable does without"
                    .to_owned(),
            ),
        ),
        None => (error.to_string(), None),
    }
}

fn certificate_error(error: &sqlx::Error) -> Option<&CertificateError> {
    let inner: &(dyn Error + 'static) = match error {
        sqlx::Error::Io(error) => error.get_ref()?,
        sqlx::Error::Tls(error) => error.as_ref(),
        _ => return None,
    };
    match inner.downcast_ref()? {
        rustls::Error::InvalidCertificate(error) => Some(error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_file_at_the_root_is_most_often_meant_to_be_in_the_working_directory() {
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let said = |path: &str| ConnectError::sqlite(Path::new(path), &denied).to_string();
        assert_eq!(
            said("/b.db"),
            "cannot open the database sqlite:///b.db: the file or its folder cannot be written (permission denied). Let the \
             user that Bookplate runs as write in the folder / (chown), or name another file in DATABASE_URL; a path from \
             the working directory has two slashes before it, not three."
        );
        assert!(
            said("data/b.db").ends_with("in the folder data (chown), or name another file in DATABASE_URL.")
        );
        assert!(said("b.db").contains("in the folder . (chown)"));
    }
}
