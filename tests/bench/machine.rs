//! Which machine and which programs a run was made with.

use std::fs;
use std::path::Path;
use std::process::Command;

use laboratory::kubernetes_version;

use crate::results::Machine;

/// This machine. What cannot be found out stays empty.
pub(crate) fn this() -> Machine {
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
        load_before: read("/proc/loadavg")
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_owned(),
    }
}

/// The commit of the sources, with a note when they were changed since; empty outside of a checkout.
pub(crate) fn commit() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).display().to_string();
    let commit = said("git", &["-C", &folder, "rev-parse", "--short=12", "HEAD"]);
    // What the benchmark itself writes is no change of what is measured.
    let sources = ["adapter", "bridge", "tests", "Cargo.toml", "Cargo.lock"];
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
