//! What holds of the release binary, the one that ships: its size, how soon it answers, and what a browser thinks of it.

use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};

use super::counts::Counts;
use super::{Session, checked, end2end};
use crate::workspace::Workspace;
use crate::{build, process, site};

/// The most that the binary may weigh, in bytes: it is copied to small machines and pulled into small images.
const LARGEST: u64 = 40_000_000;

/// Builds the release binary, weighs it, and runs `end2end/start.mjs` on it.
pub(super) fn check(session: &mut Session<'_>) -> Result<Counts> {
    let workspace = session.workspace;
    let binary = built(workspace)?;
    let size = fs::metadata(&binary)?.len();
    eprintln!("  {:.1} MB", size as f64 / 1e6);
    if size > LARGEST {
        bail!("the release binary has {size} bytes, more than {LARGEST}");
    }
    checked(process::run(end2end::prepared(workspace, &binary)?.arg("start.mjs")))
}

/// Lighthouse on the pages of the release binary.
pub(super) fn lighthouse(session: &mut Session<'_>) -> Result<Counts> {
    let workspace = session.workspace;
    let binary = built(workspace)?;
    let mut command = end2end::prepared(workspace, &binary)?;
    checked(process::run(command.args(["lighthouse.mjs", "--at-least=95", "--runs=3"])))
}

fn built(workspace: &Workspace) -> Result<PathBuf> {
    site::refresh(workspace, true)?;
    build::release_binary(workspace)
}
