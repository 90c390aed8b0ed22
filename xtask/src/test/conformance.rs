//! The outside conformance run: a harness that is not ours drives the real `better-auth` client against our
//! server. It lies beside the repository, not in it, so a machine may lack it.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::counts::Counts;
use super::{end2end, packages, postgres};
use crate::process;
use crate::workspace::Workspace;

/// Names the folder of the harness.
const VARIABLE: &str = "BOOKPLATE_TEST_CONFORMANCE";
/// Where it is looked for otherwise, from the root of the clone.
const BESIDE: &str = "../shared/conformance";
/// What is said when it is in neither place.
pub(super) const NOT_HERE: &str = "The outside conformance run is not on this machine (BOOKPLATE_TEST_CONFORMANCE names its folder); \
     the contract is covered by the wire suite of end2end/.";
/// As `end2end/conformance/run.mjs` calls them.
const DATABASES: [&str; 2] = ["sqlite", "postgres"];
/// The one case that may be left out: it recomputes a cookie's signature, for which not every server gives its secret.
const OPTIONAL: &str = "O-016";

/// The folder of the harness, if it is here.
///
/// # Errors
/// When [`VARIABLE`] names a folder without it.
pub(super) fn harness(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let named = env::var_os(VARIABLE).filter(|it| !it.is_empty());
    let folder = workspace.path(named.as_deref().unwrap_or_else(|| BESIDE.as_ref()));
    if folder.join("run.mjs").is_file() {
        return Ok(Some(folder));
    }
    if named.is_some() {
        bail!("{VARIABLE} names {}, where there is no run.mjs", folder.display());
    }
    Ok(None)
}

/// Runs tier 1 on both databases and counts its cases.
pub(super) fn run(
    workspace: &Workspace,
    harness: &Path,
    server: &Path,
    postgres_url: &str,
) -> Result<Counts> {
    let copied = copied(workspace, harness)?;
    let mut command = end2end::prepared(workspace, server)?;
    command.arg("conformance/run.mjs").arg(&copied).arg("--tier=1").env(postgres::VARIABLE, postgres_url);
    let mut verdicts = Verdicts::default();
    let ended = process::observe(&mut command, |line| verdicts.read(line));
    let mut counts = verdicts.judge()?;
    if ended.is_err() {
        counts.failed = counts.failed.max(1);
    }
    Ok(counts)
}

