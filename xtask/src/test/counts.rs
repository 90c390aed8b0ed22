//! How many tests passed and failed, from the reports that the runners write.

use std::fmt;
use std::fs;
use std::ops::AddAssign;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

/// Passed and failed tests of one step or of several.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
}

impl Counts {
    /// Reads the root element of a `JUnit` report: `<testsuites name="…" tests="3" failures="1" errors="0">`.
    pub(super) fn of_junit(report: &str) -> Option<Self> {
        let (_, element) = report.split_once("<testsuites ")?;
        let (attributes, _) = element.split_once('>')?;
        let number = |name: &str| {
            let (_, after) = attributes.split_once(&format!("{name}=\""))?;
            after.split('"').next()?.parse::<u64>().ok()
        };
        let failed = number("failures")? + number("errors")?;
        Some(Self { passed: number("tests")?.checked_sub(failed)?, failed })
    }

    /// Reads what `end2end/run.mjs` writes: `{"passed":3,"failed":1}`.
    pub(super) fn of_json(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} counts nothing", path.display()))
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_junit_report_is_counted_by_its_root_element() {
        let report = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
            <testsuites name=\"nextest-run\" tests=\"7\" failures=\"2\" errors=\"1\" uuid=\"x\" time=\"0.1\">\n\
            <testsuite name=\"xtask\" tests=\"1\" failures=\"0\" errors=\"0\">";
        assert_eq!(Counts::of_junit(report), Some(Counts { passed: 4, failed: 3 }));
        assert_eq!(Counts::of_junit("<testsuites name=\"x\">"), None);
        assert_eq!(Counts::of_junit(""), None);
    }
}
