//! Plays the day on a stage and shows it as it happens.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep};

use crate::chart::chart;
use crate::column::PERSON;
use crate::day;
use crate::outcome::Outcome;
use crate::pace::Pace;
use crate::screen::Screen;
use crate::setup::{MOST, START, SetUp, TARGET};
use crate::stage::Stage;
use crate::summary::summary;
use crate::table::{LEGEND, Row, Table};
use crate::verdict::Verdict;
use crate::words::say;

/// What is shown side by side.
const COLUMNS: [SetUp; 2] = [SetUp::Plain, SetUp::Pool];
/// Between two lines of the table that stay, and two columns of the picture.
const LINE: Duration = Duration::from_secs(4);
const PICTURE: Duration = Duration::from_secs(2);
/// Between two looks, where the last line is rewritten in place.
const LOOK: Duration = Duration::from_millis(250);

/// A machine that stands still for so long does not show what is to be seen.
const STILL: f64 = 5.0;

/// Starts everything, and says what is about to be seen.
pub(crate) async fn set(screen: &Screen) -> Result<Stage> {
    // A missing program is told before anything else.
    laboratory::kubectl_path()?;
    screen.line(&Pace::PLAYED.header(&Pace::PRODUCTION))?;
    let started = Instant::now();
    let stage = Stage::set(&COLUMNS, &Pace::PLAYED).await?;
    let version = stage.lab.client().apiserver_version().await?.git_version;
    screen.say(&format!(
        "Kubernetes {version} is up with jvb-adapter and jvb-scaler after {:.1} s: kube-apiserver, kube-controller-manager and \
         etcd are real, videobridges and jicofo are mocks",
        started.elapsed().as_secs_f64()
    ))?;
    screen.say(&format!(
        "the same people come to both: a plain Deployment of bridges, and a BridgePool. Each is scaled by a real HPA, which keeps \
         the average stress of its bridges at {TARGET:.2}, between {START} and {MOST} bridges; each person is {PERSON:.2}\n"
    ))?;
    Ok(stage)
}

/// Plays the day, shows it, and judges it.
pub(crate) async fn perform(
    stage: &mut Stage,
    people: u32,
    seed: u64,
    screen: &Screen,
) -> Result<Verdict> {
    let schedule = day::schedule(people, seed);
    let columns = stage.columns.iter();
    let players: Vec<_> = columns
        .map(|column| column.play(schedule.clone()))
        .collect();
    let rows = watch(stage, day::LENGTH + day::EVENING, screen).await?;
    for player in players {
        player.await.context("the load ended badly")?;
    }
    let mut outcomes: Vec<(SetUp, Outcome)> = Vec::new();
    for column in &stage.columns {
        outcomes.push((column.set_up, column.outcome().await?));
    }
    screen.line("")?;
    screen.line(&chart(&rows, &COLUMNS, screen.width()))?;
    screen.line("")?;
    let days: Vec<_> = outcomes
        .iter()
        .map(|(set_up, day)| (*set_up, day))
        .collect();
    screen.line(&summary(&days))?;
    let of = |wanted| {
        days.iter()
            .find(|(set_up, _)| *set_up == wanted)
            .map(|(_, day)| *day)
    };
    let plain = of(SetUp::Plain).context("no plain Deployment was played")?;
    let pool = of(SetUp::Pool).context("no BridgePool was played")?;
    if pool.longest_gap_seconds > STILL {
        screen.say(&format!(
            "this machine stood still for {:.0} s: what was not seen may be due to that; play it again",
            pool.longest_gap_seconds
        ))?;
    }
    let verdict = Verdict::of(plain, pool);
    screen.line(&verdict.to_string())?;
    Ok(verdict)
}

/// Shows table and happenings for so long, and returns the rows of the picture.
async fn watch(stage: &mut Stage, length: Duration, screen: &Screen) -> Result<Vec<Row>> {
    let mut table = Table::new(screen.width());
    screen.line(&format!("{LEGEND}\n\n{}", table.headings(&COLUMNS)))?;
    let mut phases = day::PHASES.iter().peekable();
    let start = Instant::now();
    let (mut rows, mut next) = (Vec::new(), [Duration::ZERO; 2]);
    while start.elapsed() < length {
        let time = start.elapsed();
        let mut due = next.map(|at| time >= at);
        for ((at, every), due) in next.iter_mut().zip([LINE, PICTURE]).zip(&mut due) {
            if *due {
                *at += every;
            }
        }
        let [line, picture] = due;
        let mut row = Row {
            time,
            ..Row::default()
        };
        let mut news = Vec::new();
        for column in &mut stage.columns {
            let (cell, happened) = column.look(time);
            row.people = column.people();
            row.cells.push(cell);
            news.extend(say(column.set_up, &happened));
        }
        let wide = Table::new(screen.width());
        if !wide.has_columns_of(&table) {
            screen.line(&wide.headings(&COLUMNS))?;
        }
        table = wide;
        while let Some((_, phase)) = phases.next_if(|(from, _)| time >= *from) {
            screen.line(&table.phase(phase))?;
        }
        for one in news {
            screen.line(&table.cut(&one))?;
        }
        if line {
            screen.line(&table.row(&row))?;
        }
        screen.flash(&table.row(&row))?;
        if picture {
            rows.push(row);
        }
        sleep(LOOK).await;
    }
    screen.flash("")?;
    Ok(rows)
}
