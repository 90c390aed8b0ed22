//! `bookplate`: reads the configuration, prepares the database, serves, or does what the operator asks for.

use std::process::ExitCode;

use bookplate::{
    adapters::{self, SystemEntropy},
    admin_commands,
    commands::{Cli, Command},
    config::{Config, Sources},
    serve,
};
use clap::Parser;
use domain::Database;
use mimalloc::MiMalloc;

/// A request makes many small pieces, on one thread, and gives them back on another. Without huge pages: an open stream of
/// events keeps a few large buffers that are hardly used, and would have all of them in memory.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let sources = Sources::of_process(cli.env_file.as_deref());
    let command = cli.into_command();
    let config = match Config::load(&sources, &SystemEntropy) {
        Ok(config) => config,
        Err(error) => return fail(&format_args!("cannot start:\n{error}")),
    };
    log_to_stderr(level(&command, &config));
    for notice in &config.notices {
        tracing::warn!("{notice}");
    }
    let database = match prepare(&config).await {
        Ok(database) => database,
        Err(error) => return fail(error.as_ref()),
    };
    let outcome = match command {
        Command::Migrate => Ok(()),
        Command::Serve => match adapters::ports(&config.mail) {
            Ok(ports) => serve::serve(config, database.clone(), ports).await,
            Err(error) => Err(error),
        },
        Command::Task(task) => admin_commands::run(task, config, database.clone()).await,
    };
    database.close().await;
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

/// A task answers for itself: of the log, the operator sees what is wrong, or what they asked for.
fn level<'a>(command: &Command, config: &'a Config) -> &'a str {
    match (command, config.log_level.as_str()) {
        (Command::Task(_), "info") => "warn",
        (_, level) => level,
    }
}

/// Opens the database and brings its schema up to date.
async fn prepare(config: &Config) -> Result<Database, Box<dyn std::error::Error>> {
    let database = Database::connect(&config.database_url, config.database_connections).await?;
    let now = domain::Clock::now(&adapters::SystemClock);
    let ran = database.migrate(now.millis()).await?;
    if ran > 0 {
        tracing::info!(migrations = ran, "the database is up to date");
    }
    Ok(database)
}

/// One sentence for who started the program; it does not go through the log, which may be off.
fn fail(error: &(impl std::fmt::Display + ?Sized)) -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "bookplate: {error}");
    ExitCode::FAILURE
}

fn log_to_stderr(level: &str) {
    // PostgreSQL remarks on every table that is there already, and sqlx repeats it; `level` has the last word.
    let filter = tracing_subscriber::EnvFilter::new(format!("sqlx=warn,{level}"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
