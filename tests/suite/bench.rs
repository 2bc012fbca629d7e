//! The benchmark of `make bench-adapter` works from end to end, and a quick run of it claims nothing.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::programs::built;

fn bench(arguments: &[&str]) -> Result<Output> {
    Command::new(env!("CARGO_BIN_EXE_bench"))
        .args(arguments)
        .output()
        .context("cannot run the benchmark")
}

#[test]
fn a_quick_run_measures_everything_and_reaches_nothing() -> Result<()> {
    let adapter = built("jvb-adapter")?.display().to_string();
    let scratch = tempfile::tempdir()?;
    let (folder, out) = (scratch.path(), scratch.path().display().to_string());
    // Our own adapter is as good a stranger as any.
    let peer = format!(
        "{adapter} --bind={{address}}:{{port}} --kubeconfig={{kubeconfig}} --tls-cert-file={{certificate}} \
         --tls-private-key-file={{key}} --loopback-bridges"
    );
    let run = bench(&[
        "run",
        "--quick",
        "--out",
        &out,
        "--adapter",
        &adapter,
        "--without-test-adapter",
        "--peer-name",
        "a stranger",
        "--peer-command",
        &peer,
    ])?;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
    ensure!(run.status.success(), "the benchmark failed:\n{said}");

    let page = std::fs::read_to_string(folder.join("benchmarks.md"))?;
    ensure!(page.contains("0 were reached"), "{page}");
    ensure!(!page.contains("| yes |"), "something was reached:\n{page}");
    let results = std::fs::read_to_string(folder.join("benchmarks/results.json"))?;
    let results: Value = serde_json::from_str(&results)?;
    let measures = results["measures"].as_array().context("no measures")?;
    let of = |subject: &str| -> BTreeSet<&str> {
        let its = measures
            .iter()
            .filter(|measure| measure["subject"] == subject);
        its.filter_map(|measure| measure["what"].as_str()).collect()
    };
    let (ours, strangers) = (of("jvb-adapter"), of("a stranger"));
    ensure!(ours.len() == 18, "ours: {ours:?}\n{said}");
    ensure!(
        strangers.len() == 8,
        "the stranger's: {strangers:?}\n{said}"
    );
    for measure in measures.iter().filter(|measure| measure["what"] == "age") {
        ensure!(
            measure["value"]["series"]
                .as_object()
                .is_some_and(|ages| !ages.is_empty()),
            "no ages: {measure}\n{said}"
        );
    }
    for chart in ["age", "latency", "memory"] {
        let drawn = std::fs::read_to_string(folder.join(format!("benchmarks/{chart}.svg")))?;
        ensure!(drawn.contains("a stranger"), "{chart}.svg has no stranger");
    }

    std::fs::remove_file(folder.join("benchmarks.md"))?;
    let again = bench(&["report", "--out", &out])?;
    ensure!(again.status.success(), "{again:?}");
    let written = std::fs::read_to_string(folder.join("benchmarks.md"))?;
    ensure!(
        written == page,
        "the page is not made from the results alone"
    );
    Ok(())
}

#[test]
fn without_an_adapter_the_benchmark_says_what_builds_it() -> Result<()> {
    let run = bench(&["run", "--quick", "--adapter", "/nowhere/jvb-adapter"])?;
    ensure!(!run.status.success());
    let said = String::from_utf8_lossy(&run.stderr);
    ensure!(said.contains("make bench-adapter"), "{said}");
    Ok(())
}