/// A copy of the harness under `target`, the packages it asks for one folder above it: the harness itself is copied
/// anew each time, its packages stay while its lock file does.
fn copied(workspace: &Workspace, harness: &Path) -> Result<PathBuf> {
    let folder = workspace.target("conformance");
    let copy = folder.join("harness");
    if copy.exists() {
        fs::remove_dir_all(&copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    }
    copy_tree(harness, &copy)?;
    for name in ["package.json", "package-lock.json"] {
        let wanted = read(&harness.join(name))?;
        let path = folder.join(name);
        if !fs::read(&path).is_ok_and(|there| there == wanted) {
            write(&path, &wanted)?;
        }
    }
    packages::install(workspace, &folder)?;
    Ok(copy)
}

fn copy_tree(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("cannot list {}", from.display()))? {
        let entry = entry?;
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == "node_modules" {
            continue;
        }
        if source.is_dir() {
            copy_tree(&source, &target)?;
        } else {
            // Not fs::copy: a harness that may only be read would become a copy that may only be read.
            write(&target, &read(&source)?)?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// What the harness said, by database.
#[derive(Default)]
struct Verdicts(BTreeMap<String, Run>);

#[derive(Default)]
struct Run {
    passed: u64,
    failed: Vec<String>,
    skipped: Vec<String>,
    /// The harness's own `N passed, N failed`, its last line.
    total: Option<(u64, u64)>,
}

impl Verdicts {
    /// Takes up a line such as `sqlite: PASS O-001 T1 what it shows (12 ms)` or `sqlite: 80 passed, 0 failed`.
    fn read(&mut self, line: &str) {
        let Some((database, line)) = line.split_once(": ").filter(|(name, _)| DATABASES.contains(name))
        else {
            return;
        };
        let run = self.0.entry(database.to_owned()).or_default();
        match *line.split(' ').collect::<Vec<_>>().as_slice() {
            ["PASS", _, _, ..] => run.passed += 1,
            ["FAIL", id, _, ..] => run.failed.push(id.to_owned()),
            ["SKIP", id, _, ..] => run.skipped.push(id.to_owned()),
            [passed, "passed,", failed, "failed"] => run.total = passed.parse().ok().zip(failed.parse().ok()),
            _ => {}
        }
    }

    /// Counts all cases; a case left out for want of something counts as failed.
    ///
    /// # Errors
    /// When a database's run did not come to its end, or its lines do not add up to its total.
    fn judge(mut self) -> Result<Counts> {
        let mut counts = Counts::default();
        let mut complaints = Vec::new();
        for database in DATABASES {
            let run = self.0.remove(database).unwrap_or_default();
            let left_out: Vec<String> = run.skipped.iter().filter(|id| *id != OPTIONAL).cloned().collect();
            let failed = run.failed.len() as u64;
            counts += Counts { passed: run.passed, failed: failed + left_out.len() as u64 };
            let skipped = run.skipped.len();
            eprintln!("  {database}: {} passed, {failed} failed, {skipped} skipped", run.passed);
            for (what, cases) in [("failed", &run.failed), ("left out", &left_out)] {
                if !cases.is_empty() {
                    eprintln!("  {database} {what} {}", cases.join(", "));
                }
            }
            match run.total {
                None => complaints.push(format!("{database} ended before its total")),
                Some((0, 0)) => complaints.push(format!("{database} ran no case")),
                Some(total) if total != (run.passed, failed) => complaints.push(format!(
                    "the lines of {database} do not add up to its total, {} passed and {} failed: are they others than \
                     xtask/src/test/conformance.rs knows?",
                    total.0, total.1
                )),
                Some(_) => {}
            }
        }
        if !complaints.is_empty() {
            bail!("outside conformance run: {}", complaints.join("; "));
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted of these lines of `sqlite`, beside one case that passed on `postgres`.
    fn judged(lines: &[&str]) -> Result<Counts> {
        let mut verdicts = Verdicts::default();
        for line in ["PASS O-001 T1 a case (1 ms)", "1 passed, 0 failed"] {
            verdicts.read(&format!("postgres: {line}"));
        }
        for line in lines {
            verdicts.read(&format!("sqlite: {line}"));
        }
        verdicts.judge()
    }

    fn counts(lines: &[&str]) -> (u64, u64) {
        let Counts { passed, failed } = judged(lines).unwrap();
        (passed, failed)
    }

    fn complaint(lines: &[&str]) -> String {
        judged(lines).unwrap_err().to_string()
    }

    const PASS: &str = "PASS O-001 T1 sign-up: answers a user (12 ms)";

    #[test]
    fn cases_of_both_databases_are_counted() {
        assert_eq!(counts(&[PASS, "PASS O-002 T1 next (3 ms)", "2 passed, 0 failed"]), (3, 0));
    }

    #[test]
    fn a_failed_case_is_counted() {
        let lines =
            [PASS, "FAIL O-077 T1 deletion :: status: 404 !== 200 | PASS O-002 T1", "1 passed, 1 failed"];
        assert_eq!(counts(&lines), (2, 1));
    }

    #[test]
    fn a_case_left_out_has_failed_but_the_optional_one() {
        let optional = [PASS, "SKIP O-016 T1 signature (needs secret)", "1 passed, 0 failed"];
        assert_eq!(counts(&optional), (2, 0));
        let lines = [
            PASS,
            "SKIP O-041 T1 reset (needs outbox)",
            "(1 skipped: adapters not given)",
            "1 passed, 0 failed",
        ];
        assert_eq!(counts(&lines), (2, 1));
    }

    #[test]
    fn a_run_that_broke_off_fails_whatever_passed_before() {
        assert!(complaint(&[PASS, "Error: duplicate id O-001"]).contains("sqlite ended before its total"));
        assert!(complaint(&[]).contains("sqlite ended before its total"));
        assert!(complaint(&["0 passed, 0 failed"]).contains("sqlite ran no case"));
    }

    #[test]
    fn lines_of_another_form_are_not_lost_silently() {
        assert!(complaint(&["ok O-001", "1 passed, 0 failed"]).contains("do not add up"));
        assert!(complaint(&[PASS, "one passed, 0 failed"]).contains("ended before its total"));
    }

    #[test]
    fn lines_of_no_database_count_nothing() {
        let mut verdicts = Verdicts::default();
        for line in [PASS, "mysql: PASS O-001 T1 a case (1 ms)", "1 passed, 0 failed", "sqlite", ""] {
            verdicts.read(line);
        }
        assert!(verdicts.0.is_empty());
    }
}
