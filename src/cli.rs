//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// What `--help` says below the options.
const MORE: &str = "\
The most important variables, read from the environment and from .env:
  BOOKPLATE_URL              where readers reach Bookplate (http://localhost:$PORT)
  BOOKPLATE_SECRET           signs cookies; made by itself on localhost with SQLite
  DATABASE_URL               sqlite://PATH or postgres://... (sqlite://data/bookplate.db)
  BOOKPLATE_TRUSTED_ORIGINS  the origins of your book and chatbot, separated by commas
  HOST, PORT                 where to listen (127.0.0.1, 3001)

The book's name and colour, the questions and the audiences of tokens stand in bookplate.toml.
README.md says how to begin; docs/CONFIGURATION.md describes every variable.";

/// Accounts, sessions and tokens for the readers of a published book.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "bookplate", version, after_help = MORE)]
pub struct Cli {
    /// Read variables from this file instead of .env; those of other services are left alone.
    #[arg(long, value_name = "PATH", global = true)]
    pub env_file: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Prepare the database and serve (what happens without a command).
    Serve,
    /// Prepare the database and end.
    Migrate,
}

impl Cli {
    /// What to do: serve, unless another command is given.
    pub fn command(&self) -> Command {
        self.command.unwrap_or(Command::Serve)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once(&"bookplate").chain(arguments))
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
            assert_eq!((cli.command(), cli.env_file), (command, file.map(PathBuf::from)), "{arguments:?}");
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
        assert!(help.lines().all(|line| line.len() <= 110), "{help}");
        assert_eq!(parse(&["--version"]).unwrap_err().to_string().trim(), "bookplate 0.1.0");
    }
}
