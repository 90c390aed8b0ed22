//! The Rust tests, by cargo-nextest where it is installed and by `cargo test` where it is not.

use anyhow::{Result, bail};

use super::postgres;
use super::tally::Tally;
use crate::process;
use crate::workspace::Workspace;

/// Tests of the server's crates, then those of xtask: apart, because features unify within one call.
pub(super) fn tests(workspace: &Workspace, postgres_url: &str, tally: &mut Tally) -> Result<()> {
    let nextest = process::succeeds(&mut workspace.cargo(["nextest", "--version"]));
    let runner: &[&str] = if nextest { &["nextest", "run"] } else { &["test"] };
    let before = tally.passed();
    for selection in [&["--all-targets"][..], &["--package", "xtask"]] {
        let mut command = workspace.cargo(runner);
        command.args(selection).arg("--no-fail-fast").env(postgres::VARIABLE, postgres_url);
        process::observe(&mut command, |line| tally.read(line))?;
    }
    if tally.passed() == before {
        bail!(
            "no test was counted: is the summary of the runner another than xtask/src/test/tally.rs knows?"
        );
    }
    Ok(())
}

/// The examples in doc comments, which nextest does not run.
pub(super) fn examples(workspace: &Workspace, tally: &mut Tally) -> Result<()> {
    process::observe(&mut workspace.cargo(["test", "--doc"]), |line| tally.read(line))
}
