//! Embeds the site that `cargo xtask` left in `target/site`: writes `site.rs`, which `src/http/assets.rs` includes.
//! Without a site (a plain `cargo build`) the list is empty and the server says so when it starts.

use std::env;
use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let clone = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let site = clone.join("target").join("site");
    // Cargo runs us every time while a watched folder is missing, so there always is one.
    fs::create_dir_all(&site)?;
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={}", site.display());
    // Set in .cargo/config.toml, different in each clone: the paths below are absolute.
    println!("cargo:rerun-if-env-changed=CARGO_WORKSPACE_CLONE");

    let manifest = fs::read_to_string(site.join("site.manifest")).unwrap_or_default();
    fs::write(out.join("site.rs"), generate(&site, &manifest)?)?;
    Ok(())
}

/// The format of the manifest is described where it is written, in `xtask/src/site/publish.rs`.
fn generate(site: &Path, manifest: &str) -> Result<String, Box<dyn Error>> {
    let mut output_name = "bookplate";
    let mut stylesheet = None;
    let mut files = String::new();
    for line in manifest.lines() {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next()) {
            (Some("output_name"), Some(name)) => output_name = name,
            (Some("stylesheet"), Some(address)) => stylesheet = Some(address),
            (Some("file"), Some(address)) => files.push_str(&file(site, address, fields)?),
            _ => return Err(format!("target/site/site.manifest has a line we do not know: {line}").into()),
        }
    }
    let mut code = String::new();
    writeln!(code, "/// The name under which Leptos finds its JavaScript and WASM in `/pkg`.")?;
    writeln!(code, "pub const OUTPUT_NAME: &str = {output_name:?};")?;
    writeln!(code, "/// The address of the stylesheet.")?;
    writeln!(code, "pub const STYLESHEET: Option<&str> = {stylesheet:?};")?;
    writeln!(code, "/// Every file of the site, in order of the paths.")?;
    writeln!(code, "pub static FILES: &[File] = &[\n{files}];")?;
    Ok(code)
}

fn file<'a>(
    site: &Path,
    address: &str,
    mut fields: impl Iterator<Item = &'a str>,
) -> Result<String, Box<dyn Error>> {
    let (Some(content_type), Some(keep), Some(etag)) = (fields.next(), fields.next(), fields.next()) else {
        return Err(format!("target/site/site.manifest says too little about {address}").into());
    };
    let forms: Vec<&str> = fields.collect();
    let path = site.join(address.trim_start_matches('/')).display().to_string();
    let form = |suffix: &str| match forms.contains(&suffix) {
        true => format!("Some(include_bytes!({:?}))", format!("{path}.{suffix}")),
        false => "None".to_owned(),
    };
    let immutable = keep == "immutable";
    Ok(format!(
        "    File {{ path: {address:?}, content_type: {content_type:?}, immutable: {immutable}, etag: {etag:?}, \
         identity: include_bytes!({path:?}), brotli: {}, gzip: {} }},\n",
        form("br"),
        form("gz"),
    ))
}
