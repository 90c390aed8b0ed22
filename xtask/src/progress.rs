//! Numbered, timed steps on the terminal.

use std::time::Instant;

use anyhow::Result;

/// Counts the steps of one command.
pub(crate) struct Progress {
    total: usize,
    done: usize,
}

impl Progress {
    /// `total` is how many times [`step`](Self::step) will be called.
    pub(crate) fn new(total: usize) -> Self {
        Self { total, done: 0 }
    }

    /// Announces the step, does it, and says how long it took.
    pub(crate) fn step<T>(&mut self, what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.done += 1;
        let place = format!("[{}/{}]", self.done, self.total);
        eprintln!("{place} {what}");
        let begun = Instant::now();
        let outcome = work();
        let verdict = if outcome.is_ok() { "done" } else { "FAILED" };
        eprintln!("{place} {verdict} in {:.1} s", begun.elapsed().as_secs_f32());
        outcome
    }
}
