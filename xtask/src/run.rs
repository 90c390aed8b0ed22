//! `cargo xtask run`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::progress::Progress;
use crate::workspace::Workspace;
use crate::{build, prerequisites, site};

/// Prepares what Bookplate needs and becomes the server.
pub(crate) fn run(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let mut progress = Progress::new(4);
    progress.step("looking for the tools that build Bookplate", || {
        prerequisites::ensure(workspace, prerequisites::TO_BUILD)
    })?;
    site::prepare(workspace, &mut progress)?;
    let server = progress.step("building the server", || build::server(workspace, build::Profile::Dev))?;
    eprintln!("starting {}", server.display());
    // Replacing ourselves makes signals and the exit status the server's own, with nothing to forward.
    let error = workspace.command(&server).args(arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", server.display()))
}
