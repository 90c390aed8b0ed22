//! The tests in `end2end/`, which drive the release binary from outside: a browser, the wire, PyJWT.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::tally::Tally;
use super::{packages, postgres};
use crate::workspace::Workspace;
use crate::{prerequisites, process};

pub(super) fn tests(workspace: &Workspace, postgres_url: &str, tally: &mut Tally) -> Result<()> {
    let binary = workspace.target("release/bookplate");
    if !binary.is_file() {
        bail!("{} is missing; `cargo xtask build` makes it", binary.display());
    }
    let chromium = prerequisites::chromium().context("Chromium is missing")?;
    packages::install(workspace, &workspace.path("end2end"))?;
    let python = virtual_environment(workspace)?;
    let before = tally.passed();
    let mut command = workspace.command("npm");
    command
        .args(["test"])
        .current_dir(workspace.path("end2end"))
        .env("BOOKPLATE_BIN", &binary)
        .env("BOOKPLATE_PYTHON", &python)
        .env("CHROME_PATH", &chromium)
        .env(postgres::VARIABLE, postgres_url);
    eprintln!("  browser: {}", chromium.display());
    process::observe(&mut command, |line| tally.read(line))?;
    if tally.passed() == before {
        bail!("end2end/ passed, but no test was counted: xtask/src/test/tally.rs does not know its summary");
    }
    Ok(())
}

/// A Python of our own with what `end2end/requirements.txt` lists; says where it is.
fn virtual_environment(workspace: &Workspace) -> Result<PathBuf> {
    let requirements = workspace.path("end2end/requirements.txt");
    let folder = workspace.target("venv");
    let python = folder.join("bin/python");
    let stamp = Stamp::of(workspace.target("venv.stamp"), &[&requirements])?;
    if stamp.is_current() && process::succeeds(workspace.command(&python).arg("--version")) {
        return Ok(python);
    }
    eprintln!("  installing the packages of end2end/requirements.txt (pip)");
    process::run(workspace.command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let mut command = workspace.command(&python);
    command.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
    process::run(&mut command)?;
    stamp.set()?;
    Ok(python)
}

/// Remembers the contents of files from which something was made.
struct Stamp {
    path: PathBuf,
    expected: String,
}

impl Stamp {
    fn of(path: PathBuf, files: &[&Path]) -> Result<Self> {
        let mut hash = Sha256::new();
        for file in files {
            hash.update(fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
        }
        let expected = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { path, expected })
    }

    fn is_current(&self) -> bool {
        fs::read_to_string(&self.path).is_ok_and(|there| there == self.expected)
    }

    fn set(&self) -> Result<()> {
        fs::write(&self.path, &self.expected).with_context(|| format!("cannot write {}", self.path.display()))
    }
}
