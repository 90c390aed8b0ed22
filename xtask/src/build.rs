//! Building the server, and `cargo xtask build`.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::process;
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
    let artifacts = artifacts(&mut command)?;
    artifacts.into_iter().find_map(|it| it.executable).context("cargo built no server")
}

/// Compiles the tests of the server's crates, and the server with them; says where the server is. It is compiled as the
/// tests are, so that their dependencies are compiled once: what drives it needs no other build.
pub(crate) fn tests(workspace: &Workspace) -> Result<PathBuf> {
    let artifacts = artifacts(&mut workspace.cargo(["test", "--all-targets", "--no-run"]))?;
    let server = artifacts.into_iter().find(|it| it.target.kind == ["bin"] && !it.profile.test);
    server.and_then(|it| it.executable).context("cargo built no server")
}

/// One line of cargo's `--message-format=json`, as far as we read it.
#[derive(Deserialize)]
pub(crate) struct Artifact {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    profile: TestProfile,
    /// The binary or the test, if this is one.
    pub(crate) executable: Option<PathBuf>,
    /// Everything the compiler left.
    #[serde(default)]
    pub(crate) filenames: Vec<PathBuf>,
}

/// What an artifact was made from.
#[derive(Default, Deserialize)]
struct Target {
    kind: Vec<String>,
}

/// How an artifact was compiled.
#[derive(Default, Deserialize)]
struct TestProfile {
    test: bool,
}

/// Runs a cargo build and answers what it built. The compiler's messages go to the terminal.
pub(crate) fn artifacts(command: &mut Command) -> Result<Vec<Artifact>> {
    command.arg("--message-format=json-render-diagnostics").stdin(Stdio::null());
    let output = process::capture(command)?;
    // Test programs and build scripts may write lines of their own between cargo's.
    let messages = output.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    Ok(messages.filter(|it| it.reason == "compiler-artifact").collect())
}
