//! What a secret has to be, and where the server's own comes from.

use std::path::{Path, PathBuf};

use domain::{Entropy, Secret};
use zeroize::Zeroizing;

use super::{PublicOrigin, database, env_file, generated_secret, loader::Reading, variables};

/// The least length of a secret: characters for the server's, bytes for one of HS256 (RFC 7518 section 3.2).
pub(super) const SHORTEST: usize = 32;
/// How to make one.
pub(super) const MAKE_ONE: &str = "Make one with: openssl rand -base64 48";

/// A secret and the variable that holds it.
pub(super) type Named = (String, Zeroizing<String>);

/// The server's secret, given or kept, and the one before it; `None` when there is none that can be used, which has then
/// been said. The file is touched last, and only when nothing else is wrong: a start that fails leaves nothing behind.
pub(super) fn server_secret(
    reading: &mut Reading<'_>,
    entropy: &dyn Entropy,
    origin: Option<&PublicOrigin>,
    database: Option<&database::Address>,
    others: &[Named],
) -> Option<Secret> {
    let previous = previous(reading, others);
    let found = match database {
        Some(database) => find(reading, origin, database.file.as_deref()),
        // A database that cannot be used has been refused, and would be blamed a second time for a missing secret.
        None => given(reading).flatten(),
    };
    let (name, secret) = match found? {
        Origin::Given(name, secret) => (name, secret),
        Origin::Kept(path) if reading.is_clean() => {
            let name = path.display().to_string();
            (name.clone(), kept(reading, &path, &name, entropy)?)
        }
        Origin::Kept(_) => return None,
    };
    judge_own(reading, &name, &secret, others);
    if previous.as_ref() == Some(&secret) {
        let wrong = format!("this is the secret that {name} holds");
        reading.refuse(variables::SECRET_PREVIOUS.name, wrong, "Give the one before it, or remove this");
    }
    Some(Secret::new(secret.to_string()).with_previous(previous.map(|previous| previous.to_string())))
}

/// The secret before the server's own. It still opens what it opened, so it has to be as good.
fn previous(reading: &mut Reading<'_>, others: &[Named]) -> Option<Zeroizing<String>> {
    let found = reading.exact(variables::SECRET_PREVIOUS.name, None)?;
    let length = (found.text.chars().count(), "characters");
    let secret = judge(reading, &found.name, found.text, length)?;
    judge_own(reading, &found.name, &secret, others);
    Some(secret)
}

/// Where the server's secret comes from.
enum Origin {
    /// A variable of this name.
    Given(String, Zeroizing<String>),
    /// A file beside the embedded database, made on first start.
    Kept(PathBuf),
}

/// Decides where the server's secret comes from; `None` when there is none that can be used, which has then been said.
///
/// Made by itself only where nobody but this machine is served and the database is a file that stays with it: two
/// servers on one PostgreSQL have to share a secret, and a public service must not lose its own with a container.
fn find(reading: &mut Reading<'_>, origin: Option<&PublicOrigin>, database: Option<&Path>) -> Option<Origin> {
    let file = database.map(|database| database.with_file_name(generated_secret::FILE));
    if let Some(given) = given(reading) {
        return given;
    }
    match (origin.is_none_or(PublicOrigin::is_loopback), file) {
        (true, Some(file)) => Some(Origin::Kept(file)),
        (local, file) => {
            let why = if local { "with PostgreSQL" } else { "when the public origin is not this machine" };
            let kept = file.filter(|file| file.is_file());
            let remedy = kept.map_or_else(
                || MAKE_ONE.to_owned(),
                |file| format!("Give it what stands in {}, so that readers stay signed in", file.display()),
            );
            reading.refuse(variables::SECRET.name, format!("a secret is required {why}"), remedy);
            None
        }
    }
}

/// The secret of the environment: `None` when there is none, `Some(None)` when it cannot be used, which has been said.
fn given(reading: &mut Reading<'_>) -> Option<Option<Origin>> {
    let found = reading.exact(variables::SECRET.name, variables::SECRET.old)?;
    let length = (found.text.chars().count(), "characters");
    let judged = judge(reading, &found.name, found.text, length);
    Some(judged.map(|secret| Origin::Given(found.name, secret)))
}

