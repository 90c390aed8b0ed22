//! The suites in `end2end/`, which drive a built server from outside: a browser, the wire, other programs.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::counts::Counts;
use super::{packages, postgres, tools};
use crate::workspace::Workspace;
use crate::{prerequisites, process};

/// Runs one suite of `end2end/run.mjs` on this server.
pub(super) fn suite(
    workspace: &Workspace,
    name: &str,
    server: &Path,
    postgres_url: &str,
    variables: &[(&str, &str)],
) -> Result<Counts> {
    let total = workspace.path("end2end/test-results/total.json");
    let _ = fs::remove_file(&total);
    let mut command = prepared(workspace, server)?;
    command.args(["run.mjs", name]).env(postgres::VARIABLE, postgres_url).envs(variables.iter().copied());
    let outcome = process::run(&mut command);
    if !total.is_file() {
        outcome?;
        bail!("end2end/run.mjs left no total");
    }
    let mut counts = Counts::of_json(&total)?;
    if outcome.is_err() {
        counts.failed = counts.failed.max(1);
    }
    if counts == Counts::default() {
        bail!("end2end/run.mjs {name} ran no test");
    }
    Ok(counts)
}

/// A call of node in `end2end/`, its packages installed and its variables set.
pub(super) fn prepared(workspace: &Workspace, server: &Path) -> Result<std::process::Command> {
    let folder = workspace.path("end2end");
    packages::install(workspace, &folder)?;
    let mut command = workspace.command(prerequisites::on_path("node").context("Node.js is missing")?);
    command
        .current_dir(folder)
        .env("BOOKPLATE_BIN", server)
        .env("BOOKPLATE_PYTHON", tools::python(workspace)?);
    for (variable, program) in [("BOOKPLATE_NGINX", "nginx"), ("BOOKPLATE_CADDY", "caddy")] {
        if let Some(path) = prerequisites::server(program) {
            command.env(variable, path);
        }
    }
    if let Some(chromium) = prerequisites::chromium() {
        command.env("CHROME_PATH", chromium);
    }
    Ok(command)
}
