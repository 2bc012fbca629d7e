//! Another adapter with the same bridges and the same readers.

use anyhow::Result;

use crate::candidate::Contestant;
use crate::measure;
use crate::notes::Notes;
use crate::pace::Pace;
use crate::progress::Progress;
use crate::results::What;
use crate::stage::Stage;

pub(super) async fn play(
    stage: &Stage,
    peer: &Contestant,
    pace: &Pace,
    progress: &Progress,
    notes: &mut Notes,
) -> Result<()> {
    let bridges = stage.bridges();
    let name = &peer.candidate.name;
    let running = peer.start(stage, &[]).await?;
    let usage = running.usage();
    for subject in &mut notes.subjects {
        if subject.name == *name {
            subject.open_files = usage.open_files()?;
        }
    }
    progress.say("what it uses while nobody reads");
    let cpu = measure::cpu(usage, pace.of(pace.rest, bridges) / 4).await?;
    notes.number(name, What::CpuAlone, bridges, cpu);

    progress.say("one read after another");
    for (what, reader) in [
        (What::ReadDirect, running.direct.unpacked()),
        (What::ReadThrough, running.through.unpacked()),
    ] {
        let reads = measure::latency(&reader, bridges, pace).await;
        notes.times(name, what, bridges, reads);
    }
    if bridges == pace.middle {
        progress.say("four clients without a pause");
        for (what, reader) in [
            (What::Saturated, &running.direct),
            (What::SaturatedThrough, &running.through),
        ] {
            let (reads, rate) = measure::saturation(&reader.unpacked(), pace.saturation).await?;
            notes.rate(name, what, bridges, reads, rate);
        }
    }
    if peer.candidate.push.is_none() {
        progress.say("ages of values as an HPA finds them");
        let periods = pace.of(pace.periods, bridges).min(2);
        let (ages, cpu) =
            measure::ages(&running.through, usage, bridges, pace.period, periods).await?;
        notes.times(name, What::Age, bridges, ages);
        notes.number(name, What::CpuRead, bridges, cpu);
    }
    let peak = usage.peak_memory()? as f64 / 1e6;
    notes.number(name, What::PeakMemory, bridges, peak);
    running.end().await
}
