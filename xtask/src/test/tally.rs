//! Counts tests by reading what their runners print at the end.

use std::fmt;

/// How many tests passed and failed, over all runners.
#[derive(Default, Debug, PartialEq, Eq)]
pub(super) struct Tally {
    passed: u64,
    failed: u64,
}

impl Tally {
    pub(super) fn add(&mut self, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
    }

    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    pub(super) fn failed(&self) -> u64 {
        self.failed
    }

    /// Takes up a line if it is the summary of `cargo test`, of cargo-nextest or of `end2end/run.mjs`.
    pub(super) fn read(&mut self, line: &str) {
        let plain = without_colours(line);
        // Indented, it is the output of a failed test that nextest shows, and counted in nextest's own summary.
        if let Some(counts) = plain.strip_prefix("test result:") {
            self.read_counts(counts);
        } else if let Some(summary) = plain.trim().strip_prefix("Summary [") {
            self.read_counts(summary.split_once("run: ").map_or("", |(_, counts)| counts));
        } else if let [_, "passed,", _, "failed"] = *plain.split(' ').collect::<Vec<_>>().as_slice() {
            self.read_counts(&plain);
        }
    }

    /// `120 passed (1 slow), 3 failed, 4 timed out, 2 skipped`
    fn read_counts(&mut self, text: &str) {
        let words: Vec<&str> = text.split_whitespace().collect();
        for pair in words.windows(2) {
            let &[count, what] = pair else { continue };
            let Ok(count) = count.parse::<u64>() else { continue };
            match what.trim_end_matches([',', ';']) {
                "passed" => self.passed += count,
                "failed" | "timed" => self.failed += count,
                _ => {}
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

/// Drops `ESC [ .. letter` sequences.
fn without_colours(line: &str) -> String {
    let mut plain = String::new();
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
        } else if characters.next() == Some('[') {
            characters.by_ref().find(char::is_ascii_alphabetic);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> (u64, u64) {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        (tally.passed, tally.failed)
    }

    #[test]
    fn cargo_test_adds_up_over_its_binaries() {
        let lines = [
            "test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s",
        ];
        assert_eq!(read(&lines), (12, 2));
    }

    #[test]
    fn nextest_counts_timeouts_as_failures_and_its_shown_output_not_at_all() {
        let line = "     Summary [   3.104s] 127 tests run: 120 passed (1 slow, 2 flaky), 3 failed, 4 timed out, 2 skipped";
        assert_eq!(read(&[line]), (120, 7));
        assert_eq!(
            read(&["    test result: FAILED. 0 passed; 1 failed; 0 ignored; finished in 0.08s"]),
            (0, 0)
        );
    }

    #[test]
    fn colours_do_not_matter() {
        let line = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.014s] \u{1b}[1m3\u{1b}[0m tests run: \
                    \u{1b}[1m3\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, \u{1b}[1m0\u{1b}[0m \u{1b}[33;1mskipped\u{1b}[0m";
        assert_eq!(read(&[line]), (3, 0));
    }

    #[test]
    fn the_suites_of_end2end_are_counted_by_their_total() {
        assert_eq!(
            read(&["ℹ pass 9", "== wire: 9 passed, 1 failed", "  3 passed (3.1s)", "12 passed, 1 failed"]),
            (12, 1)
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        let lines =
            ["running 5 tests", "        PASS [   0.004s] xtask test::adds", "12 passed the exam", ""];
        assert_eq!(read(&lines), (0, 0));
    }
}
