//! The Rust tests, by cargo-nextest.

use std::fs;

use anyhow::{Context, Result};

use super::Session;
use super::counts::Counts;
use super::postgres;
use crate::process;

/// The lines of our crates that the tests have to reach, in per cent.
const COVERED: &str = "85";
/// Left out of the coverage: what tests are made of, and what only a browser or a developer runs.
const NOT_COVERED: &str = "(testkit|xtask|bench|frontend)/|/tests/";
/// Makes every HTTP test run on PostgreSQL.
const HTTP_DATABASE: (&str, &str) = ("BOOKPLATE_TEST_HTTP_DATABASE", "postgres");

/// Tests of the server's crates, then those of xtask: apart, because features unify within one call.
pub(super) fn all(session: &mut Session<'_>, variables: &[(&str, &str)]) -> Result<Counts> {
    let mut counts = nextest(session, &["--all-targets"], variables)?;
    counts += nextest(session, &["--package", "xtask"], variables)?;
    Ok(counts)
}

/// The HTTP tests on PostgreSQL, those too that are on SQLite otherwise.
pub(super) fn http_on_postgres(session: &mut Session<'_>) -> Result<Counts> {
    nextest(session, &["--all-targets", "--filterset", "binary(=http)"], &[HTTP_DATABASE])
}

/// How many lines the tests reach; too few are an error.
pub(super) fn coverage(session: &mut Session<'_>) -> Result<()> {
    let url = session.postgres()?;
    let workspace = session.workspace;
    let arguments =
        ["llvm-cov", "nextest", "--all-targets", "--fail-under-lines", COVERED, "--ignore-filename-regex"];
    let mut command = session.tools()?.cargo(workspace, &arguments);
    process::run(command.arg(NOT_COVERED).env(postgres::VARIABLE, url))
}

fn nextest(session: &mut Session<'_>, selection: &[&str], variables: &[(&str, &str)]) -> Result<Counts> {
    let url = session.postgres()?;
    let workspace = session.workspace;
    let report = workspace.target("nextest/default/junit.xml");
    let _ = fs::remove_file(&report);
    let mut command = session.tools()?.cargo(workspace, &["nextest", "run"]);
    command.args(selection).env(postgres::VARIABLE, url).envs(variables.iter().copied());
    let outcome = process::run(&mut command);
    // Without a report nothing has run: it did not compile, or cargo-nextest failed itself.
    let Ok(report) = fs::read_to_string(&report) else {
        outcome?;
        return Err(anyhow::anyhow!("cargo-nextest left no report"));
    };
    let mut counts = Counts::of_junit(&report).context("the report of cargo-nextest counts nothing")?;
    if outcome.is_err() {
        counts.failed = counts.failed.max(1);
    }
    Ok(counts)
}
