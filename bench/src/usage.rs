//! What a process has used, from /proc.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use serde::Serialize;

/// /proc counts in hundredths of a second, whatever the kernel does.
const TICK: Duration = Duration::from_millis(10);

/// The CPU time of a process, all its threads, those that have ended too.
pub(crate) fn of_process(pid: u32) -> Result<Duration> {
    Ok(Stat::read(pid).with_context(|| format!("process {pid} has ended"))?.own)
}

/// The CPU time of a process and of its children, those that have ended too.
pub(crate) fn with_children(pid: u32) -> Result<Duration> {
    let parent = Stat::read(pid).with_context(|| format!("process {pid} has ended"))?;
    let mut sum = parent.own + parent.ended_children;
    for entry in fs::read_dir("/proc")?.flatten() {
        let number = entry.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(stat) = number.and_then(Stat::read).filter(|stat| stat.parent == pid) {
            sum += stat.own + stat.ended_children;
        }
    }
    Ok(sum)
}

/// The memory a process has in use, in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Memory {
    /// All of it.
    pub(crate) resident: u64,
    /// Without the pages of mapped files, such as an SQLite database, which the kernel can have back at any time.
    pub(crate) own: u64,
}

/// The memory a process has in use, see proc_pid_status(5).
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok::<_, anyhow::Error>(kilobytes.with_context(|| format!("no {name}"))? * 1024)
    };
    Ok(Memory { resident: bytes("VmRSS")?, own: bytes("RssAnon")? })
}

/// The CPU time that all cores have spent on anything, or that the machine below has taken away.
pub(crate) fn of_machine() -> Result<Duration> {
    let read = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let line = read.lines().next().context("an empty /proc/stat")?;
    let numbers: Vec<u64> = line.split_whitespace().skip(1).filter_map(|it| it.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal: see proc_stat(5).
    let idle = [3, 4].iter().filter_map(|at| numbers.get(*at)).sum::<u64>();
    Ok(Duration::from_millis(10 * (numbers.iter().take(8).sum::<u64>() - idle)))
}

struct Stat {
    parent: u32,
    own: Duration,
    ended_children: Duration,
}

impl Stat {
    /// `None` when the process has ended.
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// See proc_pid_stat(5). The name may hold blanks and parentheses, so what counts begins behind the last one.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u32>().ok();
        let ticks = |at: usize| Some(TICK * (number(at)? + number(at + 1)?));
        // State is field 3, and stands at 0 here.
        Some(Self { parent: number(1)?, own: ticks(11)?, ended_children: ticks(13)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = "7 (a) b (c)) S 5 7 7 0 -1 0 0 0 0 0 100 20 3 4 20 0 9 0";
        let stat = Stat::parse(line).unwrap();
        assert_eq!((stat.parent, stat.own), (5, Duration::from_millis(1200)));
        assert_eq!(stat.ended_children, Duration::from_millis(70));
    }

    #[test]
    fn this_process_has_used_something() {
        assert!(of_process(std::process::id()).is_ok());
        let memory = memory(std::process::id()).unwrap();
        assert!(memory.resident > memory.own && memory.own > 100_000, "{memory:?}");
    }
}
