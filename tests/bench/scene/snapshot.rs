//! Our adapter when it asks no bridge for a reader's sake: what a read of a fresh snapshot costs.

use anyhow::Result;

use crate::candidate::Contestant;
use crate::measure;
use crate::notes::Notes;
use crate::pace::Pace;
use crate::progress::Progress;
use crate::results::{OURS, What};
use crate::stage::Stage;

/// Nothing is asked anew, however old it is.
pub(crate) const UNREFRESHED: &str = "--fresh-within=0s";

/// Periods for which ages are read.
const PERIODS: u32 = 2;

pub(super) async fn play(
    stage: &Stage,
    ours: &Contestant,
    pace: &Pace,
    progress: &Progress,
    notes: &mut Notes,
) -> Result<()> {
    let bridges = stage.bridges();
    let running = ours.start(stage, &[UNREFRESHED]).await?;
    progress.say("one read after another");
    for (what, reader) in [
        (What::ReadDirect, running.direct.unpacked()),
        (What::ReadDirectPacked, running.direct.clone()),
        (What::ReadThrough, running.through.unpacked()),
        (What::ReadThroughPacked, running.through.clone()),
    ] {
        let reads = measure::latency(&reader, bridges, pace).await;
        notes.times(OURS, what, bridges, reads);
    }
    if bridges == pace.middle {
        progress.say("four clients without a pause");
        let direct = running.direct.unpacked();
        let (reads, rate) = measure::saturation(&direct, pace.saturation).await?;
        notes.rate(OURS, What::SaturatedUnrefreshed, bridges, reads, rate);
        let through = running.through.unpacked();
        let (reads, rate) = measure::saturation(&through, pace.saturation).await?;
        notes.rate(OURS, What::SaturatedThrough, bridges, reads, rate);

        progress.say("ages of values");
        let usage = running.usage();
        let (ages, _) =
            measure::ages(&running.through, usage, bridges, pace.period, PERIODS).await?;
        notes.times(OURS, What::AgeUnrefreshed, bridges, ages);
    }
    running.end().await
}
