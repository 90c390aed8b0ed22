//! The server's secret, given and generated.

use std::{fs, sync::Barrier, thread};

use super::*;
use crate::config::{generated_secret, variables};

#[test]
fn a_secret_that_anyone_could_guess_is_refused() {
    let name = "BOOKPLATE_SECRET";
    assert_refused(&[
        (name, "short", "is 5 characters long; at least 32 are needed. Make one with: openssl rand"),
        (name, "1234567890123456789012345678901", "is 31 characters long"),
        (name, "change-me-to-something-long-and-random-please", "an example"),
        (name, "CHANGE_ME_CHANGE_ME_CHANGE_ME_CHANGE_ME", "an example"),
        (name, "your-secret-key-here-at-least-32-characters", "an example"),
        (name, "your-super-secret-jwt-token-with-at-least-32-characters-long", "an example"),
        (name, "replace-this-with-32-or-more-random-characters", "an example"),
        (name, "better-auth-secret-12345678901234567890", "an example"),
        (name, "a-string-secret-at-least-256-bits-long", "an example"),
        (name, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "an example"),
        (name, "abababababababababababababababababababab", "an example"),
    ]);
    let examples = variables::all().filter(|it| it.name.contains("SECRET")).filter_map(|it| it.example);
    assert_eq!(examples.inspect(|example| assert_refused(&[(name, example, "an example")])).count(), 6);
}

#[test]
fn a_secret_is_taken_unchanged_and_counted_in_characters() {
    for accepted in [SECRET, "пароль-из-тридцати-двух-знаков-1", "a secret  with spaces and $dollars # too"]
    {
        let config = load(&[("BOOKPLATE_SECRET", accepted)]).unwrap();
        assert_eq!(config.secret.sign("x"), domain::Secret::new(accepted.to_owned()).sign("x"), "{accepted}");
    }
}

#[test]
fn a_secret_is_required_where_none_is_generated() {
    let error = refused(&[("BOOKPLATE_URL", "https://accounts.example.org")]);
    assert!(error.contains("required when the public origin is not this machine. Make one with"), "{error}");
    let error = refused(&[("DATABASE_URL", "postgres://reader@db/books")]);
    assert!(error.starts_with("BOOKPLATE_SECRET: a secret is required with PostgreSQL"), "{error}");

    let folder = Folder::new();
    folder.load(&[]).unwrap();
    let error = folder.load(&[("BOOKPLATE_URL", "https://accounts.example.org")]).unwrap_err().to_string();
    let file = folder.path("data/bookplate.secret").display().to_string();
    assert!(error.contains(&format!("Give it what stands in {file}")), "{error}");
}

#[test]
fn a_secret_is_generated_once_and_used_again() {
    let folder = Folder::new();
    let entropy = Counting::default();
    let sources = folder.sources(&[], None);
    let first = Config::load(&sources, &entropy).unwrap();
    let path = folder.path("data/bookplate.secret");
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.trim_end().len(), 43);
    assert!(
        first.warnings.iter().any(|warning| warning.contains("A secret was made")),
        "{:?}",
        first.warnings
    );

    let second = Config::load(&sources, &entropy).unwrap();
    assert_eq!(first.secret.sign("x"), second.secret.sign("x"));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert!(second.warnings.is_empty(), "{:?}", second.warnings);

    let given = folder.load(&[("BOOKPLATE_SECRET", SECRET)]).unwrap();
    assert_ne!(given.secret.sign("x"), first.secret.sign("x"), "a variable wins over the file");
    assert!(!format!("{first:?} {:?}", first.warnings).contains(text.trim_end()));
}

#[test]
fn a_generated_secret_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    folder.load(&[]).unwrap();
    let path = folder.path("data/bookplate.secret");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let warnings = folder.load(&[]).unwrap().warnings;
    assert!(warnings.iter().any(|warning| warning.contains("chmod 600")), "{warnings:?}");
}

