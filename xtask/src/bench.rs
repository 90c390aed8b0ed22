//! `cargo xtask bench`.

use std::ffi::OsString;

use anyhow::Result;

use crate::workspace::Workspace;
use crate::{build, process};

/// Builds the release binary and the benchmark, and measures; `arguments` are the benchmark's own.
pub(crate) fn bench(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    build::release(workspace)?;
    let mut command = workspace.cargo(["run", "--release", "--package", "bench", "--", "run"]);
    process::run(command.args(arguments).env("BOOKPLATE_BIN", workspace.target("release/bookplate")))
}
