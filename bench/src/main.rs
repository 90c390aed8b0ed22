//! Benchmark of conversations: fills databases, starts Bookplate and a peer on them, sends requests, and prints a
//! table. See `bench/README.md`.

mod cluster;
mod compare;
mod data;
mod http_connection;
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
mod vocabulary;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use anyhow::Result;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::scenario::Scenario;

/// Benchmark of conversations: fills databases and measures requests
#[derive(Parser)]
#[command(max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fill missing databases
    Seed(Common),
    /// Fill missing databases, then measure
    Run(Run),
}

/// Options of all commands.
#[derive(Debug, Clone, Args)]
struct Common {
    /// Folder for databases, logs and results, outside the repository: some 15 GB for a million messages
    #[arg(long)]
    work: PathBuf,
    /// Number of readers
    #[arg(long, default_value_t = 10_000)]
    readers: u64,
    /// Total numbers of messages, without those of the heavy reader, separated by commas
    #[arg(long, default_value = "10000,1000000", value_delimiter = ',')]
    messages: Vec<u64>,
    /// Databases to measure
    #[arg(long, default_value = "sqlite,postgres", value_delimiter = ',')]
    databases: Vec<Kind>,
    /// A folder with `peer-fastapi` and its `seed`, to compare with; it is copied, not changed
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
    /// Number of rounds; the table has the medians
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Seconds per measurement
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Scenarios to measure
    #[arg(long, value_delimiter = ',', default_values_t = Scenario::ALL)]
    scenarios: Vec<Scenario>,
    /// Numbers of concurrent connections
    #[arg(long, default_value = "1,64", value_delimiter = ',')]
    connections: Vec<usize>,
    /// Number of event streams; 0 skips them
    #[arg(long, default_value_t = 1000)]
    streams: usize,
    /// An environment variable for Bookplate, NAME=VALUE; may be repeated
    #[arg(long = "env")]
    variables: Vec<String>,
    /// Do not pin processes to cores
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
