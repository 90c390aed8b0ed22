//! The npm packages that tests need.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// The packages that the folder's lock file lists, unless npm has installed them since it was last written. What was
/// downloaded once npm keeps outside the clone.
pub(super) fn install(workspace: &Workspace, folder: &Path) -> Result<()> {
    let changed = |path: &str| fs::metadata(folder.join(path)).and_then(|it| it.modified()).ok();
    // npm writes this file last.
    let installed = changed("node_modules/.package-lock.json");
    if installed.is_some() && installed >= changed("package-lock.json") {
        return Ok(());
    }
    eprintln!("  installing the packages of {} (npm ci)", folder.display());
    let mut command = workspace.command("npm");
    command.args(["ci", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]);
    process::run(command.current_dir(folder).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"))
}
