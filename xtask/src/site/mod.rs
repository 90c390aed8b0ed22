//! The site: everything a browser loads that is not a page. Written to `target/site`, from where the root
//! package's `build.rs` embeds it.
//!
//! `pkg/` holds the frontend's JavaScript and WASM and the stylesheet, under names made of their contents;
//! `public/` is copied to the top. What shrinks has a `.br` and a `.gz` beside it. `site.manifest` lists it all.

mod publish;
mod style;
mod wasm;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::prerequisites;
use crate::progress::Progress;
use crate::workspace::Workspace;

/// One file of the site.
pub(crate) struct SiteFile {
    /// Relative to the site, with `/`.
    path: String,
    contents: Vec<u8>,
    /// The name changes with the contents, so a browser may keep it for ever.
    immutable: bool,
}

/// `cargo xtask site`.
pub(crate) fn command(workspace: &Workspace) -> Result<()> {
    let mut progress = Progress::new(3);
    progress.step("looking for the tools that build the site", || {
        prerequisites::ensure(workspace, prerequisites::TO_BUILD)
    })?;
    prepare(workspace, &mut progress)
}

/// Brings `target/site` up to date, in two steps. Files that are as they should be are not touched, so the server
/// is not rebuilt for nothing.
pub(crate) fn prepare(workspace: &Workspace, progress: &mut Progress) -> Result<()> {
    let frontend = progress.step("building the frontend (WASM)", || wasm::build(workspace))?;
    progress.step("bundling styles and writing target/site", || assemble(workspace, frontend))
}

/// The same without steps of its own, for the watcher. Without `compile` the frontend stays as it was built last.
pub(crate) fn refresh(workspace: &Workspace, compile: bool) -> Result<()> {
    let frontend = match wasm::last(workspace).filter(|_| !compile) {
        Some(last) => last,
        None => wasm::build(workspace)?,
    };
    assemble(workspace, frontend)
}

fn assemble(workspace: &Workspace, frontend: wasm::Frontend) -> Result<()> {
    let mut assets = frontend.assets;
    let stylesheet = style::bundle(&workspace.path("style/main.css"))?;
    let stylesheet_address = stylesheet.as_ref().map(|it| format!("/{}", it.path));
    assets.extend(stylesheet);
    for (path, contents) in read_tree(&workspace.path("public"))? {
        assets.push(SiteFile { path, contents, immutable: false });
    }
    publish::publish(&workspace.target("site"), assets, &frontend.output_name, stylesheet_address.as_deref())
}

/// Every file below `folder` with its path relative to it; none if there is no such folder.
fn read_tree(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let mut found = Vec::new();
    for path in walk(folder)? {
        let relative = path.strip_prefix(folder)?.to_string_lossy().into_owned();
        let contents = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        found.push((relative, contents));
    }
    Ok(found)
}

/// The files below `folder`, in order of their names.
fn walk(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(walk(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// 64 bits of SHA-256 in hexadecimal: short enough for an address, and nobody chooses the contents against us.
fn fingerprint(parts: &[&[u8]]) -> String {
    let digest = parts.iter().fold(Sha256::new(), sha2::Digest::chain_update).finalize();
    hex::encode(digest.get(..8).unwrap_or_default())
}
