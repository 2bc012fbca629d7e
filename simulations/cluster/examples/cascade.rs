//! Shows the cascade: `cargo run --release --package cluster --example cascade -- --out docs/cascade.md`.
//!
//! Without `--out` it prints the page. `--seeds N` and `--hours N` run less, or more, than the page tells of.

use std::process::ExitCode;
use std::time::Duration;

use cluster::cascade::{page, study};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let (mut seeds, mut hours, mut out) = (5, 6, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words
            .next()
            .ok_or_else(|| format!("{word} needs a value"))?;
        let number = || value.parse().map_err(|_| format!("{value:?} is no number"));
        match word.as_str() {
            "--seeds" => seeds = number()?,
            "--hours" => hours = number()?,
            "--out" => out = Some(value),
            _ => return Err(format!("{word} is none of --seeds, --hours, --out")),
        }
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let study = study(seeds, Duration::from_hours(hours), threads);
    let wrong = study.courses.iter().flatten().flat_map(|run| &run.wrong);
    let wrong: Vec<&str> = wrong.map(String::as_str).collect();
    if !wrong.is_empty() {
        return Err(format!("the oracle objects:\n{}", wrong.join("\n")));
    }
    let page = page(&study);
    let Some(out) = out else {
        print!("{page}");
        return Ok(());
    };
    std::fs::write(&out, page).map_err(|error| format!("{out} cannot be written: {error}"))
}
