//! Resource usage of processes, from /proc.

use std::{fs, time::Duration};

use anyhow::{Context, Result};
use serde::Serialize;

/// /proc counts in hundredths of a second (USER_HZ).
const TICK: Duration = Duration::from_millis(10);

/// The CPU time of a process with all its threads, including ended ones.
pub(crate) fn of_process(pid: u32) -> Result<Duration> {
    Ok(Stat::read(pid).with_context(|| format!("process {pid} has ended"))?.own)
}

/// The CPU time of a process and its children, including ended ones.
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

/// Resident memory of a process, in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Memory {
    /// In total.
    pub(crate) resident: u64,
    /// Without mapped files, such as a SQLite database, whose pages the kernel can reclaim at any time.
    pub(crate) own: u64,
}

/// Resident memory of a process, see proc_pid_status(5).
pub(crate) fn memory(pid: u32) -> Result<Memory> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let bytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        Ok::<_, anyhow::Error>(kilobytes.with_context(|| format!("no {name}"))? * 1024)
    };
    Ok(Memory { resident: bytes("VmRSS")?, own: bytes("RssAnon")? })
}

/// The CPU time of all cores, including time stolen by the hypervisor.
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

    /// See proc_pid_stat(5). The name may contain spaces and parentheses, so fields are counted from the last one.
    fn parse(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.rsplit_once(')')?.1.split_whitespace().collect();
        let number = |at: usize| fields.get(at)?.parse::<u32>().ok();
        let ticks = |at: usize| Some(TICK * (number(at)? + number(at + 1)?));
        // Index 0 is field 3, the state.
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
