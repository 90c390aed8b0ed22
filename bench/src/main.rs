//! What conversations cost: fills databases, starts Bookplate and a peer on them, asks, and prints a table.
//! `bench/README.md` says how to run it and what the figures mean.

mod cluster;
mod compare;
mod data;
mod load;
mod matrix;
mod peer;
mod program;
mod readers;
mod report;
mod scenario;
mod seed;
mod server;
mod streams;
mod usage;
mod wire;
mod words;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::scenario::Scenario;

/// Fills databases and measures what conversations cost
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fill the databases, unless they are there already
    Seed(Common),
    /// Fill what is missing, then measure
    Run(Run),
}

/// Where things are, and how many.
#[derive(Debug, Clone, Args)]
struct Common {
    /// Keeps databases, logs and results: some 15 GB for a million messages. Not inside the repository
    #[arg(long)]
    work: PathBuf,
    /// How many readers there are
    #[arg(long, default_value_t = 10_000)]
    readers: u64,
    /// How many messages they have in all, besides those of one heavy reader; several numbers with commas
    #[arg(long, default_value = "10000,1000000", value_delimiter = ',')]
    messages: Vec<u64>,
    /// On which databases
    #[arg(long, default_value = "sqlite,postgres", value_delimiter = ',')]
    databases: Vec<Kind>,
    /// A folder with `peer-fastapi` and its `seed`, to be measured beside; it is copied, not changed
    #[arg(long)]
    peer: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
struct Run {
    #[command(flatten)]
    common: Common,
    /// The built server
    #[arg(long, env = "BOOKPLATE_BIN", default_value = "target/release/bookplate")]
    bin: PathBuf,
    /// An older build to compare with: it runs twice, so that the difference between the two is the noise
    #[arg(long, env = "BOOKPLATE_COMPARE")]
    compare: Option<PathBuf>,
    /// How often everything is measured; the table has the medians
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// How long each measurement is, in seconds
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// What is asked
    #[arg(long, value_delimiter = ',', default_values_t = Scenario::ALL)]
    scenarios: Vec<Scenario>,
    /// How many ask at once
    #[arg(long, default_value = "1,64", value_delimiter = ',')]
    connections: Vec<usize>,
    /// How many event streams are opened; 0 leaves them out
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// A variable for Bookplate, NAME=VALUE; may be given several times
    #[arg(long = "env")]
    variables: Vec<String>,
    /// Leave it to the system which core runs what
    #[arg(long)]
    no_pin: bool,
}

impl Run {
    fn window(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// The builds to be measured, and what the tables call them.
    fn builds(&self) -> Vec<(&'static str, &Path)> {
        match &self.compare {
            Some(old) => {
                vec![(compare::OLD, old.as_path()), (compare::OLD_AGAIN, old), (compare::NEW, &self.bin)]
            }
            None => vec![("bookplate", &self.bin)],
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Sqlite,
    Postgres,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Cli::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Seed(common) => {
            let cluster = cluster::Cluster::if_wanted(&common, &program::Pin::none())?;
            for messages in &common.messages {
                seed::all(&common, *messages, cluster.as_ref()).await?;
            }
            Ok(())
        }
        Command::Run(run) => matrix::run(&run).await,
    }
}
