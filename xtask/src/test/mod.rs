//! `cargo xtask test`: every check and every test, in the order that fails soonest.

mod browser;
mod checks;
mod conformance;
mod dependencies;
mod packages;
pub(crate) mod postgres;
mod rust;
mod tally;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::prerequisites::{self, Tool};
use crate::progress::Progress;
use crate::workspace::Workspace;
use crate::{build, site};
use postgres::Postgres;
use tally::Tally;

/// What to run
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these steps, separated by commas, in the order below
    #[arg(long, value_delimiter = ',', value_name = "STEPS")]
    only: Vec<Step>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting: cargo fmt --check
    Fmt,
    /// Lints: clippy on every crate and test, for the server and for the browser
    Lint,
    /// Nothing of the server is in the WASM
    Graph,
    /// Licences, banned and duplicate dependencies, sources: deny.toml
    Dependencies,
    /// Build the WASM, the styles and target/site
    Site,
    /// Rust tests on SQLite and PostgreSQL
    Rust,
    /// Examples in the documentation of the crates
    Doc,
    /// Build the release binary
    Release,
    /// Browser, wire and interoperability tests against the release binary: end2end/
    Browser,
    /// The outside conformance run against the release binary, where it is: BOOKPLATE_TEST_CONFORMANCE
    Conformance,
}

impl Step {
    fn title(self) -> &'static str {
        match self {
            Self::Fmt => "formatting",
            Self::Lint => "lints",
            Self::Graph => "what is in the WASM",
            Self::Dependencies => "licences and duplicates of dependencies",
            Self::Site => "site: WASM, styles, target/site",
            Self::Rust => "Rust tests",
            Self::Doc => "examples in the documentation",
            Self::Release => "release binary",
            Self::Browser => "browser, wire and interoperability tests",
            Self::Conformance => "outside conformance run",
        }
    }

    fn tools(self) -> &'static [Tool] {
        match self {
            Self::Fmt => &[Tool::Rustfmt],
            Self::Lint => &[Tool::Clippy, Tool::WasmTarget],
            Self::Graph | Self::Dependencies => &[],
            Self::Site | Self::Doc | Self::Release => prerequisites::TO_BUILD,
            Self::Rust => &[Tool::Postgres],
            Self::Browser => &[Tool::Node, Tool::Python, Tool::Chromium, Tool::Postgres],
            Self::Conformance => &[Tool::Node, Tool::Python, Tool::Postgres],
        }
    }

    fn run(self, session: &mut Session<'_>) -> Result<()> {
        let workspace = session.workspace;
        match self {
            Self::Fmt => checks::formatting(workspace),
            Self::Lint => checks::lints(workspace),
            Self::Graph => checks::wasm_graph(workspace),
            Self::Dependencies => dependencies::check(workspace),
            Self::Site => site::refresh(workspace, true),
            Self::Rust => {
                let postgres = session.postgres()?.to_owned();
                rust::tests(workspace, &postgres, &mut session.tally)
            }
            Self::Doc => rust::examples(workspace, &mut session.tally),
            Self::Release => build::release_binary(workspace).map(drop),
            Self::Browser => {
                let postgres = session.postgres()?.to_owned();
                browser::tests(workspace, &postgres, &mut session.tally)
            }
            Self::Conformance => session.conformance(),
        }
    }

    /// Steps that count tests; each other step counts as one check.
    fn counts_tests(self) -> bool {
        matches!(self, Self::Rust | Self::Doc | Self::Browser | Self::Conformance)
    }
}

/// One call of the command: what its steps share.
struct Session<'a> {
    workspace: &'a Workspace,
    tally: Tally,
    postgres: Option<Postgres>,
    /// What could not be run because this machine lacks it, and may.
    not_here: Vec<&'static str>,
}

impl Session<'_> {
    /// The outside conformance run, or a note that it is not here.
    fn conformance(&mut self) -> Result<()> {
        let Some(harness) = conformance::harness(self.workspace)? else {
            eprintln!("  {}", conformance::NOT_HERE);
            self.not_here.push(Step::Conformance.title());
            return Ok(());
        };
        let postgres = self.postgres()?.to_owned();
        conformance::run(self.workspace, &harness, &postgres, &mut self.tally)
    }

    /// The address of the PostgreSQL of the tests, started when the first step asks for it.
    fn postgres(&mut self) -> Result<&str> {
        if self.postgres.is_none() {
            self.postgres = Some(Postgres::given_or_started(self.workspace)?);
        }
        match &self.postgres {
            Some(postgres) => Ok(postgres.url()),
            None => bail!("PostgreSQL is not running"),
        }
    }

    fn run(&mut self, steps: &[Step]) -> Result<()> {
        let mut progress = Progress::new(steps.len() + 1);
        progress.step("looking for the tools of the tests", || prepare(self.workspace, steps))?;
        for step in steps {
            let failed = self.tally.failed();
            let outcome = progress.step(step.title(), || step.run(self));
            match &outcome {
                Ok(()) if !step.counts_tests() => self.tally.add(1, 0),
                Err(_) if self.tally.failed() == failed => self.tally.add(0, 1),
                _ => {}
            }
            outcome?;
        }
        Ok(())
    }
}

/// Runs the steps, stops at the first that fails, and closes with the line that continuous integration reads.
pub(crate) fn test(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let chosen = |step: &Step| arguments.only.is_empty() || arguments.only.contains(step);
    let steps: Vec<Step> = Step::value_variants().iter().copied().filter(chosen).collect();
    let begun = Instant::now();
    let mut session = Session { workspace, tally: Tally::default(), postgres: None, not_here: Vec::new() };
    let outcome = session.run(&steps);
    drop(session.postgres.take());
    if let Err(error) = &outcome {
        if session.tally.failed() == 0 {
            session.tally.add(0, 1);
        }
        eprintln!("\nstopped at the first step that failed: {error:#}");
    }
    if !session.not_here.is_empty() {
        eprintln!("\n{} not here: {}", session.not_here.len(), session.not_here.join(", "));
    }
    eprintln!("all in {:.0} s; checks count as one test each", begun.elapsed().as_secs_f32());
    println!("{}", session.tally);
    Ok(if outcome.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn prepare(workspace: &Workspace, steps: &[Step]) -> Result<()> {
    let mut tools: Vec<Tool> = Vec::new();
    for tool in steps.iter().flat_map(|step| step.tools()) {
        let given = *tool == Tool::Postgres && postgres::given().is_some();
        if !given && !tools.contains(tool) {
            tools.push(*tool);
        }
    }
    prerequisites::ensure(workspace, &tools)
}
