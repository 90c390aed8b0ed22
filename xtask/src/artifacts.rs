//! What a cargo build has built.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;
use serde::Deserialize;

use crate::process;

/// One line of cargo's `--message-format=json`, as far as we read it.
#[derive(Deserialize)]
pub(crate) struct Artifact {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    pub(crate) target: Target,
    #[serde(default)]
    pub(crate) profile: TestProfile,
    /// The binary or the test, if this is one.
    pub(crate) executable: Option<PathBuf>,
    /// Everything the compiler left.
    #[serde(default)]
    pub(crate) filenames: Vec<PathBuf>,
}

/// What an artifact was made from.
#[derive(Default, Deserialize)]
pub(crate) struct Target {
    pub(crate) kind: Vec<String>,
}

/// How an artifact was compiled.
#[derive(Default, Deserialize)]
pub(crate) struct TestProfile {
    pub(crate) test: bool,
}

/// Runs a cargo build and returns what it built. The compiler's messages go to the terminal.
pub(crate) fn artifacts(command: &mut Command) -> Result<Vec<Artifact>> {
    command.arg("--message-format=json-render-diagnostics").stdin(Stdio::null());
    let output = process::capture(command)?;
    // Test programs and build scripts may write lines of their own between cargo's.
    let messages = output.lines().filter_map(|line| serde_json::from_str::<Artifact>(line).ok());
    Ok(messages.filter(|it| it.reason == "compiler-artifact").collect())
}
