//! `cargo xtask test`: every check and every test, those first that fail soonest.

mod checks;
mod conformance;
mod counts;
mod end2end;
mod packages;
mod postgres;
mod release;
mod rust;
pub(crate) mod tools;
mod words;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::builder::PossibleValue;

use crate::prerequisites::{self, Tool};
use crate::progress::Progress;
use crate::workspace::Workspace;
use crate::{build, site};
use counts::Counts;
use postgres::Postgres;
use tools::CargoTools;

/// What to run
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these steps, separated by commas; they run in the order below
    #[arg(long, value_delimiter = ',', value_name = "STEPS", value_parser = names(STEPS))]
    only: Vec<String>,
    /// Instead of the steps, what takes longer: all of it, or the parts named, separated by commas
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "PARTS",
        num_args = 0..,
        require_equals = true,
        conflicts_with = "only",
        value_parser = names(PARTS)
    )]
    thorough: Option<Vec<String>>,
}

/// A step of the gate or a part of `--thorough`.
struct Job {
    name: &'static str,
    title: &'static str,
    tools: &'static [Tool],
    /// Counts what it tested. Failed tests are counted, any other failure is an error.
    run: fn(&mut Session<'_>) -> Result<Counts>,
}

const NODE: &[Tool] = &[Tool::Node, Tool::Python, Tool::Postgres];
const WIRE: &[Tool] = &[Tool::Node, Tool::Python, Tool::Postgres, Tool::Nginx, Tool::Caddy];
const BROWSER: &[Tool] = &[Tool::Node, Tool::Python, Tool::Postgres, Tool::Chromium];
const OTHER_BROWSERS: &[Tool] = &[Tool::Node, Tool::Python, Tool::Postgres, Tool::Firefox, Tool::WebKit];
const APACHE: &[Tool] = &[Tool::Node, Tool::Python, Tool::Postgres, Tool::Apache];
const CARGO_TOOLS: &[Tool] = &[Tool::Python];

/// What `cargo xtask test` runs. It stops at the first step that fails.
const STEPS: &[Job] = &[
    Job {
        name: "fmt",
        title: "formatting",
        tools: &[Tool::Rustfmt],
        run: |session| checked(checks::formatting(session.workspace)),
    },
    Job {
        name: "words",
        title: "names that are gone",
        tools: &[],
        run: |session| checked(words::check(session.workspace)),
    },
    Job {
        name: "graph",
        title: "what is in the WASM",
        tools: &[],
        run: |session| checked(checks::wasm_graph(session.workspace)),
    },
    Job {
        name: "dependencies",
        title: "dependencies: licences, bans, sources, none unused",
        tools: CARGO_TOOLS,
        run: |session| checked(checks::dependencies(session.workspace, session.tools()?)),
    },
    Job {
        name: "lint",
        title: "lints",
        tools: &[Tool::Clippy, Tool::WasmTarget],
        run: |session| checked(checks::lints(session.workspace)),
    },
    Job {
        name: "site",
        title: "site: WASM, styles, target/site",
        tools: prerequisites::TO_BUILD,
        run: |session| checked(site::refresh(session.workspace, true)),
    },
    Job {
        name: "build",
        title: "compiling the tests and the server they drive",
        tools: prerequisites::TO_BUILD,
        run: |session| checked(build::tests(session.workspace).map(drop)),
    },
    Job {
        name: "rust",
        title: "Rust tests",
        tools: &[Tool::Python, Tool::Postgres],
        run: |session| rust::all(session, &[]),
    },
    Job {
        name: "conformance",
        title: "outside conformance run",
        tools: NODE,
        run: |session| session.conformance(),
    },
    Job {
        name: "wire",
        title: "wire: sockets, processes, proxies, the real client",
        tools: WIRE,
        run: |session| session.end2end("wire", &[]),
    },
    Job {
        name: "interop",
        title: "tokens in other libraries, clients of OpenID Connect",
        tools: NODE,
        run: |session| session.end2end("interop", &[]),
    },
    Job {
        name: "import",
        title: "import from Better Auth",
        tools: NODE,
        run: |session| session.end2end("import", &[]),
    },
    Job {
        name: "browser",
        title: "browser tests",
        tools: BROWSER,
        run: |session| session.end2end("browser", &[]),
    },
];

/// What `--thorough` runs. Each part runs, whatever became of those before it.
const PARTS: &[Job] = &[
    Job {
        name: "http-postgres",
        title: "every HTTP test on PostgreSQL",
        tools: &[Tool::Python, Tool::Postgres],
        run: |session| rust::http_on_postgres(session),
    },
    Job {
        name: "browser-postgres",
        title: "every browser test on PostgreSQL",
        tools: BROWSER,
        run: |session| session.end2end("browser", &[("BOOKPLATE_TEST_BROWSER_DATABASE", "postgres")]),
    },
    Job {
        name: "other-browsers",
        title: "a book on another site, in Firefox and WebKit",
        tools: OTHER_BROWSERS,
        run: |session| session.end2end("other-browsers", &[]),
    },
    Job {
        name: "apache",
        title: "Apache's mod_auth_openidc as a client",
        tools: APACHE,
        run: |session| session.end2end("apache", &[]),
    },
    Job {
        name: "interleavings",
        title: "clients that write at once, for longer",
        tools: NODE,
        run: |session| session.end2end("interleavings", &[("BOOKPLATE_TEST_STEPS", "200")]),
    },
    Job {
        name: "idle",
        title: "a quarter of an hour in which nobody uses the server",
        tools: NODE,
        run: |session| session.end2end("idle", &[]),
    },
    Job {
        name: "fuzz",
        title: "requests made up from the description of the API",
        tools: NODE,
        run: |session| session.end2end("fuzz", &[]),
    },
    Job {
        name: "coverage",
        title: "coverage of the Rust tests",
        tools: &[Tool::Python, Tool::Postgres, Tool::LlvmTools],
        run: |session| checked(rust::coverage(session)),
    },
    Job {
        name: "release",
        title: "release binary: build, size, start, and the suites on it",
        tools: BROWSER,
        run: |session| release::check(session),
    },
    Job {
        name: "lighthouse",
        title: "Lighthouse on the release binary",
        tools: BROWSER,
        run: |session| release::lighthouse(session),
    },
];

/// The names that an option takes, with what each stands for.
fn names(jobs: &'static [Job]) -> clap::builder::PossibleValuesParser {
    jobs.iter().map(|job| PossibleValue::new(job.name).help(job.title)).into()
}

/// A check that passed counts as one test.
fn checked(outcome: Result<()>) -> Result<Counts> {
    outcome.map(|()| Counts { passed: 1, failed: 0 })
}

/// One call of the command: what its steps share.
struct Session<'a> {
    workspace: &'a Workspace,
    postgres: Option<Postgres>,
    tools: Option<CargoTools>,
    /// What could not be run because this machine lacks it, and may.
    not_here: Vec<&'static str>,
}

