//! Where things are in this clone, and how to start a program in it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The clone that `cargo xtask` was called in.
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// Read at run time: the compile-time `env!` would pin the clone that built xtask when clones share a build
    /// directory.
    pub(crate) fn find() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask <command>`")?;
        let root = Path::new(&manifest).parent().context("xtask stands in no workspace")?;
        if !root.join("Cargo.toml").is_file() {
            bail!("{} is not the workspace of Bookplate: Cargo.toml is missing", root.display());
        }
        Ok(Self { root: root.to_path_buf() })
    }

    /// A path in the clone.
    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// A path under the clone's `target`, whatever `CARGO_TARGET_DIR` says: what we make belongs to the clone.
    pub(crate) fn target(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join("target").join(relative)
    }

    /// A program started in the root of the clone, without the variables that `cargo run` set for xtask itself.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root);
        for (name, _) in env::vars_os() {
            let ours = name
                .to_str()
                .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
            if ours {
                command.env_remove(name);
            }
        }
        command
    }

    /// The cargo that runs us.
    pub(crate) fn cargo<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments);
        command
    }
}
