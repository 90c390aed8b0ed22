//! Programs that pip installs: cargo's tools (`xtask/tools.txt`) and the Python of the end-to-end tests
//! (`end2end/requirements.txt`). They are kept in the user's cache, one folder for each list, and shared by all clones.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::process;
use crate::workspace::Workspace;

/// What the packages of cargo's tools are called before the tool's own name.
const PREFIX: &str = "astral-dev-toolchain-";

/// cargo-nextest, cargo-deny, cargo-llvm-cov and cargo-shear.
pub(crate) struct CargoTools {
    search_path: OsString,
}

impl CargoTools {
    /// Installs the tools unless they are there.
    pub(crate) fn ensure(workspace: &Workspace) -> Result<Self> {
        let list = workspace.path("xtask/tools.txt");
        let folder = cached("cargo-tools", &list, |folder| {
            pip_install(workspace, folder, &list).or_else(|error| {
                eprintln!("  {error:#}; building the tools from source instead");
                from_source(workspace, folder, &list)
            })
        })?;
        let before = env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(folder.join("bin")).chain(env::split_paths(&before));
        Ok(Self { search_path: env::join_paths(folders).context("PATH cannot be extended")? })
    }

    /// A call of cargo that finds the tools.
    pub(crate) fn cargo(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let mut command = workspace.cargo(arguments);
        command.env("PATH", &self.search_path);
        command
    }
}

/// The Python interpreter with the packages of `end2end/requirements.txt`.
pub(super) fn python(workspace: &Workspace) -> Result<PathBuf> {
    let list = workspace.path("end2end/requirements.txt");
    let folder = cached("end2end", &list, |folder| pip_install(workspace, folder, &list))?;
    Ok(folder.join("bin/python"))
}

/// The folder in the user's cache that `make` filled for this list. A lock keeps two runs from filling it at once; the
/// stamp is written last, so that a folder that was left half made is made again.
fn cached(name: &str, list: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let contents = fs::read(list).with_context(|| format!("cannot read {}", list.display()))?;
    let digest = hex::encode(Sha256::digest(&contents).get(..8).unwrap_or_default());
    let cache = user_cache()?;
    let folder = cache.join(format!("{name}-{digest}"));
    fs::create_dir_all(&cache).with_context(|| format!("cannot make {}", cache.display()))?;
    let lock = cache.join(format!("{name}-{digest}.lock"));
    let lock = File::create(&lock).with_context(|| format!("cannot write {}", lock.display()))?;
    lock.lock().context("cannot lock the folder of the tools")?;
    let stamp = folder.join("complete");
    if !stamp.is_file() || !folder.join("bin/python").exists() {
        eprintln!("  installing what {} lists", list.display());
        make(&folder)?;
        fs::write(&stamp, "").with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(folder)
}

fn user_cache() -> Result<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
    let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    Ok(named.or_else(home).context("HOME is not set")?.join("bookplate"))
}

fn pip_install(workspace: &Workspace, folder: &Path, list: &Path) -> Result<()> {
    process::run(workspace.command("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    let mut pip = workspace.command(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(list);
    process::run(&mut pip)
}

fn from_source(workspace: &Workspace, folder: &Path, list: &Path) -> Result<()> {
    let contents = fs::read_to_string(list).with_context(|| format!("cannot read {}", list.display()))?;
    let packages = contents.lines().filter_map(|line| line.strip_prefix(PREFIX)?.split_once("=="));
    for (name, version) in packages {
        let mut install = workspace.cargo(["install", "--locked", name, "--version", version, "--root"]);
        process::run(install.arg(folder))?;
    }
    Ok(())
}