/// The secret in the file at `path`, made when there is none; `None` when that fails, which has then been said.
fn kept(
    reading: &mut Reading<'_>,
    path: &Path,
    name: &str,
    entropy: &dyn Entropy,
) -> Option<Zeroizing<String>> {
    let kept = generated_secret::keep(path, entropy)
        .map_err(|error| {
            let remedy = "Make its folder writable, or set BOOKPLATE_SECRET";
            reading.refuse(name, format!("the secret cannot be kept here ({error})"), remedy);
        })
        .ok()?;
    if kept.made {
        reading.notice(format!("A secret was made and is kept in {name}; back it up with the database."));
    }
    if kept.exposed {
        reading
            .notice(format!("Other users of this machine can read {name}; make it yours alone: chmod 600."));
    }
    let length = kept.secret.chars().count();
    if length < SHORTEST {
        let wrong =
            format!("the secret in this file is {length} characters long; at least {SHORTEST} are needed");
        reading.refuse(name, wrong, "Restore the file, or remove it; then everyone has to sign in again");
        return None;
    }
    Some(kept.secret)
}

/// Refuses an audience the server's own secret, the present or the previous one: whoever can check a token could then forge a cookie.
fn judge_own(reading: &mut Reading<'_>, name: &str, own: &str, others: &[Named]) {
    for (other, _) in others.iter().filter(|(_, secret)| secret.as_str() == own) {
        reading.refuse(
            other,
            format!("this is the secret that {name} holds"),
            "Give each a secret of its own",
        );
    }
}

/// The text as a secret, or `None` when anyone could guess it, which has then been said. The length is given with its
/// unit.
pub(super) fn judge(
    reading: &mut Reading<'_>,
    name: &str,
    text: &str,
    (length, unit): (usize, &str),
) -> Option<Zeroizing<String>> {
    if is_example(text) {
        reading.refuse(name, "this is an example, which everyone knows", MAKE_ONE);
    } else if length < SHORTEST {
        let wrong = format!("the secret is {length} {unit} long; at least {SHORTEST} are needed");
        reading.refuse(name, wrong, MAKE_ONE);
    } else {
        return Some(Zeroizing::new(text.to_owned()));
    }
    None
}

/// Refuses two variables that hold one secret: whoever is told one would hold the other.
pub(super) fn judge_different(reading: &mut Reading<'_>, secrets: &[Named]) {
    for (at, (name, secret)) in secrets.iter().enumerate() {
        let earlier = secrets.iter().take(at).find(|(_, other)| other == secret);
        if let Some((other, _)) = earlier {
            reading.refuse(
                name,
                format!("this is the secret that {other} holds"),
                "Give each a secret of its own",
            );
        }
    }
}

/// What an example says of itself, without its punctuation.
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
/// Secrets that stand in the documentation of Better Auth, jwt.io and FastAPI, letters and digits only.
const PUBLISHED: [&str; 4] = [
    "betterauthsecret12345678901234567890",
    "astringsecretatleast256bitslong",
    "your256bitsecret",
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
];

/// Whether the secret stands in an example, says that it is one, or hardly holds different characters.
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
        || ours().iter().any(|example| example == text)
}

/// The secrets of our own `.env.example`, in the lines that are comments too.
pub(super) fn ours() -> Vec<String> {
    let uncommented = uncommented(include_str!("../../.env.example"));
    let values = env_file::parse(&uncommented).values.into_iter();
    values
        .filter(|(name, value)| name.contains("SECRET") && !value.is_empty())
        .map(|(_, value)| value)
        .collect()
}

/// `.env.example` with every variable that it offers in a comment (`#NAME=value`) set.
pub(super) fn uncommented(example: &str) -> String {
    let lines = example.lines().map(|line| match line.strip_prefix('#') {
        Some(offered) if offered.starts_with(|c: char| c.is_ascii_uppercase()) => offered,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}
