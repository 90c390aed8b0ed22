//! The command line: one file a command, with its arguments and its action.

mod client;
mod expiry;
mod import;
mod import_conversations;
mod invite;
mod keys;
mod migrate;
mod serve;
mod user;

use std::{
    error::Error,
    io::{ErrorKind, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use clap::{Parser, Subcommand};
use domain::{Client, Database, Services};
use serde_json::Value;

use self::{
    client::ClientArguments,
    import::{ImportArguments, ImportSource},
    invite::InviteArguments,
    keys::KeysArguments,
    user::UserArguments,
};
use crate::{
    adapters,
    compose::compose,
    config::{Config, PublicOrigin, clients::Registration},
};

/// The end of `--help`.
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
    /// A command that prints its result and ends, beside a running server or without one.
    #[command(flatten)]
    Admin(AdminCommand),
}

/// The operator's commands.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum AdminCommand {
    /// Make, find, close and remove accounts.
    User(UserArguments),
    /// Invite people to sign up, see and withdraw invitations.
    Invite(InviteArguments),
    /// Register the books and programs that sign readers in here, see, change and remove them.
    Client(ClientArguments),
    /// See and change the keys that sign tokens.
    Keys(KeysArguments),
    /// Take readers over from another system, or a reader's conversations from a file.
    Import(ImportArguments),
}

/// How long a command tries to send the mail it has caused.
const MAIL_TIMEOUT: Duration = Duration::from_secs(20);

/// The sentence about why a command failed.
pub type CommandError = Box<dyn Error>;

impl Cli {
    /// The command; `serve` by default.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Serve)
    }
}

/// Migrates the database and runs a command.
///
/// # Errors
/// When the command failed, with one sentence for the operator.
pub async fn run(command: Command, config: Config) -> Result<(), CommandError> {
    let database = migrate::open(&config).await?;
    let outcome = match command {
        Command::Migrate => Ok(()),
        Command::Serve => serve::run(config, database.clone()).await,
        Command::Admin(command) => run_admin(command, config, database.clone()).await,
    };
    database.close().await;
    outcome
}

/// What the operator's commands work with.
struct AdminContext {
    services: Arc<Services>,
    origin: PublicOrigin,
    trusted_origins: Vec<String>,
    /// The names of the audiences.
    audiences: Vec<String>,
}

impl AdminContext {
    /// What a client is registered beside.
    fn registration<'a>(&'a self, clients: &'a [Client]) -> Registration<'a> {
        let Self { origin, trusted_origins, audiences, .. } = self;
        Registration { origin: Some(origin), trusted: trusted_origins, audiences, clients }
    }
}

/// The result of a command in both forms.
struct Output {
    /// Lines for people, without the last line end.
    text: String,
    json: Value,
}

async fn run_admin(command: AdminCommand, config: Config, database: Database) -> Result<(), CommandError> {
    let ports = adapters::ports(&config.mail)?;
    let (origin, trusted_origins) = (config.origin.clone(), config.trusted_origins.clone());
    let audiences = config.tokens.audiences.iter().map(|audience| audience.name.clone()).collect();
    let state = compose(config, database, ports).await?;
    let services = Arc::clone(&state.services);
    let context = AdminContext { services, origin, trusted_origins, audiences };
    let (output, json) = match command {
        AdminCommand::User(arguments) => (user::run(&context, arguments.action).await?, arguments.json),
        AdminCommand::Invite(arguments) => {
            let json = arguments.json;
            (invite::run(&context, arguments).await?, json)
        }
        AdminCommand::Client(arguments) => (client::run(&context, arguments.action).await?, arguments.json),
        AdminCommand::Keys(arguments) => (keys::run(&context, arguments.action).await?, arguments.json),
        AdminCommand::Import(ImportArguments { source: ImportSource::BetterAuth(source) }) => {
            (import::run(&context, &source).await?, source.json)
        }
        AdminCommand::Import(ImportArguments { source: ImportSource::Conversations(source) }) => {
            (import_conversations::run(&context, &source).await?, source.json)
        }
    };
    print(&output, json)?;
    // The server may be asleep: nothing wakes it for a mail.
    if !state.services.mail.deliver_before_exit(MAIL_TIMEOUT).await? {
        tracing::warn!("a mail is not sent yet; it waits in the queue until a running server tries again");
    }
    Ok(())
}

fn print(output: &Output, json: bool) -> Result<(), CommandError> {
    let text = if json { serde_json::to_string_pretty(&output.json)? } else { output.text.clone() };
    match writeln!(std::io::stdout(), "{text}") {
        // The reader of a pipe has seen enough: `bookplate user list | head`.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => Ok(written?),
    }
}

/// Text from elsewhere, without what could steer a terminal.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// Aligns rows under a head.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Adds a member to a JSON object.
fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    pub(super) fn parse(arguments: &[&str]) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(std::iter::once(&"bookplate").chain(arguments))
    }

    pub(super) fn admin_command(arguments: &[&str]) -> AdminCommand {
        match parse(arguments).unwrap().into_command() {
            Command::Admin(command) => command,
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

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let row = |cells: &[&str]| cells.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
        let rows = [row(&["address", "name"]), row(&["ada@example.com", ""]), row(&["é", "Émile"])];
        assert_eq!(columns(&rows), "address          name\nada@example.com\né                Émile");
        assert_eq!(columns(&[]), "");
    }
}