#[test]
fn concurrent_starts_agree_on_the_secret() {
    let folder = Folder::new();
    let (entropy, path, together) =
        (Counting::default(), folder.path("data/bookplate.secret"), Barrier::new(8));
    let secrets: Vec<(String, bool)> = thread::scope(|scope| {
        let start = || {
            together.wait();
            let kept = generated_secret::read_or_generate(&path, &entropy).unwrap();
            (kept.secret.to_string(), kept.is_new)
        };
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(start)).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(secrets.iter().all(|(secret, _)| *secret == secrets[0].0));
    assert_eq!(secrets.iter().filter(|(_, made)| *made).count(), 1);
}

#[test]
fn an_empty_secret_file_is_filled_and_a_damaged_one_refused() {
    let folder = Folder::with(&[("bookplate.secret", "")]);
    let variables = [("DATABASE_URL", "sqlite://books.db")];
    assert!(folder.load(&variables).is_ok());
    assert_eq!(fs::read_to_string(folder.path("bookplate.secret")).unwrap().len(), 44);
    fs::write(folder.path("bookplate.secret"), "cut off").unwrap();
    let error = folder.load(&variables).unwrap_err().to_string();
    assert!(error.contains("is 7 characters long") && error.contains("Restore the file"), "{error}");
    assert!(!error.contains("cut off"));
    fs::write(folder.path("bookplate.secret"), SECRET).unwrap();
    let config = folder.load(&variables).unwrap();
    assert_eq!(config.secret.sign("x"), domain::Secret::new(SECRET.to_owned()).sign("x"));
}

#[test]
fn a_folder_that_cannot_be_created_is_named() {
    let folder = Folder::with(&[("data", "a file")]);
    let error = folder.load(&[]).unwrap_err().to_string();
    assert!(error.contains("bookplate.secret: the secret cannot be kept here"), "{error}");
    assert!(error.contains("or set BOOKPLATE_SECRET"), "{error}");
}

#[test]
fn the_previous_secret_verifies_while_it_is_set() {
    let old = domain::Secret::new(OTHER.to_owned());
    let variables = [("BOOKPLATE_SECRET", SECRET), ("BOOKPLATE_SECRET_PREVIOUS", OTHER)];
    let config = load(&variables).unwrap();
    assert!(config.secret.signed("x", &old.sign("x")));
    assert_ne!(config.secret.sign("x"), old.sign("x"));
    assert!(!load(&variables[..1]).unwrap().secret.signed("x", &old.sign("x")));

    let kept = load(&variables[1..]).unwrap();
    assert!(kept.secret.signed("x", &old.sign("x")), "it may stand beside a secret that was made");
}

#[test]
fn the_previous_secret_follows_the_same_rules_and_differs() {
    let name = "BOOKPLATE_SECRET_PREVIOUS";
    assert_refused(&[
        (name, "short", "is 5 characters long; at least 32 are needed"),
        (name, "change-me-to-something-long-and-random-please", "an example"),
    ]);
    let error = refused(&[("BOOKPLATE_SECRET", SECRET), (name, SECRET)]);
    let expected = "this is the secret that BOOKPLATE_SECRET holds. Give the one before it, or remove this.";
    assert_eq!(error, format!("{name}: {expected}"));
    let error = refused(&[("BETTER_AUTH_SECRET", SECRET), (name, SECRET)]);
    assert!(error.contains("that BETTER_AUTH_SECRET holds"), "{error}");

    let folder = Folder::new();
    folder.load(&[]).unwrap();
    let made = fs::read_to_string(folder.path("data/bookplate.secret")).unwrap();
    let error = folder.load(&[(name, made.trim_end())]).unwrap_err().to_string();
    assert!(error.starts_with(name) && error.contains("bookplate.secret holds"), "{error}");
    assert!(!error.contains(made.trim_end()));
}

#[test]
fn the_previous_secret_is_no_secret_of_an_audience() {
    let name = "BOOKPLATE_SECRET_PREVIOUS";
    for audience in ["JWT_SECRET", "JWT_SECRET_PREVIOUS"] {
        let mut variables = vec![("BOOKPLATE_SECRET", SECRET), (name, OTHER), (audience, OTHER)];
        if audience != "JWT_SECRET" {
            variables.push(("JWT_SECRET", THIRD));
        }
        let error = refused(&variables);
        assert!(error.contains(&format!("{audience}: this is the secret that {name} holds")), "{error}");
        assert!(!error.contains(OTHER), "{error}");
    }
}
