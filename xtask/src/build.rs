//! Building the server, and `cargo xtask build`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::artifacts::artifacts;
use crate::progress::Progress;
use crate::workspace::Workspace;
use crate::{prerequisites, site};

/// How the server is compiled.
#[derive(Clone, Copy)]
pub(crate) enum Profile {
    Dev,
    Release,
}

/// `cargo xtask build`: leaves `target/release/bookplate`.
pub(crate) fn release(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(4);
    progress.step("looking for the tools that build Bookplate", || {
        prerequisites::ensure(workspace, prerequisites::TO_BUILD)
    })?;
    site::prepare(workspace, &mut progress)?;
    let binary = progress.step("building the server for release", || release_binary(workspace))?;
    let bytes = fs::metadata(&binary).with_context(|| format!("cannot read {}", binary.display()))?.len();
    eprintln!("{} is ready: {:.1} MB", binary.display(), bytes as f64 / 1e6);
    Ok(())
}

/// Builds the release binary and leaves it at `target/release/bookplate` of the clone, the place the documents
/// name, also when `CARGO_TARGET_DIR` points elsewhere.
pub(crate) fn release_binary(workspace: &Workspace) -> Result<PathBuf> {
    let built = server(workspace, Profile::Release)?;
    let promised = workspace.target("release/bookplate");
    if built != promised {
        let folder = workspace.target("release");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        fs::copy(&built, &promised).with_context(|| format!("cannot write {}", promised.display()))?;
    }
    Ok(promised)
}

/// Builds the server, which embeds what [`site::prepare`] left; says where the binary is.
pub(crate) fn server(workspace: &Workspace, profile: Profile) -> Result<PathBuf> {
    let mut command = workspace.cargo(["build", "--package", "bookplate", "--bin", "bookplate"]);
    if matches!(profile, Profile::Release) {
        command.arg("--release");
    }
    let built = artifacts(&mut command)?;
    built.into_iter().find_map(|it| it.executable).context("cargo built no server")
}

/// Compiles the tests of the server's crates, and the server with them; says where the server is. It is compiled as the
/// tests are, so that their dependencies are compiled once: what drives it needs no other build.
pub(crate) fn tests(workspace: &Workspace) -> Result<PathBuf> {
    let built = artifacts(&mut workspace.cargo(["test", "--all-targets", "--no-run"]))?;
    let server = built.into_iter().find(|it| it.target.kind == ["bin"] && !it.profile.test);
    server.and_then(|it| it.executable).context("cargo built no server")
}
