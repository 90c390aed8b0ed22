//! The stylesheet: `style/main.css` and what it imports, in one small file.

use std::path::Path;

use anyhow::{Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::printer::PrinterOptions;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions};
use lightningcss::targets::{Browsers, Features, Targets};

use super::{SiteFile, fingerprint};

/// The oldest browsers that know `light-dark()`, relative colours and nesting, which the design is written with:
/// spring and summer 2024. Anything older would need each of them written out twice.
fn targets() -> Targets {
    let version = |major: u32, minor: u32| Some((major << 16) | (minor << 8));
    let browsers = Browsers {
        chrome: version(123, 0),
        edge: version(123, 0),
        firefox: version(128, 0),
        safari: version(17, 5),
        ios_saf: version(17, 5),
        ..Browsers::default()
    };
    Targets { browsers: Some(browsers), include: Features::empty(), exclude: Features::LightDark }
}

/// Bundles and minifies; `None` if there is no such file.
pub(super) fn bundle(entry: &Path) -> Result<Option<SiteFile>> {
    if !entry.is_file() {
        return Ok(None);
    }
    let targets = targets();
    let files = FileProvider::new();
    let mut sheet = Bundler::new(&files, None, ParserOptions::default())
        .bundle(entry)
        .map_err(|error| anyhow!("cannot bundle the styles: {error}"))?;
    sheet
        .minify(MinifyOptions { targets, ..MinifyOptions::default() })
        .map_err(|error| anyhow!("cannot minify the styles: {error}"))?;
    let printed = sheet
        .to_css(PrinterOptions { minify: true, targets, ..PrinterOptions::default() })
        .map_err(|error| anyhow!("cannot write the styles: {error}"))?;
    let contents = printed.code.into_bytes();
    let path = format!("pkg/bookplate-{}.css", fingerprint(&[&contents]));
    Ok(Some(SiteFile { path, contents, immutable: true }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_the_design_relies_on_survives_the_bundling() {
        let folder = std::env::temp_dir().join(format!("bookplate-style-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let main = "@layer base, parts;\n@import \"parts.css\" layer(parts);\n@layer base { :root { color-scheme: light dark; \
                    --ink: light-dark(#111, #eee); --soft: oklch(from var(--ink) l c h / 50%); } }";
        let parts = "form:has(:user-invalid) { color: var(--ink); & p { color: light-dark(var(--a), var(--b)) } }\n\
                     a { background: oklch(from var(--b) calc(l + .1) c h); text-wrap: balance; }";
        fs::write(folder.join("main.css"), main).unwrap();
        fs::write(folder.join("parts.css"), parts).unwrap();
        let css = String::from_utf8(bundle(&folder.join("main.css")).unwrap().unwrap().contents).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        for kept in [
            "light-dark(#111,#eee)",
            "oklch(from var(--ink)",
            ":has(:user-invalid)",
            "& p",
            "light-dark(var(--a),var(--b))",
            "oklch(from var(--b)",
            "text-wrap:balance",
        ] {
            assert!(css.contains(kept), "{kept} is not in {css}");
        }
        // The import stands above the block of the layer that was declared first.
        assert!(css.find("@layer base").unwrap() < css.find("@layer parts").unwrap(), "{css}");
    }
}
