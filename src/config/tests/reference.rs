//! `.env.example` and the tables of `docs/CONFIGURATION.md`, written from the declarations.

use std::{env, fmt::Write, fs, path::Path};

use super::*;
use crate::config::{
    Book,
    variable::{Declaration, Section},
    variables::{all, sections},
};

const EXAMPLE: &str = ".env.example";
const REFERENCE: &str = "docs/CONFIGURATION.md";
const EXAMPLE_TOML: &str = include_str!("../../../bookplate.example.toml");
/// The width of `.env.example`, in characters.
const WIDTH: usize = 118;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn assert_written(file: &str, expected: &str) {
    if env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(file), expected).unwrap();
    }
    assert!(
        read(file) == expected,
        "{file} differs from src/config/variables; INSTA_UPDATE=always cargo test --lib config writes it anew"
    );
}

fn env_example() -> String {
    let mut out = "\
# The variables of Bookplate. Copy this file to .env and remove the # in front of what you change. A value shown is the
# default unless the line above says \"For example\". Variables of the process win over those of this file. Values are
# taken as they are written; nothing is expanded. docs/CONFIGURATION.md says more.
#
# src/config/variables declares the variables, and this file is written from there.
"
    .to_owned();
    for section in sections() {
        writeln!(out, "\n# ---- {} {}", section.title, "-".repeat(WIDTH - 8 - section.title.len())).unwrap();
        for declaration in section.variables {
            let mut text = format!("{} Give {}.", declaration.summary, declaration.accepts);
            if let Some(old) = declaration.old_name {
                write!(text, " (Also read as {old}.)").unwrap();
            }
            if declaration.example.is_some() {
                write!(text, " Default: {}. For example:", declaration.default).unwrap();
            }
            let name = declaration.name.replace("<NAME>", "CHATBOT").replace("<ID>", "CHAT");
            let value = declaration.example.unwrap_or(declaration.default);
            writeln!(out, "\n{}#{name}={value}", comment(&text.replace('`', ""))).unwrap();
        }
    }
    out
}

/// The text as lines that begin with `# `.
fn comment(text: &str) -> String {
    let mut lines = vec!["#".to_owned()];
    for word in text.split_whitespace() {
        if lines.last().unwrap().chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push("#".to_owned());
        }
        let line = lines.last_mut().unwrap();
        line.push(' ');
        line.push_str(word);
    }
    lines.into_iter().fold(String::new(), |text, line| text + &line + "\n")
}

fn table(section: &Section) -> String {
    let mut out = "| name | default | value | meaning |\n|---|---|---|---|\n".to_owned();
    for it in section.variables {
        let is_value = it.example.is_none() && it.default != "none";
        let default = if is_value { format!("`{}`", it.default) } else { it.default.to_owned() };
        let Declaration { name, accepts, summary, .. } = it;
        writeln!(out, "| `{name}` | {default} | {accepts} | {summary} |").unwrap();
    }
    out
}

fn old_names() -> String {
    let rows = all().filter_map(|it| Some(format!("| `{}` | `{}` |\n", it.old_name?, it.name)));
    format!("| old name | read as |\n|---|---|\n{}", rows.collect::<String>())
}

/// The text with what stands between `<!-- variables: ID -->` and `<!-- end -->` replaced.
fn with_table(text: &str, id: &str, table: &str) -> String {
    let marker = format!("<!-- variables: {id} -->\n");
    let (before, rest) = text.split_once(&marker).unwrap_or_else(|| panic!("{marker} is missing"));
    let (_, after) = rest.split_once("<!-- end -->").expect("every table has an end");
    format!("{before}{marker}{table}<!-- end -->{after}")
}

/// `.env.example` with every variable set.
fn uncommented() -> String {
    let lines = env_example()
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(assignment) if assignment.starts_with(|c: char| c.is_ascii_uppercase()) => {
                assignment.to_owned()
            }
            _ => line.to_owned(),
        })
        .collect::<Vec<_>>();
    lines.join("\n")
}

#[test]
fn the_example_and_the_reference_are_written_from_the_declarations() {
    assert_written(EXAMPLE, &env_example());
    let sections =
        sections().fold(read(REFERENCE), |text, section| with_table(&text, section.id, &table(section)));
    assert_written(REFERENCE, &with_table(&sections, "old names", &old_names()));
}

#[test]
fn every_declaration_is_complete() {
    for it in all() {
        assert!(!it.accepts.is_empty() && !it.accepts.ends_with('.'), "{}", it.name);
        assert!(
            it.summary.ends_with('.') && !it.summary.contains('|') && !it.accepts.contains('|'),
            "{}",
            it.name
        );
        assert!(it.default != "none" || it.example.is_some(), "{} has no value to show", it.name);
    }
}

#[test]
fn the_example_loads_as_it_is_and_changes_nothing() {
    let plain = load(&[]).unwrap();
    let config = Folder::with(&[(".env", &env_example())]).load(&[]).unwrap();
    assert_eq!(config.warnings.len(), plain.warnings.len(), "{:?}", config.warnings);
}

#[test]
fn every_value_of_the_example_is_accepted_except_its_secrets() {
    let folder = Folder::with(&[(".env", &uncommented()), ("bookplate.toml", EXAMPLE_TOML)]);
    // The file of an authority is on no other machine.
    let unset = [("DATABASE_DIRECT_URL", " "), ("BOOKPLATE_MAIL_CA", " ")];
    let error = folder.load(&unset).unwrap_err().to_string();
    let refused: Vec<_> = error.lines().filter_map(|line| line.split_once(": this is an example")).collect();
    let names: Vec<&str> = refused.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["BOOKPLATE_SECRET_PREVIOUS", "BOOKPLATE_SECRET"], "{error}");
    assert_eq!(error.lines().count(), 2, "{error}");
    let secrets = [("BOOKPLATE_SECRET", SECRET), ("BOOKPLATE_SECRET_PREVIOUS", OTHER)];
    let config = folder.load(&[&secrets[..], &unset].concat()).unwrap();
    assert_eq!(config.trusted_origins.len(), 3);
    let plain = load(&[]).unwrap();
    assert_eq!((config.host, config.port), (plain.host, plain.port));
    assert_eq!((config.sessions, config.password_min), (plain.sessions, plain.password_min));
    assert_eq!((config.limits, config.retention), (plain.limits, plain.retention));
}

#[test]
fn the_example_of_the_file_declares_the_defaults() {
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
