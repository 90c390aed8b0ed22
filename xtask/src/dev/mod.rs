//! `cargo xtask dev`.

mod snapshot;

use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::progress::Progress;
use crate::workspace::Workspace;
use crate::{build, prerequisites, site};
use snapshot::{Change, Snapshot};

/// How often we look. Polling costs a few hundred `stat` calls and works on every file system, mounted ones too.
const INTERVAL: Duration = Duration::from_millis(300);
/// How long the server may take to end before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves like `run`; rebuilds what changes and restarts. A build that fails leaves the old server running.
pub(crate) fn dev(workspace: &Workspace, arguments: &[OsString]) -> Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).context("cannot listen for signals")?;
    }
    // Taken before the build, so that what is edited meanwhile is built next.
    let mut seen = Snapshot::take(workspace)?;
    let mut server = Server { workspace, arguments, running: None };
    let mut progress = Progress::new(4);
    progress.step("looking for the tools that build Bookplate", || {
        prerequisites::ensure(workspace, prerequisites::TO_BUILD)
    })?;
    site::prepare(workspace, &mut progress)?;
    progress.step("building the server", || server.build_and_start(true))?;
    eprintln!("watching; Ctrl-C ends");
    while !stop.load(Ordering::Relaxed) {
        thread::sleep(INTERVAL);
        server.notice_end();
        let now = seen.settle(workspace, INTERVAL)?;
        let changes = seen.changes(&now);
        if changes.is_empty() {
            continue;
        }
        seen = now;
        eprintln!("changed: {}", Change::list(&changes));
        if let Err(error) = rebuild(workspace, &mut server, &changes) {
            eprintln!("error: {error:#}\nthe server stays as it was; save again when it is mended");
        }
    }
    server.stop()
}

fn rebuild(workspace: &Workspace, server: &mut Server<'_>, changes: &[Change]) -> Result<()> {
    let begun = Instant::now();
    if changes.iter().any(Change::touches_site) {
        site::refresh(workspace, changes.iter().any(Change::touches_frontend))?;
    }
    server.build_and_start(changes.iter().any(Change::touches_configuration))?;
    eprintln!("up to date after {:.1} s", begun.elapsed().as_secs_f32());
    Ok(())
}

/// The server under development.
struct Server<'a> {
    workspace: &'a Workspace,
    arguments: &'a [OsString],
    running: Option<(Child, SystemTime)>,
}

impl Server<'_> {
    /// Builds, and starts the server anew if the binary is another than the running one or `restart` is set.
    fn build_and_start(&mut self, restart: bool) -> Result<()> {
        let binary = build::server(self.workspace, build::Profile::Dev)?;
        let built = modified(&binary)?;
        let current = self.running.as_ref().is_some_and(|(_, started)| *started == built);
        if current && !restart {
            return Ok(());
        }
        self.stop()?;
        let mut command: Command = self.workspace.command(&binary);
        let child = command.args(self.arguments).spawn();
        let child = child.with_context(|| format!("cannot start {}", binary.display()))?;
        self.running = Some((child, built));
        Ok(())
    }

    /// Asks the server to end and waits for it, as a deployment would.
    fn stop(&mut self) -> Result<()> {
        let Some((mut child, _)) = self.running.take() else {
            return Ok(());
        };
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            kill_process(pid, Signal::TERM).context("cannot stop the server")?;
        }
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        eprintln!("the server did not end within {} s of SIGTERM: killing it", PATIENCE.as_secs());
        child.kill()?;
        child.wait().map(drop).context("cannot wait for the server")
    }

    fn notice_end(&mut self) {
        let ended = self.running.as_mut().and_then(|(child, _)| child.try_wait().ok().flatten());
        if let Some(status) = ended {
            self.running = None;
            eprintln!("the server ended ({}); waiting for a change", described(status));
        }
    }
}

fn described(status: ExitStatus) -> String {
    status.code().map_or_else(|| status.to_string(), |code| format!("exit code {code}"))
}

fn modified(path: &Path) -> Result<SystemTime> {
    let metadata = path.metadata().with_context(|| format!("cannot read {}", path.display()))?;
    Ok(metadata.modified()?)
}
