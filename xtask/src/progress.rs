//! Numbered, timed steps on the terminal.

use std::fmt::Write;
use std::time::Instant;

use anyhow::Result;

/// Counts the steps of one command.
pub(crate) struct Progress {
    total: usize,
    done: Vec<Done>,
}

/// A step that has ended, well or not.
struct Done {
    what: String,
    seconds: f32,
    failed: bool,
}

impl Progress {
    /// `total` is how many times [`step`](Self::step) will be called.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: Vec::new() }
    }

    /// Announces the step, does it, and says how long it took.
    pub(crate) fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let place = format!("[{}/{}]", self.done.len() + 1, self.total);
        eprintln!("{place} {what}");
        let begun = Instant::now();
        let outcome = work();
        let verdict = if outcome.is_ok() { "done" } else { "FAILED" };
        let seconds = begun.elapsed().as_secs_f32();
        eprintln!("{place} {verdict} in {seconds:.1} s");
        self.done.push(Done { what: what.to_owned(), seconds, failed: outcome.is_err() });
        outcome
    }

    /// The steps so far, one a line: seconds, what it was, and whether it failed.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        for Done { what, seconds, failed } in &self.done {
            let mark = if *failed { "  FAILED" } else { "" };
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{seconds:>8.1} s  {what}{mark}");
        }
        table
    }
}
