//! Which machine and which programs a run was made with.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::tools::kubernetes_version;

/// A machine and what runs on it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// How many threads run at once.
    pub cores: usize,
    /// Memory in MB.
    pub memory_megabytes: u64,
    /// The distribution.
    pub system: String,
    /// The kernel's version.
    pub kernel: String,
    /// The C library, whose allocator our adapter uses.
    pub libc: String,
    /// The compiler.
    pub rustc: String,
    /// Which Kubernetes.
    pub kubernetes: String,
    /// The load average of the last minute before the run: what else was going on.
    pub load_before: String,
}

/// This machine. What cannot be found out stays empty.
pub fn this() -> Machine {
    Machine {
        processor: line("/proc/cpuinfo", "model name").unwrap_or_default(),
        cores: std::thread::available_parallelism().map_or(0, Into::into),
        memory_megabytes: line("/proc/meminfo", "MemTotal").map_or(0, |total| megabytes(&total)),
        system: line("/etc/os-release", "PRETTY_NAME")
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned(),
        kernel: read("/proc/sys/kernel/osrelease"),
        libc: said("getconf", &["GNU_LIBC_VERSION"]),
        rustc: said("rustc", &["--version"]),
        kubernetes: kubernetes_version(),
        load_before: load(),
    }
}

/// The load average of the last minute: what goes on.
pub fn load() -> String {
    let all = read("/proc/loadavg");
    all.split(' ').next().unwrap_or_default().to_owned()
}

/// The command line, without the folders of this machine.
pub fn command() -> String {
    let mut words: Vec<String> = std::env::args().collect();
    if let Some(program) = words.first_mut() {
        let name = Path::new(program.as_str()).file_name();
        *program = name.unwrap_or_default().to_string_lossy().into_owned();
    }
    words.join(" ")
}

/// The commit, with a note when these of its folders and files were changed since; empty outside of a checkout. What a measurement
/// itself writes is no change of what is measured.
pub fn commit(sources: &[&str]) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).display().to_string();
    let commit = said("git", &["-C", &folder, "rev-parse", "--short=12", "HEAD"]);
    let mut arguments = vec!["-C", &folder, "status", "--porcelain", "--"];
    let sources: Vec<String> = sources.iter().map(|source| format!(":/{source}")).collect();
    arguments.extend(sources.iter().map(String::as_str));
    if said("git", &arguments).is_empty() {
        commit
    } else {
        format!("{commit} with changes")
    }
}

fn read(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The value behind a key, in files of the forms `KEY : VALUE` and `KEY=VALUE`.
fn line(path: &str, key: &str) -> Option<String> {
    let text = read(path);
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    let value = rest.trim_start().trim_start_matches([':', '=']).trim();
    Some(value.to_owned())
}

fn megabytes(kibibytes: &str) -> u64 {
    let number = kibibytes.split(' ').next().and_then(|n| n.parse().ok());
    number.map_or(0, |kibibytes: u64| kibibytes * 1_024 / 1_000_000)
}

/// What a program prints; nothing where it is not there or fails.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.ok().filter(|output| output.status.success());
    output.map_or_else(String::new, |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_known_by_more_than_its_name() {
        let machine = this();
        assert!(machine.cores > 0 && machine.memory_megabytes > 100);
        assert!(!machine.kernel.is_empty() && !machine.load_before.is_empty());
        assert_eq!(megabytes("1000000 kB"), 1_024);
    }
}
