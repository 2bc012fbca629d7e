//! Bridges that come are told soon, and those that go are told no more.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use http::StatusCode;
use laboratory::NAMESPACE;

use crate::candidate::Contestant;
use crate::notes::{Notes, Tally};
use crate::pace::Pace;
use crate::progress::Progress;
use crate::reader::{Read, Reader, now};
use crate::results::{OURS, What};
use crate::stage::Stage;

/// How long a bridge may take to come or to go.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks.
const BETWEEN: Duration = Duration::from_millis(2);

pub(super) async fn play(
    stage: &Stage,
    ours: &Contestant,
    pace: &Pace,
    progress: &Progress,
    notes: &mut Notes,
) -> Result<()> {
    let bridges = stage.bridges();
    let running = ours.start(stage, &[]).await?;
    progress.say("one after another comes and goes");
    let (mut served, mut absent) = (Tally::default(), Tally::default());
    for n in 0..pace.turnover {
        let pod = format!("new-{n}");
        let path = format!(
            "/apis/custom.metrics.k8s.io/v1beta2/namespaces/{NAMESPACE}/pods/{pod}/participants"
        );
        let reader = running.direct.of(&path);
        served.take(comes(stage, &reader, &pod, n).await.map(|took| [took]));
        absent.take(goes(stage, &reader, &pod).await.map(|took| [took]));
    }
    notes.times(OURS, What::FirstServed, bridges, served);
    notes.times(OURS, What::GoneAbsent, bridges, absent);
    running.end().await
}

/// From the first answer of the bridge to the answer that tells its people.
async fn comes(stage: &Stage, reader: &Reader, pod: &str, n: usize) -> Result<Duration> {
    stage.add(pod, n).await?;
    until(reader, Result::is_ok).await?;
    let told = now();
    let first = stage.clocks.first_answer();
    let first = first.context("people are told of a bridge that nobody asked")?;
    Ok(told.since(first))
}

/// From the request to delete the pod to the answer that knows no such pod.
async fn goes(stage: &Stage, reader: &Reader, pod: &str) -> Result<Duration> {
    let began = Instant::now();
    stage.delete(pod).await?;
    let is_absent = |answer: &Result<Read, _>| matches!(answer, Err(StatusCode::NOT_FOUND));
    until(reader, is_absent).await?;
    Ok(began.elapsed())
}

/// Reads until the answer is as wanted.
async fn until(reader: &Reader, wanted: impl Fn(&Result<Read, StatusCode>) -> bool) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        let answer = reader.try_read().await?.map_err(|(status, _)| status);
        if wanted(&answer) {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN).await;
    }
    bail!("waited {PATIENCE:?} in vain")
}
