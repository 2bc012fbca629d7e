//! `make compare`: the same days for three set-ups, and a table of what came of them.

mod method;
mod page;
mod results;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use laboratory::machine;
use tokio::time::{Instant, sleep};

use crate::day;
use crate::pace::Pace;
use crate::screen::Screen;
use crate::setup::SetUp;
use crate::stage::Stage;
use results::{Played, Results};

/// What is compared.
const SET_UPS: [SetUp; 3] = [SetUp::Plain, SetUp::PreStop, SetUp::Pool];
/// Between two looks at all bridges, and two lines of progress.
const LOOK: Duration = Duration::from_millis(100);
const LINE: Duration = Duration::from_secs(30);
/// What is measured is made of these.
const SOURCES: [&str; 6] = [
    "adapter",
    "bridge",
    "scaler",
    "tests",
    "Cargo.toml",
    "Cargo.lock",
];

/// How `compare` is run.
#[derive(Args, Clone, Debug)]
pub(crate) struct Options {
    /// How many days are played, each with its own seed: 1, 2 and so on.
    #[arg(long, default_value = "3", value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,

    /// How many people there are at the peak.
    #[arg(long, default_value = "240", value_parser = clap::value_parser!(u32).range(160..=400))]
    people: u32,

    /// The folder for compare.md and compare/results.json.
    #[arg(long, value_name = "DIR", default_value = "docs")]
    out: PathBuf,

    /// Write compare.md anew from compare/results.json, without playing anything.
    #[arg(long)]
    from_results: bool,
}

/// Plays the days, or reads what came of them, and writes the page.
pub(crate) async fn compare(options: &Options, screen: &Screen) -> Result<()> {
    let results = if options.from_results {
        read(&options.out)?
    } else {
        laboratory::kubectl_path()?;
        play(options, screen).await?
    };
    write(&options.out, &results)?;
    screen.line(&page::table(&results))?;
    screen.say(&format!(
        "written to {}",
        options.out.join("compare.md").display()
    ))?;
    Ok(())
}

async fn play(options: &Options, screen: &Screen) -> Result<Results> {
    screen.line(&Pace::PLAYED.header(&Pace::PRODUCTION))?;
    // Before anything is started that would show in it.
    let machine = machine::this();
    let began = (jiff::Timestamp::now(), Instant::now());
    let mut days = Vec::new();
    for seed in 1..=options.seeds {
        screen.say(&format!("day {seed} of {} begins", options.seeds))?;
        days.extend(one_day(options.people, seed, screen).await?);
    }
    Ok(Results {
        began: began.0.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        seconds: began.1.elapsed().as_secs(),
        command: machine::command(),
        commit: machine::commit(&SOURCES),
        machine,
        load_after: machine::load(),
        people: options.people,
        days,
    })
}

/// The day of one seed for all set-ups at once, so that all have the same machine.
async fn one_day(people: u32, seed: u64, screen: &Screen) -> Result<Vec<Played>> {
    let mut stage = Stage::set(&SET_UPS, &Pace::PLAYED).await?;
    let schedule = day::schedule(people, seed);
    let columns = stage.columns.iter();
    let players: Vec<_> = columns
        .map(|column| column.play(schedule.clone()))
        .collect();
    let (start, length, mut next) = (Instant::now(), day::LENGTH + day::EVENING, Duration::ZERO);
    while start.elapsed() < length {
        let time = start.elapsed();
        let cut: Vec<String> = stage
            .columns
            .iter_mut()
            .map(|column| {
                let name = column.set_up.namespace();
                format!("{name} {}", column.look(time).0.cut)
            })
            .collect();
        if time >= next {
            next += LINE;
            let (now, end) = (time.as_secs(), length.as_secs());
            screen.say(&format!(
                "  {now:>3} of {end} s; people cut off: {}",
                cut.join(", ")
            ))?;
        }
        sleep(LOOK).await;
    }
    for player in players {
        player.await.context("the load ended badly")?;
    }
    let mut played = Vec::new();
    for column in &stage.columns {
        played.push(Played {
            seed,
            set_up: column.set_up,
            outcome: column.outcome().await?,
        });
    }
    stage.strike().await?;
    Ok(played)
}

fn read(out: &Path) -> Result<Results> {
    let path = out.join("compare/results.json");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} has another form", path.display()))
}

fn write(out: &Path, results: &Results) -> Result<()> {
    let folder = out.join("compare");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let json = serde_json::to_string_pretty(results)? + "\n";
    for (path, content) in [
        (folder.join("results.json"), json),
        (out.join("compare.md"), page::page(results)),
    ] {
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
