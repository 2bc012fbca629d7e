//! `make bench-adapter`: how old, how fast, how large, beside others. `make bench-scaler`: what the controller takes, and how soon it
//! does what it is told.

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
mod scaler;
mod scene;
mod stage;
mod statistics;
mod svg;
mod targets;
mod usage;

use std::fs;
use std::path::{Path, PathBuf};
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

/// What the adapter and its benchmark are made of.
const SOURCES: [&str; 6] = [
    "adapter",
    "bridge",
    "reach",
    "tests",
    "Cargo.toml",
    "Cargo.lock",
];

/// As a shell reports a program that was interrupted.
const INTERRUPTED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Options::parse().command {
        Command::Run(options) => Box::pin(interruptible(run(&options))).await,
        Command::Report { out } => read(&out)
            .and_then(|results| write(&out, &results))
            .map(Some),
        Command::Scaler(options) => Box::pin(interruptible(scaler::run(&options))).await,
        Command::ScalerReport { out } => scaler::report(&out).map(Some),
    };
    match done {
        Ok(Some(())) => ExitCode::SUCCESS,
        Ok(None) => {
            eprintln!("interrupted: everything that was started is being ended");
            ExitCode::from(INTERRUPTED)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs until it is done, or until it is interrupted: then nothing.
async fn interruptible(run: impl Future<Output = Result<()>>) -> Result<Option<()>> {
    tokio::select! {
        // Ctrl-C is listened for before anything is started that it must end.
        biased;
        _ = tokio::signal::ctrl_c() => Ok(None),
        done = run => done.map(Some),
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
    read_file(&out.join("benchmarks/results.json"))
}

fn read_file(path: &Path) -> Result<Results> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
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
    write_files(files.into_iter().chain(charts))
}

fn write_files(files: impl IntoIterator<Item = (PathBuf, String)>) -> Result<()> {
    for (path, content) in files {
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
