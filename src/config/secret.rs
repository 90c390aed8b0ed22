//! The server's secret, and the rules for every secret.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use domain::{Entropy, Secret};
use zeroize::Zeroizing;

use super::{
    PublicOrigin, database, generated_secret,
    literal::surroundings,
    loader::{Loader, RawValue},
    text_file::SAVE_AS_UTF_8,
    variables,
};

/// The shortest secret: characters for the server's, bytes for one of HS256 (RFC 7518 section 3.2).
pub(super) const MIN_LENGTH: usize = 32;
/// The remedy for a missing secret.
pub(super) const MAKE_ONE: &str = "Make one with: openssl rand -base64 48";

/// A secret and the variable that holds it.
pub(super) type Named = (String, Zeroizing<String>);

/// The server's secret and the previous one; `None` when there is none that can be used, which is reported. The file is
/// written last, and only when everything else is valid: a start that fails leaves nothing behind.
pub(super) fn server_secret(
    loader: &mut Loader<'_>,
    entropy: &dyn Entropy,
    origin: Option<&PublicOrigin>,
    database: Option<&database::Address>,
    others: &[Named],
) -> Option<Secret> {
    let previous = previous(loader, others);
    let found = match database {
        Some(database) => find(loader, origin, database.file.as_deref()),
        // A database that cannot be used is refused already; without it, a missing secret is no second mistake.
        None => given(loader).flatten(),
    };
    let is_local = origin.is_some_and(PublicOrigin::is_loopback);
    let (name, secret) = match found? {
        SecretSource::Variable(name, secret) if is_local => {
            warn_of_shared(loader, &name, &secret, others);
            (name, secret)
        }
        SecretSource::Variable(name, secret) => {
            refuse_shared(loader, &name, &secret, others);
            (name, secret)
        }
        SecretSource::File(path) if loader.is_clean() => {
            let name = path.display().to_string();
            let secret = from_file(loader, &path, &name, entropy)?;
            check_differs_from_audiences(loader, &name, &secret, others);
            (name, secret)
        }
        SecretSource::File(_) => return None,
    };
    if previous.as_ref() == Some(&secret) {
        let problem = format!("this is the secret that {name} holds");
        loader.refuse(variables::SECRET_PREVIOUS.name, problem, "Give the one before it, or remove this");
    }
    Some(Secret::new(secret.to_string()).with_previous(previous.map(|previous| previous.to_string())))
}

/// The server's previous secret. It still opens what it signed, so the same rules apply, but it is taken to the letter:
/// with a newline or quotes around it, it signed as such.
fn previous(loader: &mut Loader<'_>, others: &[Named]) -> Option<Zeroizing<String>> {
    let found = loader.untrimmed(variables::SECRET_PREVIOUS.name, None)?;
    let length = (found.text.chars().count(), "characters");
    let secret = check(loader, &found.name, found.text, length)?;
    check_differs_from_audiences(loader, &found.name, &secret, others);
    Some(secret)
}

/// The source of the server's secret.
enum SecretSource {
    /// A variable, by its name.
    Variable(String, Zeroizing<String>),
    /// A file beside the embedded database, generated at the first start.
    File(PathBuf),
}

/// Chooses the source of the server's secret; `None` when there is none that can be used, which is reported.
///
/// A secret is generated only where the origin is this machine and the database is a file that stays with it: two servers
/// on one PostgreSQL have to share a secret, and a public service must not lose its own with a container.
fn find(
    loader: &mut Loader<'_>,
    origin: Option<&PublicOrigin>,
    database: Option<&Path>,
) -> Option<SecretSource> {
    let file = database.map(|database| database.with_file_name(generated_secret::FILE));
    if let Some(given) = given(loader) {
        return given;
    }
    match (origin.is_none_or(PublicOrigin::is_loopback), file) {
        (true, Some(file)) => Some(SecretSource::File(file)),
        (local, file) => {
            let why = if local { "with PostgreSQL" } else { "when the public origin is not this machine" };
            let kept = file.filter(|file| file.is_file());
            let remedy = kept.map_or_else(
                || MAKE_ONE.to_owned(),
                |file| format!("Give it what stands in {}, so that readers stay signed in", file.display()),
            );
            loader.refuse(variables::SECRET.name, format!("a secret is required {why}"), remedy);
            None
        }
    }
}

/// The secret of the environment: `None` when it is not set, `Some(None)` when it cannot be used, which is reported.
fn given(loader: &mut Loader<'_>) -> Option<Option<SecretSource>> {
    let found = loader.untrimmed(variables::SECRET.name, variables::SECRET.old_name)?;
    if !is_literal(loader, &found, variables::SECRET_PREVIOUS.name) {
        return Some(None);
    }
    let length = (found.text.chars().count(), "characters");
    let checked = check(loader, &found.name, found.text, length);
    Some(checked.map(|secret| SecretSource::Variable(found.name, secret)))
}

