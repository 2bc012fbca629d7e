//! Our adapter as it is shipped: what it uses, how old its values are, what a read costs that has bridges asked.

use std::time::Duration;

use anyhow::Result;

use crate::candidate::Contestant;
use crate::measure;
use crate::notes::Notes;
use crate::pace::Pace;
use crate::progress::Progress;
use crate::results::{HARNESS, OURS, What};
use crate::stage::Stage;
use crate::usage::Usage;

/// How often a real bridge measures its stress.
const SAMPLER: Duration = Duration::from_secs(10);

/// Periods for which bridges with that sampler are read.
const SAMPLED: u32 = 2;

pub(super) async fn play(
    stage: &Stage,
    ours: &Contestant,
    pace: &Pace,
    progress: &Progress,
    notes: &mut Notes,
) -> Result<()> {
    let bridges = stage.bridges();
    let running = ours.start(stage, &[]).await?;
    let usage = running.usage();
    for subject in &mut notes.subjects {
        if subject.name == OURS {
            subject.open_files = usage.open_files()?;
        }
    }
    // What the start itself cost is over then.
    tokio::time::sleep(pace.period / 5).await;

    progress.say("what it uses while nobody reads");
    let rest = pace.of(pace.rest, bridges);
    let (its, mocks) = tokio::join!(measure::cpu(usage, rest), measure::cpu(Usage::own(), rest));
    notes.number(OURS, What::CpuAlone, bridges, its?);
    notes.number(HARNESS, What::CpuAlone, bridges, mocks?);

    progress.say("ages of values as an HPA finds them");
    let periods = pace.of(pace.periods, bridges);
    let through = &running.through;
    let (ages, cpu) = measure::ages(through, usage, bridges, pace.period, periods).await?;
    notes.times(OURS, What::Age, bridges, ages);
    notes.number(OURS, What::CpuRead, bridges, cpu);

    progress.say("reads that have bridges asked");
    let rounds = measure::rounds(
        through,
        || stage.clocks.asked(),
        bridges,
        pace.of(pace.rounds, bridges),
        pace.between_rounds,
    )
    .await;
    notes.times(OURS, What::ReadWithRound, bridges, rounds);

    if bridges == pace.middle {
        progress.say("four clients without a pause");
        let direct = running.direct.unpacked();
        let (reads, rate) = measure::saturation(&direct, pace.saturation).await?;
        notes.rate(OURS, What::Saturated, bridges, reads, rate);

        progress.say("ages of values of bridges that measure every 10 s");
        stage.clocks.sample_every(Some(SAMPLER));
        let sampled = measure::ages(through, usage, bridges, pace.period, SAMPLED).await;
        stage.clocks.sample_every(None);
        notes.times(OURS, What::AgeSampled, bridges, sampled?.0);
    }
    let peak = usage.peak_memory()? as f64 / 1e6;
    notes.number(OURS, What::PeakMemory, bridges, peak);
    running.end().await
}
