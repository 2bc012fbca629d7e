//! Which machine and which programs a run was made with.

use std::path::Path;

use laboratory::kubernetes_version;
use pages::machine::{self, said, text, value};

use crate::results::Machine;

/// This machine. What cannot be found out stays empty.
pub(crate) fn this() -> Machine {
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
        load_before: machine::load(),
    }
}

/// The commit of the sources, with a note when they were changed since; empty outside of a checkout.
pub(crate) fn commit() -> String {
    // What the benchmark itself writes is no change of what is measured.
    let sources = ["adapter", "bridge", "tests", "Cargo.toml", "Cargo.lock"];
    machine::commit(Path::new(env!("CARGO_MANIFEST_DIR")), &sources)
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
