//! Processes under measurement: pinned to a core, with a log, terminated on drop.

use std::{
    fs::File,
    io,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use rustix::{
    process::{Pid, Signal, kill_process},
    thread::{CpuSet, sched_setaffinity},
};

/// CPU pinning: servers and databases on the first core, the load generator on the second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pin(bool);

impl Pin {
    /// Pins if there are at least two cores.
    pub(crate) fn where_possible() -> Self {
        Self(thread::available_parallelism().is_ok_and(|cores| cores.get() > 1))
    }

    pub(crate) const fn none() -> Self {
        Self(false)
    }

    /// A description for the table.
    pub(crate) const fn words(self) -> &'static str {
        if self.0 { "servers and database share one core, the load another" } else { "not pinned to cores" }
    }

    /// A command pinned to the servers' core.
    pub(crate) fn command(self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        if self.0 {
            let mut command = Command::new("taskset");
            command.args(["-c", "0"]).arg(program);
            command
        } else {
            Command::new(program)
        }
    }

    /// Pins this thread to the other core.
    pub(crate) fn aside(self) -> Result<()> {
        if self.0 {
            let mut cores = CpuSet::new();
            cores.set(1);
            sched_setaffinity(None, &cores).context("cannot choose a core")?;
        }
        Ok(())
    }
}

/// A server process, terminated on drop.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
}

impl Program {
    /// Starts it with its output in `log`.
    pub(crate) fn start(mut command: Command, log: &Path) -> Result<Self> {
        let out = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdin(Stdio::null()).stderr(out.try_clone()?).stdout(out);
        let name = format!("{command:?}");
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Self { child })
    }

    /// The server's process id, since `taskset` executes the program in its own process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is running.
    pub(crate) fn runs(&mut self) -> io::Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            let _ = kill_process(pid, Signal::TERM);
        }
        for _ in 0..100 {
            if !self.runs().unwrap_or(false) {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
