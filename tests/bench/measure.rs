//! What is measured of every adapter in the same way.

use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at, sleep, sleep_until};

use crate::notes::Tally;
use crate::pace::Pace;
use crate::reader::Reader;
use crate::usage::Usage;

/// Readers side by side, in place of as many HPAs. They read in turn, so that between two reads every bridge is asked in its own
/// time once (every 5 s): each read finds what it would find alone.
const PHASES: u32 = 3;

/// Clients that read without a pause.
const CLIENTS: usize = 4;

/// Reads before those that count: connections are made, permissions asked for.
const WARMING: usize = 3;

/// Part of one core that a process uses, in percent, from now on for so long.
pub(crate) async fn cpu(usage: Usage, length: Duration) -> Result<f64> {
    let (before, began) = (usage.cpu()?, Instant::now());
    sleep(length).await;
    percent(usage, before, began)
}

fn percent(usage: Usage, before: Duration, began: Instant) -> Result<f64> {
    let used = usage.cpu()?.saturating_sub(before);
    Ok(used.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0)
}

/// Ages of all values as an HPA finds them that reads once in a period, and the CPU that the adapter used meanwhile.
pub(crate) async fn ages(
    reader: &Reader,
    usage: Usage,
    bridges: usize,
    period: Duration,
    periods: u32,
) -> Result<(Tally, f64)> {
    let mut tally = Tally::default();
    let (before, began) = (usage.cpu()?, Instant::now());
    let apart = period / PHASES;
    let mut turns = interval_at(began + apart, apart);
    for _ in 0..periods * PHASES {
        turns.tick().await;
        let read = reader.read().await;
        tally.take(read.and_then(|read| read.ages(bridges)));
    }
    Ok((tally, percent(usage, before, began)?))
}

/// How long one read takes, one after another.
pub(crate) async fn latency(reader: &Reader, bridges: usize, pace: &Pace) -> Tally {
    let mut tally = Tally::default();
    let end = Instant::now() + pace.reading;
    for n in 0..pace.reads + WARMING {
        if Instant::now() >= end && n > WARMING {
            break;
        }
        let attempt = time(reader, bridges).await;
        if n >= WARMING || attempt.is_err() {
            tally.take(attempt.map(|took| [took]));
        }
    }
    tally
}

/// How long a read takes that tells all bridges.
pub(crate) async fn time(reader: &Reader, bridges: usize) -> Result<Duration> {
    let read = reader.read().await?;
    let told = read.values()?.len();
    ensure!(told == bridges, "{told} of {bridges} bridges are told");
    Ok(read.took)
}

/// Reads in a second by four clients that never pause.
pub(crate) async fn saturation(reader: &Reader, length: Duration) -> Result<(Tally, f64)> {
    let mut clients = JoinSet::new();
    let began = Instant::now();
    let end = began + length;
    for _ in 0..CLIENTS {
        let reader = reader.clone();
        clients.spawn(async move {
            let mut tally = Tally::default();
            while Instant::now() < end {
                tally.take(reader.read().await.map(|read| [read.took]));
            }
            tally
        });
    }
    let mut all = Tally::default();
    while let Some(tally) = clients.join_next().await {
        all.join(tally?);
    }
    let rate = all.count() as f64 / began.elapsed().as_secs_f64();
    Ok((all, rate))
}

/// Reads that have bridges asked first: which they did is seen by the bridges.
pub(crate) async fn rounds(
    reader: &Reader,
    asked: impl Fn() -> u64,
    bridges: usize,
    count: usize,
    between: Duration,
) -> Tally {
    let mut tally = Tally::default();
    let mut next = Instant::now();
    // The first one makes connections, and need not find anything old.
    for n in 0..=count {
        next += between;
        sleep_until(next).await;
        let before = asked();
        let attempt = time(reader, bridges).await;
        let during = asked() - before;
        let attempt = attempt.and_then(|took| {
            // A fifth of them answered in the last second anyway.
            let enough = bridges as u64 / 2;
            ensure!(
                during >= enough,
                "the read had {during} of {bridges} bridges asked"
            );
            Ok([took])
        });
        if n > 0 {
            tally.take(attempt);
        }
        next = next.max(Instant::now());
    }
    tally
}
