//! Writes the site: each file, its compressed forms, and the manifest that `build.rs` reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::{SiteFile, fingerprint, walk};

/// Tab-separated, so that `build.rs` reads it without a parser: `output_name NAME`, `stylesheet ADDRESS`, and for
/// each file `file ADDRESS TYPE immutable|revalidate ETAG FORM..` with the forms that exist (`br`, `gz`).
const MANIFEST: &str = "site.manifest";

/// Makes `site` hold exactly `assets`. What is as it should be keeps its time of change.
pub(super) fn publish(
    site: &Path,
    mut assets: Vec<SiteFile>,
    output_name: &str,
    stylesheet: Option<&str>,
) -> Result<()> {
    assets.sort_by(|a, b| a.path.cmp(&b.path));
    let mut manifest = format!("output_name\t{output_name}\n");
    if let Some(address) = stylesheet {
        writeln!(manifest, "stylesheet\t{address}")?;
    }
    let mut expected = BTreeMap::new();
    for asset in &assets {
        let forms = forms(site, asset)?;
        describe(&mut manifest, asset, &forms)?;
        if asset.immutable {
            report(asset, &forms);
        }
        expected.insert(asset.path.clone(), None);
        expected.extend(
            forms.into_iter().map(|form| (format!("{}.{}", asset.path, form.suffix), Some(form.bytes))),
        );
    }
    expected.insert(MANIFEST.to_owned(), None);
    remove_strays(site, &expected)?;
    for asset in &assets {
        write_if_changed(&site.join(&asset.path), &asset.contents)?;
    }
    for (path, bytes) in &expected {
        if let Some(bytes) = bytes {
            write_if_changed(&site.join(path), bytes)?;
        }
    }
    write_if_changed(&site.join(MANIFEST), manifest.as_bytes())
}

/// A compressed form of a file that is smaller than the file.
struct Form {
    suffix: &'static str,
    bytes: Vec<u8>,
}

/// Takes the forms that lie beside an unchanged file, or compresses.
fn forms(site: &Path, asset: &SiteFile) -> Result<Vec<Form>> {
    if !kind(&asset.path).compressible {
        return Ok(Vec::new());
    }
    let path = site.join(&asset.path);
    let unchanged = fs::read(&path).is_ok_and(|there| there == asset.contents);
    let mut forms = Vec::new();
    for (suffix, compress) in [("br", brotli as fn(&[u8]) -> Result<Vec<u8>>), ("gz", gzip)] {
        let beside = fs::read(site.join(format!("{}.{suffix}", asset.path))).ok();
        let bytes = match beside.filter(|_| unchanged) {
            Some(bytes) => bytes,
            None => compress(&asset.contents).with_context(|| format!("cannot compress {}", asset.path))?,
        };
        if bytes.len() < asset.contents.len() {
            forms.push(Form { suffix, bytes });
        }
    }
    Ok(forms)
}

fn brotli(contents: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &*contents, &mut compressed, &parameters)?;
    Ok(compressed)
}

fn gzip(contents: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(contents)?;
    Ok(encoder.finish()?)
}

fn describe(manifest: &mut String, asset: &SiteFile, forms: &[Form]) -> Result<()> {
    let content_type = kind(&asset.path).content_type;
    let keep = if asset.immutable { "immutable" } else { "revalidate" };
    // Weak, because the compressed forms answer under the same tag (RFC 9110, section 8.8.1).
    let etag = format!("W/\"{}\"", fingerprint(&[&asset.contents]));
    write!(manifest, "file\t/{}\t{content_type}\t{keep}\t{etag}", asset.path)?;
    for form in forms {
        write!(manifest, "\t{}", form.suffix)?;
    }
    manifest.push('\n');
    Ok(())
}

fn report(asset: &SiteFile, forms: &[Form]) {
    let kilobytes = |bytes: usize| bytes as f64 / 1000.0;
    let brotli = forms.iter().find(|it| it.suffix == "br");
    let compressed = brotli.map(|it| format!(", {:.1} kB brotli", kilobytes(it.bytes.len())));
    eprintln!(
        "  /{}: {:.1} kB{}",
        asset.path,
        kilobytes(asset.contents.len()),
        compressed.unwrap_or_default()
    );
}

