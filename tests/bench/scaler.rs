//! `make bench-scaler`: what the controller takes and how soon it does what it is told, by bridges and by changes.

mod eyes;
mod pace;
mod page;
mod scene;
mod stage;

use std::fs;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use laboratory::machine;

use crate::options::Scaler;
use crate::progress::Progress;
use crate::results::Results;
use crate::{read_file, write_files};

use pace::Pace;

/// What the controller and its benchmark are made of.
const SOURCES: [&str; 6] = [
    "scaler",
    "bridge",
    "reach",
    "tests",
    "Cargo.toml",
    "Cargo.lock",
];

/// Where the results are kept, in the folder of all.
const RESULTS: &str = "benchmarks/scaler.json";

/// Measures, and writes results, page and charts.
pub(crate) async fn run(options: &Scaler) -> Result<()> {
    let program = options.program()?;
    let pace = if options.quick {
        Pace::quick()
    } else {
        Pace::real()
    };
    // Before anything is started that would show in it.
    let machine = machine::this();
    let began = (jiff::Timestamp::now(), Instant::now());
    let notes = scene::play(&program, &pace, &Progress::new()).await?;
    let results = Results {
        began: began.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        seconds: began.1.elapsed().as_secs(),
        command: machine::command(),
        commit: machine::commit(&SOURCES),
        quick: options.quick,
        release: !cfg!(debug_assertions),
        machine,
        subjects: notes.subjects,
        remarks: notes.remarks,
        measures: notes.measures,
    };
    write(&options.out, &results)?;
    println!(
        "bench: written to {}",
        options.out.join("benchmarks/scaler.md").display()
    );
    ensure!(
        notes.failed.is_empty(),
        "some scenes failed: {}",
        notes.failed.join("; ")
    );
    Ok(())
}

/// Writes page and charts anew from the results that are there.
pub(crate) fn report(out: &Path) -> Result<()> {
    write(out, &read_file(&out.join(RESULTS))?)
}

fn write(out: &Path, results: &Results) -> Result<()> {
    let folder = out.join("benchmarks");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let charts = page::charts(results);
    let charts = charts.map(|(name, drawn)| (folder.join(name), drawn));
    let files = [
        (out.join(RESULTS), results.to_json()?),
        (folder.join("scaler.md"), page::page(results)),
    ];
    write_files(files.into_iter().chain(charts))
}
