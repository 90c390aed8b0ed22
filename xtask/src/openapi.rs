//! `cargo xtask openapi`.

use anyhow::Result;

use crate::process;
use crate::workspace::Workspace;

/// Writes `docs/openapi.json` and `docs/contracts`: the tests that compare them with the server write them when told to.
pub(crate) fn write(workspace: &Workspace) -> Result<()> {
    for tests in ["openapi::", "contracts::"] {
        let mut command = workspace.cargo(["test", "--package", "bookplate", "--test", "http", tests]);
        process::run(command.env("INSTA_UPDATE", "always"))?;
    }
    Ok(())
}
