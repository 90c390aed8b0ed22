//! `bookplate`: reads the configuration, starts the log and runs a command.

use std::process::ExitCode;

use bookplate::{
    adapters::SystemEntropy,
    commands::{self, Cli, Command},
    config::{Config, Sources},
    telemetry,
};
use clap::Parser;
use mimalloc::MiMalloc;

/// A request allocates many small pieces on one thread and frees them on another. Without huge pages: an open event stream
/// keeps a few large buffers that it hardly uses, and they would be resident as a whole.
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
    telemetry::init(log_level(&command, &config));
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    match commands::run(command, config).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error.as_ref()),
    }
}

/// The operator's commands print their result; at the default level they log warnings only.
fn log_level<'a>(command: &Command, config: &'a Config) -> &'a str {
    match (command, config.log_level.as_str()) {
        (Command::Admin(_), "info") => "warn",
        (_, level) => level,
    }
}

/// Prints one sentence. It bypasses the log, which may be off.
fn fail(error: &(impl std::fmt::Display + ?Sized)) -> ExitCode {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "bookplate: {error}");
    ExitCode::FAILURE
}
