//! Checks that read the code and run nothing.

use anyhow::{Result, bail};

use super::tools::CargoTools;
use crate::process;
use crate::workspace::Workspace;

/// What must never reach a browser: the server's crates and ours that hold its rules.
const SERVER_ONLY: &[&str] = &[
    "argon2",
    "axum",
    "bookplate",
    "domain",
    "hyper",
    "leptos_axum",
    "markdown",
    "search",
    "sqlx",
    "sqlx-core",
    "storage",
    "tokio",
    "utoipa",
];

const BROWSER: &str = "wasm32-unknown-unknown";

pub(super) fn formatting(workspace: &Workspace) -> Result<()> {
    if process::run(&mut workspace.cargo(["fmt", "--all", "--check"])).is_err() {
        bail!("the code is not formatted; `cargo fmt --all` does it");
    }
    Ok(())
}

/// Three calls, because features unify within one: the server, the browser and xtask each see their own.
pub(super) fn lints(workspace: &Workspace) -> Result<()> {
    for selection in [
        &["--all-targets"][..],
        &["--package", "frontend", "--target", BROWSER],
        &["--package", "xtask", "--all-targets"],
    ] {
        let mut command = workspace.cargo(["clippy"]);
        process::run(command.args(selection).args(["--", "--deny", "warnings"]))?;
    }
    Ok(())
}

/// Licences, bans and sources by `deny.toml`, then whether every dependency is used. Advisories are left out: they are
/// looked up on the network, and what is found there changes while the code does not.
pub(super) fn dependencies(workspace: &Workspace, tools: &CargoTools) -> Result<()> {
    process::run(
        &mut tools.cargo(workspace, &["deny", "--all-features", "check", "bans", "licenses", "sources"]),
    )?;
    process::run(&mut tools.cargo(workspace, &["shear"]))
}

pub(super) fn wasm_graph(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo(["tree", "--package", "frontend", "--target", BROWSER]);
    command.args(["--edges", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]);
    let tree = process::capture(&mut command)?;
    let mut found: Vec<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    found.sort_unstable();
    found.dedup();
    let intruders: Vec<&str> = found.iter().copied().filter(|name| SERVER_ONLY.contains(name)).collect();
    if let Some(first) = intruders.first() {
        bail!(
            "the WASM contains {}, which belong to the server. \
             `cargo tree -p frontend --target {BROWSER} -i {first}` says who brings it",
            intruders.join(", ")
        );
    }
    eprintln!("  {} crates, none of the server's", found.len());
    Ok(())
}
