//! What is read is fresh, although bridges are asked seldom.

use std::time::Duration;

use anyhow::{Result, ensure};
use laboratory::mocks::Fault;
use laboratory::{Laboratory, NAMESPACE};
use serde_json::Value;
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_mins(2);
const WITHIN: Duration = Duration::from_millis(500);
/// Longer than any of these tests: bridges are asked for a reader's sake, or not at all.
const SELDOM: [&str; 5] = [
    "--interval=10m",
    "--max-age=20m",
    "--hold-last=30m",
    "--fresh-within=500ms",
    "--fresh-budget=5s",
];

/// People on all bridges together, and what the read took.
async fn people(lab: &Laboratory) -> Result<(u64, Duration)> {
    let path = format!(
        "/apis/custom.metrics.k8s.io/v1beta2/namespaces/{NAMESPACE}/deployments.apps/jvb/participants_total"
    );
    let started = Instant::now();
    let request = http::Request::get(path).body(Vec::new())?;
    let list: Value = lab.client().request(request).await?;
    let value = list["items"][0]["value"].as_str().unwrap_or_default();
    Ok((value.parse()?, started.elapsed()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_sees_what_happened_before_the_age_that_is_allowed() -> Result<()> {
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(3).start().await?;
    let _adapters = lab.adapter().flags(&SELDOM).start().await?;
    lab.eventually("nobody is there", PATIENCE, || async {
        let (people, _) = people(&lab).await?;
        ensure!(people == 0, "{people}");
        Ok(())
    })
    .await?;
    // Jicofo asks for a bridge when the second comes.
    let mut there = 0;
    for comes in [2_u64, 1, 1] {
        bridges.jitsi().with(|model, now| {
            for person in there..there + comes {
                model.join("room@conference.meet.local", &format!("p{person}"), now);
            }
        });
        there += comes;
        tokio::time::sleep(WITHIN * 2).await;
        let (seen, _) = people(&lab).await?;
        ensure!(seen == there, "{seen} of {there} people are seen");
    }
    lab.stop().await
}

#[tokio::test(flavor = "multi_thread")]
async fn hung_bridges_do_not_keep_readers_waiting() -> Result<()> {
    /// Many times what a read takes on a busy machine.
    const BUDGET: Duration = Duration::from_secs(2);
    const BUDGET_FLAG: &str = "--fresh-budget=2s";
    let lab = Laboratory::start().await?;
    let bridges = lab.bridges(4).start().await?;
    let mut flags = SELDOM.to_vec();
    flags.push(BUDGET_FLAG);
    let _adapters = lab.adapter().flags(&flags).start().await?;
    lab.eventually("nobody is there", PATIENCE, || async {
        people(&lab).await.map(|_| ())
    })
    .await?;
    bridges.break_some(1, &Fault::Hung).await?;
    tokio::time::sleep(WITHIN * 2).await;
    let (_, first) = people(&lab).await?;
    ensure!(first >= BUDGET, "nobody was waited for: {first:?}");
    // One bridge was given its time, and has no more of the readers'.
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let (_, took) = people(&lab).await?;
        quickest = quickest.min(took);
    }
    ensure!(quickest < BUDGET, "{quickest:?}");
    lab.stop().await
}
