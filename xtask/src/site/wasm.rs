//! The frontend: cargo makes the WASM, wasm-bindgen the JavaScript around it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use super::{SiteFile, fingerprint, read_tree};
use crate::artifacts::artifacts;
use crate::workspace::Workspace;

/// Part of the hash: another wasm-bindgen writes another JavaScript for the same WASM.
const BINDGEN: &str = "wasm-bindgen 0.2.130";

/// What the browser loads to bring the islands to life.
pub(super) struct Frontend {
    /// `bookplate-HASH`: Leptos asks for `/pkg/{output_name}.js` and `/pkg/{output_name}_bg.wasm`.
    pub(super) output_name: String,
    pub(super) assets: Vec<SiteFile>,
}

/// Compiles the frontend and binds it, unless this very WASM is bound already.
pub(super) fn build(workspace: &Workspace) -> Result<Frontend> {
    let module = compile(workspace)?;
    let bytes = fs::read(&module).with_context(|| format!("cannot read {}", module.display()))?;
    let output_name = format!("bookplate-{}", fingerprint(&[BINDGEN.as_bytes(), &bytes]));
    let folder = bound(workspace).join(&output_name);
    if !folder.is_dir() {
        let _ = fs::remove_dir_all(bound(workspace));
        bind(&module, &output_name, &folder)?;
    }
    read(output_name, &folder)
}

/// What was bound last, if anything was.
pub(super) fn last(workspace: &Workspace) -> Option<Frontend> {
    let folder = fs::read_dir(bound(workspace)).ok()?.filter_map(Result::ok).map(|it| it.path()).next()?;
    let output_name = folder.file_name()?.to_str()?.to_owned();
    if output_name.ends_with(UNFINISHED) {
        return None;
    }
    read(output_name, &folder).ok()
}

const UNFINISHED: &str = ".unfinished";

/// The folder that holds one folder: the last bound frontend.
fn bound(workspace: &Workspace) -> PathBuf {
    workspace.target("xtask/frontend")
}

fn compile(workspace: &Workspace) -> Result<PathBuf> {
    let mut command =
        workspace.cargo(["build", "--package", "frontend", "--target", "wasm32-unknown-unknown"]);
    command.args(["--profile", "wasm-release"]);
    let files = artifacts(&mut command)?.into_iter().flat_map(|it| it.filenames);
    let mut modules = files.filter(|it| it.file_name().is_some_and(|name| name == "frontend.wasm"));
    modules.next().context("cargo built no frontend.wasm")
}

fn bind(module: &Path, output_name: &str, folder: &Path) -> Result<()> {
    let unfinished = folder.with_extension(UNFINISHED.trim_start_matches('.'));
    Bindgen::new()
        .input_path(module)
        .out_name(output_name)
        .web(true)
        .map_err(|error| anyhow!("{error:#}"))?
        .typescript(false)
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(&unfinished)
        .map_err(|error| anyhow!("wasm-bindgen refused the frontend: {error:#}"))?;
    let renamed = fs::rename(&unfinished, folder);
    if renamed.is_err() && folder.is_dir() {
        // Another run was faster with the same module: what it left is what we made.
        return fs::remove_dir_all(&unfinished).context("cannot remove what another run has made already");
    }
    renamed.with_context(|| format!("cannot write {}", folder.display()))
}

fn read(output_name: String, folder: &Path) -> Result<Frontend> {
    let assets = read_tree(folder)?.into_iter().map(|(path, contents)| SiteFile {
        // A snippet's folder is named after its crate, not after its contents.
        immutable: path.starts_with(&output_name),
        path: format!("pkg/{path}"),
        contents,
    });
    Ok(Frontend { assets: assets.collect(), output_name })
}
