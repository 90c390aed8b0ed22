//! What is documented and what the program knows are the same.

use super::*;
use crate::config::{
    Book, env_file, secret,
    variables::{self, JWT_SECRET, JWT_SECRET_PREVIOUS},
};

const EXAMPLE: &str = include_str!("../../../.env.example");
const EXAMPLE_TOML: &str = include_str!("../../../bookplate.example.toml");
const DOCUMENT: &str = include_str!("../../../docs/CONFIGURATION.md");

fn offered() -> Vec<(String, String)> {
    let file = env_file::parse(&secret::uncommented(EXAMPLE));
    assert_eq!(file.faults, []);
    file.values
}

#[test]
fn every_variable_of_the_example_is_known_and_offered_once() {
    let names: Vec<String> = offered().into_iter().map(|(name, _)| name).collect();
    for name in &names {
        let of_an_audience = variables::audience_secret("chatbot").contains(name);
        assert!(of_an_audience || variables::ALL.iter().any(|known| known.name == name), "{name}");
        assert_eq!(names.iter().filter(|other| *other == name).count(), 1, "{name}");
    }
}

#[test]
fn every_known_variable_is_in_the_example_and_in_the_document() {
    let names = offered();
    for known in variables::ALL {
        assert!(names.iter().any(|(name, _)| name == known.name), "{} is not in .env.example", known.name);
        for (name, document) in known.old.iter().flat_map(|old| [(old, EXAMPLE), (old, DOCUMENT)]) {
            assert!(document.contains(name), "{name} is not mentioned");
        }
        assert!(
            DOCUMENT.contains(&format!("`{}`", known.name)),
            "{} is not in docs/CONFIGURATION.md",
            known.name
        );
    }
    for name in [JWT_SECRET, JWT_SECRET_PREVIOUS, "BOOKPLATE_AUDIENCE_", "--env-file"] {
        assert!(DOCUMENT.contains(name), "{name}");
    }
}

#[test]
fn the_example_loads_as_it_is_and_changes_nothing() {
    let plain = load(&[]).unwrap();
    let config = Folder::with(&[(".env", EXAMPLE)]).load(&[]).unwrap();
    assert_eq!(config.notices.len(), plain.notices.len(), "{:?}", config.notices);
    assert_eq!((config.origin, config.trusted_origins), (plain.origin, plain.trusted_origins));
}

#[test]
fn everything_the_example_offers_is_accepted_save_its_secrets() {
    let folder = Folder::with(&[(".env", &secret::uncommented(EXAMPLE)), ("bookplate.toml", EXAMPLE_TOML)]);
    let error = folder.load(&[]).unwrap_err().to_string();
    let refused: Vec<_> = error.lines().filter_map(|line| line.split_once(": this is an example")).collect();
    let names: Vec<&str> = refused.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["BOOKPLATE_SECRET_PREVIOUS", "BOOKPLATE_SECRET"], "{error}");
    assert_eq!(error.lines().count(), 2, "{error}");
    let secrets = [("BOOKPLATE_SECRET", SECRET), ("BOOKPLATE_SECRET_PREVIOUS", OTHER)];
    let config = folder.load(&secrets).unwrap();
    assert_eq!(config.trusted_origins.len(), 4);
    let plain = load(&[]).unwrap();
    assert_eq!((config.host, config.port, config.origin), (plain.host, plain.port, plain.origin));
    assert_eq!(
        (config.database_connections, config.log_level),
        (plain.database_connections, plain.log_level)
    );
    assert_eq!((config.limits, config.retention), (plain.limits, plain.retention));
    assert_eq!(config.require_verified_email, plain.require_verified_email);
}

#[test]
fn the_example_of_the_file_loads_and_declares_what_is_usual() {
    let folder = Folder::with(&[("bookplate.toml", EXAMPLE_TOML)]);
    let config = folder.load(&[]).unwrap();
    assert_eq!((config.book, config.questions), (Book::default(), contract::Questions::default()));
    assert_eq!(config.tokens.audiences.len(), 1);

    let offered = EXAMPLE_TOML.lines().map(|line| match line.strip_prefix('#') {
        Some(offered) if offered.starts_with(|c: char| c == '[' || c.is_ascii_lowercase()) => offered,
        _ => line,
    });
    let text = offered.collect::<Vec<_>>().join("\n");
    let folder = Folder::with(&[("bookplate.toml", &text)]);
    let config = folder.load(&[("BOOKPLATE_AUDIENCE_CHATBOT_SECRET", SECRET)]).unwrap();
    assert!(config.book.logo.is_some());
    assert_eq!(config.tokens.audiences[1].aud, None);
}
