//! `cargo xtask`: Bookplate's developer commands. Each prepares what it needs, says what it is doing, and names
//! what is missing together with the remedy. Nothing has to be installed but Rust to run, build and develop.

mod artifacts;
mod bench;
mod build;
mod dev;
mod openapi;
mod prerequisites;
mod process;
mod progress;
mod run;
mod site;
mod test;
mod workspace;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workspace::Workspace;

/// Bookplate's developer commands
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prepare everything and serve Bookplate on <http://localhost:3001> with SQLite
    Run {
        /// Arguments for Bookplate itself, for example `migrate` or `--env-file PATH`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Like `run`, then rebuild what changes and restart the server
    Dev {
        /// Arguments for Bookplate itself
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Leave the one release binary, target/release/bookplate, with pages, assets and migrations inside
    Build,
    /// Build the WASM, bundle the styles and write target/site, which the server embeds
    Site,
    /// Run what continuous integration runs: checks, Rust tests, end-to-end tests
    Test(test::Arguments),
    /// Build for release and measure what conversations cost; bench/README.md says how to read it
    Bench {
        /// Arguments of the benchmark, `--work FOLDER` at least
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
    /// Write docs/openapi.json and docs/contracts from the server
    Openapi,
    /// Say which tools are here and how to get those that are missing
    Doctor,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    finish(Workspace::find().and_then(|workspace| dispatch(cli.command, &workspace)))
}

fn finish(outcome: anyhow::Result<ExitCode>) -> ExitCode {
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: Command, workspace: &Workspace) -> anyhow::Result<ExitCode> {
    match command {
        Command::Run { arguments } => run::run(workspace, &arguments)?,
        Command::Dev { arguments } => dev::dev(workspace, &arguments)?,
        Command::Build => build::release(workspace)?,
        Command::Site => site::command(workspace)?,
        Command::Test(arguments) => return test::test(workspace, &arguments),
        Command::Bench { arguments } => bench::bench(workspace, &arguments)?,
        Command::Openapi => openapi::write(workspace)?,
        Command::Doctor => return Ok(prerequisites::doctor(workspace)),
    }
    Ok(ExitCode::SUCCESS)
}