/// The secret in the file at `path`, generated when there is none; `None` when that fails, which is reported.
fn from_file(
    loader: &mut Loader<'_>,
    path: &Path,
    name: &str,
    entropy: &dyn Entropy,
) -> Option<Zeroizing<String>> {
    let kept = generated_secret::read_or_generate(path, entropy)
        .map_err(|error| {
            let is_text = error.kind() != ErrorKind::InvalidData;
            let remedy =
                if is_text { "Make its folder writable, or set BOOKPLATE_SECRET" } else { SAVE_AS_UTF_8 };
            loader.refuse(name, format!("the secret cannot be kept here ({error})"), remedy);
        })
        .ok()?;
    if kept.is_new {
        loader.warn(format!("A secret was made and is kept in {name}; back it up with the database."));
    }
    if kept.is_exposed {
        loader.warn(format!("Other users of this machine can read {name}; make it yours alone: chmod 600."));
    }
    let length = kept.secret.chars().count();
    if length < MIN_LENGTH {
        let problem =
            format!("the secret in this file is {length} characters long; at least {MIN_LENGTH} are needed");
        loader.refuse(name, problem, "Restore the file, or remove it; then everyone has to sign in again");
        return None;
    }
    Some(kept.secret)
}

/// Refuses the secret of an audience or a client that is the server's: the service that has it could forge cookies.
fn check_differs_from_audiences(loader: &mut Loader<'_>, name: &str, own: &str, others: &[Named]) {
    for (other, _) in others.iter().filter(|(_, secret)| secret.as_str() == own) {
        loader.refuse(
            other,
            format!("this is the secret that {name} holds"),
            "Give each a secret of its own",
        );
    }
}

/// The same secret for both, given by variables: the way of those who come from a program that has only one.
///
/// On this machine it is let be, with a notice, so that they see Bookplate running before they change anything.
fn warn_of_shared(loader: &mut Loader<'_>, name: &str, own: &str, others: &[Named]) {
    for (other, _) in others.iter().filter(|(_, secret)| secret.as_str() == own) {
        loader.warn(format!(
            "{other} holds the same secret as {name}: whoever is given it can sign in here as any reader. Give each a secret of its own before the public origin is another machine."
        ));
    }
}

fn refuse_shared(loader: &mut Loader<'_>, name: &str, own: &str, others: &[Named]) {
    for (other, _) in others.iter().filter(|(_, secret)| secret.as_str() == own) {
        loader.refuse(
            other,
            format!(
                "this is the secret that {name} holds: whoever is given it could sign in here as any reader"
            ),
            format!(
                "Write two lines: {name}=... with a new secret (openssl rand -base64 48; everyone signs in again), and \
                 {other}=... with the one of today, which your service knows"
            ),
        );
    }
}

/// Refuses a secret that has around it what other programs would take away, so that theirs would be another one. The
/// variable of the previous secret takes it as it is.
pub(super) fn is_literal(loader: &mut Loader<'_>, found: &RawValue<'_>, previous: &str) -> bool {
    let Some(stray) = surroundings(found.text) else { return true };
    let problem = format!(
        "the secret begins or ends with {stray}, so it is another one than the same secret elsewhere"
    );
    let remedy = format!(
        "Take {stray} away; when it has been in use, give {previous} the value of today as it is, so that what it \
         signed stays valid"
    );
    loader.refuse(&found.name, problem, remedy);
    false
}

/// Validates a secret; `None` when anyone could guess it, which is reported. The length comes with its unit.
pub(super) fn check(
    loader: &mut Loader<'_>,
    name: &str,
    text: &str,
    (length, unit): (usize, &str),
) -> Option<Zeroizing<String>> {
    if is_example(text) {
        loader.refuse(name, "this is an example, which everyone knows", MAKE_ONE);
    } else if length < MIN_LENGTH {
        let problem = format!("the secret is {length} {unit} long; at least {MIN_LENGTH} are needed");
        loader.refuse(name, problem, MAKE_ONE);
    } else {
        return Some(Zeroizing::new(text.to_owned()));
    }
    None
}

/// Refuses two variables with the same secret: a service that knows one would know the other.
pub(super) fn check_unique(loader: &mut Loader<'_>, secrets: &[Named]) {
    for (at, (name, secret)) in secrets.iter().enumerate() {
        let earlier = secrets.iter().take(at).find(|(_, other)| other == secret);
        if let Some((other, _)) = earlier {
            loader.refuse(
                name,
                format!("this is the secret that {other} holds"),
                "Give each a secret of its own",
            );
        }
    }
}

/// Words of placeholders, without punctuation.
const PLACEHOLDERS: [&str; 8] = [
    "changeme",
    "changethis",
    "changeit",
    "replaceme",
    "replacethis",
    "replacewith",
    "placeholder",
    "putyour",
];
/// Secrets from the documentation of Better Auth, jwt.io and FastAPI, letters and digits only.
const PUBLISHED: [&str; 4] = [
    "betterauthsecret12345678901234567890",
    "astringsecretatleast256bitslong",
    "your256bitsecret",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
];

/// Whether a secret is published, reads like a placeholder or has fewer than four different characters.
fn is_example(text: &str) -> bool {
    let letters: String =
        text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let mut different: Vec<char> = text.chars().collect();
    different.sort_unstable();
    different.dedup();
    different.len() < 4
        || ["your", "example"].iter().any(|start| letters.starts_with(start))
        || PLACEHOLDERS.iter().any(|placeholder| letters.contains(placeholder))
        || PUBLISHED.contains(&letters.as_str())
        || variables::all().any(|variable| variable.example == Some(text))
}
