//! Which machine and which programs a run was made with.

use std::path::Path;

pub use pages::machine::load;
use pages::machine::{self, said, text, value};
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
        processor: machine::processor(),
        cores: machine::cores(),
        memory_megabytes: value("/proc/meminfo", "MemTotal").map_or(0, |total| megabytes(&total)),
        system: value("/etc/os-release", "PRETTY_NAME")
            .unwrap_or_default()
            .trim_matches('"')
            .to_owned(),
        kernel: text("/proc/sys/kernel/osrelease"),
        libc: said("getconf", &["GNU_LIBC_VERSION"]),
        rustc: machine::rustc(),
        kubernetes: kubernetes_version(),
        load_before: load(),
    }
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
    machine::commit(Path::new(env!("CARGO_MANIFEST_DIR")), sources)
}

fn megabytes(kibibytes: &str) -> u64 {
    let number = kibibytes.split(' ').next().and_then(|n| n.parse().ok());
    number.map_or(0, |kibibytes: u64| kibibytes * 1_024 / 1_000_000)
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
