//! What a process uses, by the kernel's word.

use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};

/// A process that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pid: u32,
}

impl Usage {
    /// Of this process.
    pub(crate) const fn of(pid: u32) -> Self {
        Self { pid }
    }

    /// Of the benchmark's own process.
    pub(crate) fn own() -> Self {
        Self::of(std::process::id())
    }

    /// How long its threads have computed so far, in the process and in the kernel on its behalf.
    pub(crate) fn cpu(self) -> Result<Duration> {
        let ticks = ticks(&self.read("stat")?).context("/proc/PID/stat has another form")?;
        let per_second = rustix::param::clock_ticks_per_second();
        Ok(Duration::from_secs_f64(ticks as f64 / per_second as f64))
    }

    /// The most memory that it had at once, in bytes.
    pub(crate) fn peak_memory(self) -> Result<u64> {
        memory(&self.read("status")?, "VmHWM:").context("/proc/PID/status has no VmHWM")
    }

    /// The memory that it has now, in bytes.
    pub(crate) fn memory(self) -> Result<u64> {
        memory(&self.read("status")?, "VmRSS:").context("/proc/PID/status has no VmRSS")
    }

    /// How many files it may have open.
    pub(crate) fn open_files(self) -> Result<u64> {
        open_files(&self.read("limits")?).context("/proc/PID/limits has no `Max open files`")
    }

    fn read(self, file: &str) -> Result<String> {
        let path = format!("/proc/{}/{file}", self.pid);
        fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))
    }
}

/// Fields 14 and 15, counted behind the program's name, which may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

fn memory(status: &str, what: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(what))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1_024)
}

fn open_files(limits: &str) -> Option<u64> {
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_files_are_understood() {
        let stat = "42 (a) b (c) S 1 42 42 0 -1 4194560 900 0 0 0 125 17 0 0 20 0 9 0 1 2 3 4 5 6";
        assert_eq!(ticks(stat), Some(142));
        assert_eq!(ticks("42 (a)"), None);
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmHWM:\t   35000 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(memory(status, "VmHWM:"), Some(35_840_000));
        assert_eq!(memory("VmRSS:\t 1 kB\n", "VmHWM:"), None);
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max open files            20000                20000                files     \n";
        assert_eq!(open_files(limits), Some(20_000));
    }

    #[test]
    fn a_process_can_look_at_itself() {
        let usage = Usage::own();
        assert!(usage.peak_memory().unwrap() > 100_000);
        assert!(usage.open_files().unwrap() > 0);
        usage.cpu().unwrap();
    }
}
