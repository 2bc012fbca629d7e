//! What a measurement was made on and with, as far as it can be found out.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A file's text without the white space around it; empty where it cannot be read.
pub fn text(path: &str) -> String {
    fs::read_to_string(path)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// The value behind a key, in files of the forms `KEY : VALUE` and `KEY=VALUE`.
pub fn value(path: &str, key: &str) -> Option<String> {
    let text = text(path);
    let rest = text.lines().find_map(|line| line.strip_prefix(key))?;
    let value = rest.trim_start().trim_start_matches([':', '=']).trim();
    Some(value.to_owned())
}

/// What a program prints; nothing where it is not there or fails.
pub fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.ok().filter(|output| output.status.success());
    output.map_or_else(String::new, |output| {
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    })
}

/// The processor's name.
pub fn processor() -> String {
    value("/proc/cpuinfo", "model name").unwrap_or_default()
}

/// How many threads run at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(0, Into::into)
}

/// How many programs wanted to run, on average of the last minute.
pub fn load() -> String {
    let load = text("/proc/loadavg");
    load.split(' ').next().unwrap_or_default().to_owned()
}

/// The compiler.
pub fn rustc() -> String {
    said("rustc", &["--version"])
}

/// The commit of the sources around this folder, with a note when some of `sources`, paths from their root, were changed since;
/// empty outside of a checkout.
pub fn commit(folder: &Path, sources: &[&str]) -> String {
    let folder = folder.display().to_string();
    let commit = said("git", &["-C", &folder, "rev-parse", "--short=12", "HEAD"]);
    let sources: Vec<String> = sources.iter().map(|source| format!(":/{source}")).collect();
    let mut arguments = vec!["-C", &folder, "status", "--porcelain", "--"];
    arguments.extend(sources.iter().map(String::as_str));
    if said("git", &arguments).is_empty() {
        commit
    } else {
        format!("{commit} with changes")
    }
}
