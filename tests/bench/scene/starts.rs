//! From nothing to available: process and APIServices begin at the same moment.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::candidate::{Contestant, available, withdraw};
use crate::notes::{Notes, Tally};
use crate::pace::Pace;
use crate::progress::Progress;
use crate::results::{OURS, What};
use crate::stage::Stage;

pub(super) async fn play(
    stage: &Stage,
    ours: &Contestant,
    pace: &Pace,
    progress: &Progress,
    notes: &mut Notes,
) -> Result<()> {
    let lab = &stage.lab;
    lab.lead(&ours.place, lab.adapter_address(0).ip()).await?;
    let mut starts = Tally::default();
    for n in 0..pace.starts {
        progress.say(&format!("start {} of {}", n + 1, pace.starts));
        starts.take(start(stage, ours).await.map(|took| [took]));
    }
    notes.times(OURS, What::StartAvailable, stage.bridges(), starts);
    Ok(())
}

async fn start(stage: &Stage, ours: &Contestant) -> Result<Duration> {
    let lab = &stage.lab;
    withdraw(lab).await?;
    let began = Instant::now();
    let mut process = ours.spawn(lab, 0, &[])?;
    ours.aggregate(lab).await?;
    let found = available(lab).await;
    let took = began.elapsed();
    process.check()?;
    found?;
    process.terminate().await?;
    Ok(took)
}
