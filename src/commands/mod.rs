//! The command line.

mod expiry;
mod import;
mod keys;
mod user;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use expiry::Until;
pub use import::{BetterAuthSource, ImportArguments, ImportSource};
pub use keys::{KeysAction, KeysArguments};
pub use user::{BanArguments, CreateArguments, ListArguments, UserAction, UserArguments, UserSelector};

/// What `--help` says below the options.
const MORE: &str = "\
The most important variables, read from the environment and from .env:
  BOOKPLATE_URL              where readers reach Bookplate (http://localhost:$PORT)
  BOOKPLATE_SECRET           signs cookies; made by itself on localhost with SQLite
  DATABASE_URL               sqlite://PATH or postgres://... (sqlite://data/bookplate.db)
  BOOKPLATE_TRUSTED_ORIGINS  the origins of your book and chatbot, separated by commas
  HOST, PORT                 where to listen (127.0.0.1, 3001)

The book's name and colour, the questions and the audiences of tokens stand in bookplate.toml.
README.md says how to begin; docs/CONFIGURATION.md describes every variable, docs/OPERATIONS.md
every command.";

/// Accounts, sessions and tokens for the readers of a published book.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "bookplate", version, after_help = MORE)]
pub struct Cli {
    /// Read variables from this file instead of .env; it may hold those of other services.
    #[arg(long, value_name = "PATH", global = true)]
    pub env_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Prepare the database and serve (what happens without a command).
    Serve,
    /// Prepare the database and end.
    Migrate,
    /// What is done once and answered, beside a running server or without one.
    #[command(flatten)]
    Task(Task),
}

/// What the operator asks for.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Make, find, close and remove accounts.
    User(UserArguments),
    /// See and change the keys that sign tokens.
    Keys(KeysArguments),
    /// Take readers over from another system.
    Import(ImportArguments),
}

impl Cli {
    /// What to do: serve, unless another command is given.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Serve)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    pub(super) fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once(&"bookplate").chain(arguments))
    }

    pub(super) fn task(arguments: &[&str]) -> Task {
        match parse(arguments).unwrap().into_command() {
            Command::Task(task) => task,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn serving_is_what_happens_without_a_command() {
        for (arguments, command, file) in [
            (&[][..], Command::Serve, None),
            (&["serve"], Command::Serve, None),
            (&["migrate"], Command::Migrate, None),
            (&["--env-file", "a.env", "migrate"], Command::Migrate, Some("a.env")),
            (&["serve", "--env-file=a.env"], Command::Serve, Some("a.env")),
        ] {
            let cli = parse(arguments).unwrap();
            assert_eq!(cli.env_file, file.map(PathBuf::from), "{arguments:?}");
            assert_eq!(cli.into_command(), command, "{arguments:?}");
        }
        assert!(parse(&["paint"]).is_err());
    }

    #[test]
    fn help_and_version_say_where_to_read_on() {
        <Cli as CommandFactory>::command().debug_assert();
        let help = parse(&["--help"]).unwrap_err().to_string();
        for word in ["README.md", "docs/CONFIGURATION.md", "BOOKPLATE_SECRET", "--env-file", "migrate"] {
            assert!(help.contains(word), "{word}\n{help}");
        }
        assert_eq!(parse(&["--version"]).unwrap_err().to_string().trim(), "bookplate 0.1.0");
    }

    /// Every command, however deep, by its words.
    fn commands(command: &clap::Command, words: &[String]) -> Vec<Vec<String>> {
        let mut found = vec![words.to_vec()];
        for child in command.get_subcommands().filter(|child| child.get_name() != "help") {
            let words = [words, &[child.get_name().to_owned()]].concat();
            found.extend(commands(child, &words));
        }
        found
    }

    #[test]
    fn every_command_has_a_help_that_says_what_it_does_on_lines_that_fit() {
        let all = commands(&<Cli as CommandFactory>::command(), &[]);
        assert!(all.len() > 12, "{all:?}");
        for words in all {
            let words: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
            let error = parse(&words).unwrap_err();
            assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp, "{words:?}");
            let help = error.to_string();
            assert!(help.lines().next().is_some_and(|about| about.len() > 20), "{help}");
            assert!(help.lines().all(|line| line.chars().count() <= 110), "{help}");
        }
    }
}
