//! `make bench-adapter`: how old, how fast, how large, beside others.

mod candidate;
mod elsewhere;
#[cfg(test)]
mod fixtures;
mod measure;
mod notes;
mod options;
mod pace;
mod plots;
mod progress;
mod reader;
mod report;
mod results;
mod scene;
mod stage;
mod statistics;
mod svg;
mod targets;
mod usage;

use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use laboratory::machine;

use options::{Command, Options, Run};
use pace::Pace;
use progress::Progress;
use results::Results;
use scene::Cast;

/// What the measured programs are made of.
const SOURCES: [&str; 5] = ["adapter", "bridge", "tests", "Cargo.toml", "Cargo.lock"];

/// As a shell reports a program that was interrupted.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Run(options) => tokio::select! {
            done = run(&options) => done,
            _ = tokio::signal::ctrl_c() => {
                eprintln!("interrupted: everything that was started is being ended");
                return ExitCode::from(INTERRUPTED);
            }
        },
        Command::Report { out } => read(&out).and_then(|results| write(&out, &results)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Run) -> Result<()> {
    let (peers, remarks) = options.peers()?;
    for remark in &remarks {
        println!("bench: {remark}");
    }
    let cast = Cast {
        adapter: options.adapter()?,
        peers,
    };
    let pace = if options.quick {
        Pace::quick()
    } else {
        Pace::real()
    };
    let pace = pace.with(&options.bridges);
    // Before anything is started that would show in it.
    let machine = machine::this();
    let began = (jiff::Timestamp::now(), Instant::now());
    let mut notes = scene::play(cast, &pace, &Progress::new()).await?;
    notes.remarks.splice(0..0, remarks);
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
        options.out.join("benchmarks.md").display()
    );
    anyhow::ensure!(
        notes.failed.is_empty(),
        "some scenes failed: {}",
        notes.failed.join("; ")
    );
    Ok(())
}

fn read(out: &Path) -> Result<Results> {
    let path = out.join("benchmarks/results.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} has another form", path.display()))
}

fn write(out: &Path, results: &Results) -> Result<()> {
    let folder = out.join("benchmarks");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let json = results.to_json()?;
    let charts = plots::all(results);
    let files = [
        (folder.join("results.json"), json),
        (out.join("benchmarks.md"), report::page(results)),
    ];
    let charts = charts.map(|(name, drawn)| (folder.join(name), drawn));
    for (path, content) in files.into_iter().chain(charts) {
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