impl Session<'_> {
    /// The address of the PostgreSQL of the tests, started when the first step asks for it.
    fn postgres(&mut self) -> Result<String> {
        if self.postgres.is_none() {
            self.postgres = Some(Postgres::given_or_started(self.workspace)?);
        }
        self.postgres.as_ref().map(|it| it.url().to_owned()).context("PostgreSQL is not running")
    }

    /// Cargo's tools, installed when the first step asks for them.
    fn tools(&mut self) -> Result<&CargoTools> {
        if self.tools.is_none() {
            self.tools = Some(CargoTools::ensure(self.workspace)?);
        }
        self.tools.as_ref().context("the tools of cargo are not installed")
    }

    /// The server that the suites of `end2end/` drive.
    fn server(&self) -> Result<PathBuf> {
        if !self.workspace.target("site/site.manifest").is_file() {
            bail!("target/site is missing; `cargo xtask site` makes it");
        }
        build::tests(self.workspace)
    }

    fn end2end(&mut self, suite: &str, variables: &[(&str, &str)]) -> Result<Counts> {
        let server = self.server()?;
        let postgres = self.postgres()?;
        end2end::suite(self.workspace, suite, &server, &postgres, variables)
    }

    /// The outside conformance run, or a note that it is not here.
    fn conformance(&mut self) -> Result<Counts> {
        let Some(harness) = conformance::harness(self.workspace)? else {
            eprintln!("  {}", conformance::NOT_HERE);
            self.not_here.push("outside conformance run");
            return Ok(Counts::default());
        };
        let server = self.server()?;
        let postgres = self.postgres()?;
        conformance::run(self.workspace, &harness, &server, &postgres)
    }
}

/// Runs the steps or the parts, and closes with the line that continuous integration reads.
pub(crate) fn test(workspace: &Workspace, arguments: &Arguments) -> Result<ExitCode> {
    let (all, chosen) = match &arguments.thorough {
        Some(parts) => (PARTS, parts),
        None => (STEPS, &arguments.only),
    };
    let jobs: Vec<&Job> =
        all.iter().filter(|job| chosen.is_empty() || chosen.iter().any(|name| name == job.name)).collect();
    let stop_at_first = arguments.thorough.is_none();
    let begun = Instant::now();
    let mut session = Session { workspace, postgres: None, tools: None, not_here: Vec::new() };
    let mut progress = Progress::new(jobs.len() + 1);
    let counts = run(&mut session, &jobs, &mut progress, stop_at_first);
    drop(session.postgres.take());
    if !session.not_here.is_empty() {
        eprintln!("\nnot here: {}", session.not_here.join(", "));
    }
    eprintln!("\n{}{:>8.1} s  all", progress.table(), begun.elapsed().as_secs_f32());
    println!("{counts}");
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run(session: &mut Session<'_>, jobs: &[&Job], progress: &mut Progress, stop_at_first: bool) -> Counts {
    let mut counts = Counts::default();
    let prepared = progress.step("looking for the tools of the tests", || prepare(session.workspace, jobs));
    if let Err(error) = prepared {
        eprintln!("error: {error:#}");
        return Counts { passed: 0, failed: 1 };
    }
    for job in jobs {
        let mut counted = Counts::default();
        let outcome = progress.step(job.title, || {
            counted = (job.run)(session)?;
            if counted.failed > 0 {
                bail!("{} of {} failed", counted.failed, counted.passed + counted.failed);
            }
            Ok(())
        });
        if let Err(error) = &outcome {
            eprintln!("error in {}: {error:#}", job.name);
            counted.failed = counted.failed.max(1);
        }
        counts += counted;
        if outcome.is_err() && stop_at_first {
            break;
        }
    }
    counts
}

fn prepare(workspace: &Workspace, jobs: &[&Job]) -> Result<()> {
    let mut tools: Vec<Tool> = Vec::new();
    for tool in jobs.iter().flat_map(|job| job.tools) {
        let given = *tool == Tool::Postgres && postgres::given().is_some();
        if !given && !tools.contains(tool) {
            tools.push(*tool);
        }
    }
    prerequisites::ensure(workspace, &tools)
}
