//! `cargo xtask coverage`: how many of our lines the Rust tests reach.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::prerequisites::{self, Tool};
use crate::progress::Progress;
use crate::test::postgres::{self, Postgres};
use crate::workspace::Workspace;
use crate::{build, process};

/// Set for the compiler calls of this command, in which cargo calls xtask in the place of rustc.
const WRAPPING: &str = "BOOKPLATE_XTASK_INSTRUMENTS";

/// What is measured: name and folder. The browser's entry and the tests' own crate are not.
const CRATES: &[(&str, &str)] = &[
    ("bookplate", "src"),
    ("app", "app/src"),
    ("contract", "crates/contract/src"),
    ("domain", "crates/domain/src"),
    ("markdown", "crates/markdown/src"),
    ("search", "crates/search/src"),
    ("storage", "crates/storage/src"),
];

/// As `RUSTC_WORKSPACE_WRAPPER`, adds instrumentation to one compiler call; `None` if this is an ordinary start.
///
/// Only crates of the workspace are compiled anew this way: dependencies come from the cache of every other build.
pub(crate) fn instrumented_compiler() -> Option<Result<ExitCode>> {
    env::var_os(WRAPPING)?;
    let mut arguments = env::args_os().skip(1);
    let compiler = arguments.next()?;
    let mut command = Command::new(compiler);
    let status = command.args(arguments).args(["-C", "instrument-coverage"]).status();
    Some(status.context("cannot start rustc").map(|status| match status.success() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }))
}

/// Runs the tests instrumented and prints a table.
pub(crate) fn coverage(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(4);
    progress.step("looking for the tools", || {
        let tools: &[Tool] = match postgres::given() {
            Some(_) => &[Tool::LlvmTools],
            None => &[Tool::LlvmTools, Tool::Postgres],
        };
        prerequisites::ensure(workspace, tools)
    })?;
    let profiles = workspace.target("coverage/profiles");
    let binaries = progress.step("building the tests with counters", || binaries(workspace))?;
    progress.step("running them", || {
        let _ = fs::remove_dir_all(&profiles);
        let postgres = Postgres::given_or_started(workspace)?;
        let mut command = cargo(workspace, &["test", "--all-targets", "--no-fail-fast"])?;
        process::run(command.env(postgres::VARIABLE, postgres.url()))
    })?;
    let files = progress.step("adding up", || measure(workspace, &profiles, &binaries))?;
    print(workspace, &files)
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<Command> {
    let ourselves = env::current_exe().context("cannot find xtask itself")?;
    let mut command = workspace.cargo(arguments);
    command
        .env("RUSTC_WORKSPACE_WRAPPER", ourselves)
        .env(WRAPPING, "1")
        .env("CARGO_TARGET_DIR", workspace.target("coverage"))
        .env("LLVM_PROFILE_FILE", workspace.target("coverage/profiles/%m-%p.profraw"));
    Ok(command)
}

/// The tests, and the server that some of them start.
fn binaries(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut command = cargo(workspace, &["test", "--all-targets", "--no-run"])?;
    let found: Vec<PathBuf> =
        build::artifacts(&mut command)?.into_iter().filter_map(|it| it.executable).collect();
    if found.is_empty() {
        bail!("cargo built no tests");
    }
    Ok(found)
}

/// What llvm-cov exports, as far as we read it.
#[derive(Deserialize)]
struct Export {
    data: Vec<Data>,
}

#[derive(Deserialize)]
struct Data {
    files: Vec<Measured>,
}

#[derive(Deserialize)]
struct Measured {
    filename: PathBuf,
    summary: Summary,
}

#[derive(Deserialize)]
struct Summary {
    lines: Lines,
}

#[derive(Clone, Copy, Default, Deserialize)]
struct Lines {
    count: u64,
    covered: u64,
}

fn measure(workspace: &Workspace, profiles: &Path, binaries: &[PathBuf]) -> Result<Vec<Measured>> {
    let merged = workspace.target("coverage/merged.profdata");
    let mut merge = workspace.command(prerequisites::llvm(workspace, "llvm-profdata")?);
    process::run(merge.args(["merge", "--sparse", "--output"]).arg(&merged).arg(profiles))?;
    let mut export = workspace.command(prerequisites::llvm(workspace, "llvm-cov")?);
    export.args(["export", "--summary-only", "--instr-profile"]).arg(&merged);
    for binary in binaries {
        export.arg("--object").arg(binary);
    }
    let exported: Export = serde_json::from_str(&process::capture(&mut export)?)
        .context("llvm-cov answers in another format than we know")?;
    Ok(exported.data.into_iter().flat_map(|it| it.files).collect())
}

fn print(workspace: &Workspace, files: &[Measured]) -> Result<()> {
    let mut sums: BTreeMap<&str, Lines> = BTreeMap::new();
    for file in files {
        let of = CRATES.iter().find(|(_, folder)| file.filename.starts_with(workspace.path(folder)));
        let Some((name, _)) = of else { continue };
        for sum in [*name, "~ all"] {
            let lines = sums.entry(sum).or_default();
            lines.count += file.summary.lines.count;
            lines.covered += file.summary.lines.covered;
        }
    }
    if sums.is_empty() {
        bail!("llvm-cov measured none of our files");
    }
    println!("{:<12} {:>7} {:>8} {:>7}", "crate", "lines", "covered", "");
    for (name, Lines { count, covered }) in &sums {
        let share = 100.0 * *covered as f64 / (*count).max(1) as f64;
        println!("{:<12} {count:>7} {covered:>8} {share:>6.1}%", name.trim_start_matches("~ "));
    }
    Ok(())
}
