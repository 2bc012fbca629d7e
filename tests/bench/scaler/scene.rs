//! What is measured, pool after pool.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::pace::Pace;
use super::stage::{PATIENCE, Stage};
use crate::measure;
use crate::notes::{Notes, Tally};
use crate::progress::Progress;
use crate::results::{HARNESS, SCALER, What};
use crate::usage::Usage;

/// Measures pools of all sizes. One that fails is noted, and the others are measured all the same.
pub(super) async fn play(program: &Path, pace: &Pace, progress: &Progress) -> Result<Notes> {
    let mut notes = Notes::default();
    for (n, &bridges) in pace.sizes.iter().enumerate() {
        let title = format!("{bridges} bridges");
        let later = pace.sizes[n + 1..]
            .iter()
            .map(|size| takes(pace, *size))
            .sum();
        progress.begin(&title, takes(pace, bridges), later);
        let mut stage = Stage::set(program, bridges, pace).await?;
        let measured = one(&mut stage, bridges, pace, progress, &mut notes).await;
        stage.end().await?;
        if let Err(error) = measured {
            progress.say(&format!("failed: {error:#}"));
            notes.remark(format!("{title} failed: {error:#}"));
            notes.failed.push(title);
        }
    }
    Ok(notes)
}

/// About how long a pool of this size is measured.
fn takes(pace: &Pace, bridges: u32) -> Duration {
    // To start one bridge, and to see one removed.
    const STARTED: Duration = Duration::from_millis(25);
    const REMOVED: Duration = Duration::from_secs(25);
    let changes = pace.changes(bridges).count() as u32 * pace.times(bridges);
    let starts = if bridges == pace.middle {
        pace.changes.len() as u32 * pace.starts
    } else {
        0
    };
    STARTED * bridges + pace.calm + pace.rest + pace.settled * 2 * changes + REMOVED * starts
}

async fn one(
    stage: &mut Stage,
    bridges: u32,
    pace: &Pace,
    progress: &Progress,
    notes: &mut Notes,
) -> Result<()> {
    stage.until_active(bridges).await?;
    if notes.subjects.is_empty() {
        notes.subjects.push(stage.subject()?);
    }
    stage.fill(bridges);
    progress.say("what it uses at rest");
    tokio::time::sleep(pace.calm).await;
    let (size, usage) = (bridges as usize, stage.usage());
    let (its, mocks) = tokio::join!(
        measure::cpu(usage, pace.rest),
        measure::cpu(Usage::own(), pace.rest)
    );
    notes.number(SCALER, What::CpuAlone, size, its?);
    notes.number(HARNESS, What::CpuAlone, size, mocks?);
    notes.number(SCALER, What::Memory, size, usage.memory()? as f64 / 1e6);

    for change in pace.changes(bridges) {
        progress.say(&format!("{change} bridges fewer, and back"));
        let (mut drains, mut rescues) = (Tally::default(), Tally::default());
        let before = usage.cpu()?;
        let began = Instant::now();
        for _ in 0..pace.times(bridges) {
            drains.take(drain(stage, bridges, change).await.map(|took| [took]));
            tokio::time::sleep(pace.settled).await;
            rescues.take(take_back(stage, bridges).await.map(|took| [took]));
            tokio::time::sleep(pace.settled).await;
        }
        stage.until_active(bridges).await?;
        let used = usage.cpu()?.saturating_sub(before).as_secs_f64();
        let at_rest = notes.of(SCALER, What::CpuAlone, size).unwrap_or_default() / 100.0;
        let more = used - at_rest * began.elapsed().as_secs_f64();
        let each = more.max(0.0) * 1e3 / f64::from(pace.times(bridges));
        notes.times(SCALER, What::Drain(change), size, drains);
        notes.times(SCALER, What::TakeBack(change), size, rescues);
        notes.number(SCALER, What::Work(change), size, each);
    }
    if bridges == pace.middle {
        for change in pace.changes(bridges) {
            progress.say(&format!("{change} bridges more, and back"));
            let mut starts = Tally::default();
            for _ in 0..pace.starts {
                starts.take(create(stage, bridges, change).await.map(|took| [took]));
            }
            notes.times(SCALER, What::Create(change), size, starts);
        }
    }
    notes.number(
        SCALER,
        What::PeakMemory,
        size,
        usage.peak_memory()? as f64 / 1e6,
    );
    Ok(())
}

/// From a write of a smaller size until all of the difference are marked to drain.
async fn drain(stage: &Stage, bridges: u32, change: u32) -> Result<Duration> {
    let began = stage.write(bridges - change).await?;
    let drained = stage
        .eyes
        .until("they are marked to drain", PATIENCE, |seen| {
            seen.draining == change as usize
        });
    Ok(drained.await?.duration_since(began))
}

/// From a write of the old size until all are marked to serve again.
async fn take_back(stage: &Stage, bridges: u32) -> Result<Duration> {
    let began = stage.write(bridges).await?;
    let back = stage
        .eyes
        .until("they are marked to serve", PATIENCE, |seen| {
            seen.counted == bridges as usize && seen.draining == 0
        });
    Ok(back.await?.duration_since(began))
}

/// From a write of a larger size until all of the difference are there; then they go again, because nobody is on them.
async fn create(stage: &mut Stage, bridges: u32, change: u32) -> Result<Duration> {
    let began = stage.write(bridges + change).await?;
    let all = (bridges + change) as usize;
    let there = stage
        .eyes
        .until("they are there", PATIENCE, |seen| seen.pods == all)
        .await?;
    stage.until_active(bridges + change).await?;
    stage.write(bridges).await?;
    stage.until_active(bridges).await?;
    Ok(there.duration_since(began))
}