fn remove_strays<T>(site: &Path, expected: &BTreeMap<String, T>) -> Result<()> {
    for path in walk(site)? {
        let relative = path.strip_prefix(site)?.to_string_lossy();
        if !expected.contains_key(relative.as_ref()) {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// By way of a second file and a rename, so that a build beside us never reads half a file.
fn write_if_changed(path: &Path, contents: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == contents) {
        return Ok(());
    }
    let folder = path.parent().context("a file of the site has a folder")?;
    let unfinished = path.with_added_extension("unfinished");
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&unfinished, contents))
        .and_then(|()| fs::rename(&unfinished, path))
        .with_context(|| format!("cannot write {}", path.display()))
}

struct Kind {
    content_type: &'static str,
    compressible: bool,
}

fn kind(path: &str) -> Kind {
    let extension = Path::new(path).extension().and_then(|it| it.to_str()).unwrap_or_default();
    let (content_type, compressible) = match extension {
        "css" => ("text/css; charset=utf-8", true),
        "html" => ("text/html; charset=utf-8", true),
        "ico" => ("image/x-icon", true),
        "jpg" | "jpeg" => ("image/jpeg", false),
        "js" | "mjs" => ("text/javascript; charset=utf-8", true),
        "json" | "map" => ("application/json", true),
        "png" => ("image/png", false),
        "svg" => ("image/svg+xml", true),
        "txt" => ("text/plain; charset=utf-8", true),
        "wasm" => ("application/wasm", true),
        "webmanifest" => ("application/manifest+json", true),
        "webp" => ("image/webp", false),
        "woff2" => ("font/woff2", false),
        "xml" => ("application/xml", true),
        _ => ("application/octet-stream", false),
    };
    Kind { content_type, compressible }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn scratch(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("bookplate-publish-{name}-{}", std::process::id()))
    }

    fn asset(path: &str, contents: &str) -> SiteFile {
        SiteFile {
            path: path.to_owned(),
            contents: contents.as_bytes().to_vec(),
            immutable: path.starts_with("pkg/"),
        }
    }

    #[test]
    fn the_manifest_lists_each_file_with_its_forms() {
        let site = scratch("manifest");
        let assets = vec![asset("robots.txt", "x"), asset("pkg/a.css", &"a{color:red}".repeat(50))];
        publish(&site, assets, "name", Some("/pkg/a.css")).unwrap();
        let manifest = fs::read_to_string(site.join(MANIFEST)).unwrap();
        let lines: Vec<_> = manifest.lines().collect();
        assert_eq!(lines[..2], ["output_name\tname", "stylesheet\t/pkg/a.css"]);
        assert!(
            lines[2].starts_with("file\t/pkg/a.css\ttext/css; charset=utf-8\timmutable\tW/\""),
            "{}",
            lines[2]
        );
        assert!(lines[2].ends_with("\"\tbr\tgz"), "{}", lines[2]);
        assert!(
            lines[3].starts_with("file\t/robots.txt\ttext/plain; charset=utf-8\trevalidate\t"),
            "{}",
            lines[3]
        );
        assert!(lines[3].ends_with('"'), "too small to shrink: {}", lines[3]);
        fs::remove_dir_all(&site).unwrap();
    }

    #[test]
    fn a_second_time_nothing_is_written_and_what_is_gone_is_removed() {
        let site = scratch("again");
        let both = || vec![asset("a.txt", "a"), asset("b.txt", "b")];
        publish(&site, both(), "name", None).unwrap();
        let written = fs::metadata(site.join(MANIFEST)).unwrap().modified().unwrap();
        publish(&site, both(), "name", None).unwrap();
        assert_eq!(fs::metadata(site.join(MANIFEST)).unwrap().modified().unwrap(), written);
        publish(&site, vec![asset("a.txt", "a")], "name", None).unwrap();
        assert!(!site.join("b.txt").exists());
        fs::remove_dir_all(&site).unwrap();
    }
}
