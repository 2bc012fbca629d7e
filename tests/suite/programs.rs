//! Programs of other packages: cargo does not build them for these tests.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// A program, built anew where its sources are newer. Of the whole workspace, as these tests: by itself its package would choose other
/// features of what it depends on, and all that would be built once more.
pub(crate) fn built(program: &str) -> Result<PathBuf> {
    let beside = Path::new(env!("CARGO_BIN_EXE_bench"));
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--workspace", "--bin", program]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let status = build.status().context("cannot run cargo")?;
    ensure!(status.success(), "{program} cannot be built");
    Ok(beside.with_file_name(program))
}
