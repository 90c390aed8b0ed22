//! What the sources look like at one moment, and what has changed since.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::workspace::Workspace;

const FOLDERS: &[&str] = &["app", "crates", "frontend", "migrations", "public", "src", "style"];
const FILES: &[&str] = &[".env", "Cargo.lock", "Cargo.toml", "bookplate.toml", "build.rs"];

/// Time of change and size of every watched file, by its path in the clone.
#[derive(PartialEq, Eq)]
pub(super) struct Snapshot(BTreeMap<PathBuf, (SystemTime, u64)>);

impl Snapshot {
    pub(super) fn take(workspace: &Workspace) -> Result<Self> {
        let mut files = BTreeMap::new();
        for name in FOLDERS.iter().chain(FILES) {
            add(workspace, Path::new(name), &mut files)?;
        }
        Ok(Self(files))
    }

    /// The sources now; if they differ from these, only once they have been quiet for `pause`: an editor writes
    /// several files, git many.
    pub(super) fn settle(&self, workspace: &Workspace, pause: Duration) -> Result<Self> {
        let mut now = Self::take(workspace)?;
        while now != *self {
            thread::sleep(pause);
            let later = Self::take(workspace)?;
            if later == now {
                break;
            }
            now = later;
        }
        Ok(now)
    }

    /// Files that appeared, changed or went.
    pub(super) fn changes(&self, now: &Self) -> Vec<Change> {
        let gone = self.0.keys().filter(|path| !now.0.contains_key(*path));
        let differs = |path: &PathBuf| self.0.get(path) != now.0.get(path);
        now.0.keys().filter(|path| differs(path)).chain(gone).map(|path| Change(path.clone())).collect()
    }
}

/// A path in the clone whose file is not what it was.
pub(super) struct Change(PathBuf);

impl Change {
    pub(super) fn list(changes: &[Self]) -> String {
        let shown: Vec<_> = changes.iter().take(3).map(|it| it.0.display().to_string()).collect();
        let more = changes.len() - shown.len();
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{rest}", shown.join(", "))
    }

    /// Part of what `target/site` is made of.
    pub(super) fn touches_site(&self) -> bool {
        self.touches_frontend() || self.is_in(&["style", "public"])
    }

    /// Part of the WASM.
    pub(super) fn touches_frontend(&self) -> bool {
        self.is_in(&["app", "frontend", "crates/contract", "Cargo.toml", "Cargo.lock"])
    }

    /// Read by the server when it starts.
    pub(super) fn touches_configuration(&self) -> bool {
        self.is_in(&[".env", "bookplate.toml"])
    }

    fn is_in(&self, places: &[&str]) -> bool {
        places.iter().any(|place| self.0.starts_with(place))
    }
}

fn add(
    workspace: &Workspace,
    relative: &Path,
    files: &mut BTreeMap<PathBuf, (SystemTime, u64)>,
) -> Result<()> {
    let path = workspace.path(relative);
    let cannot = || format!("cannot read {}", path.display());
    let metadata = match fs::metadata(&path) {
        Ok(metadata) => metadata,
        // Gone between listing and looking, or never there.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(cannot),
    };
    if metadata.is_file() {
        files.insert(relative.to_path_buf(), (metadata.modified()?, metadata.len()));
        return Ok(());
    }
    for entry in fs::read_dir(&path).with_context(cannot)? {
        add(workspace, &relative.join(entry?.file_name()), files)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(files: &[(&str, u64)]) -> Snapshot {
        Snapshot(
            files.iter().map(|(path, size)| (PathBuf::from(path), (SystemTime::UNIX_EPOCH, *size))).collect(),
        )
    }

    #[test]
    fn what_appeared_changed_or_went_is_a_change() {
        let before = snapshot(&[("src/a.rs", 1), ("src/b.rs", 1), ("src/c.rs", 1)]);
        let now = snapshot(&[("src/a.rs", 1), ("src/b.rs", 2), ("src/d.rs", 1)]);
        let paths: Vec<_> = before.changes(&now).into_iter().map(|it| it.0).collect();
        assert_eq!(paths, ["src/b.rs", "src/d.rs", "src/c.rs"].map(PathBuf::from));
    }

    #[test]
    fn a_change_rebuilds_no_more_than_it_touches() {
        let touches = |path: &str| {
            let change = Change(PathBuf::from(path));
            (change.touches_site(), change.touches_frontend(), change.touches_configuration())
        };
        assert_eq!(touches("style/main.css"), (true, false, false));
        assert_eq!(touches("app/src/lib.rs"), (true, true, false));
        assert_eq!(touches("crates/contract/src/lib.rs"), (true, true, false));
        assert_eq!(touches("crates/storage/src/lib.rs"), (false, false, false));
        assert_eq!(touches("bookplate.toml"), (false, false, true));
    }
}
