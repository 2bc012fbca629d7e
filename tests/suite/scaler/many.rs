//! Hundreds of bridges.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use laboratory::{Bridge, Laboratory};
use serde_json::json;

use super::stage::Stage;

/// About ten times what it takes on 2 cores that have nothing else to do: they may have a lot.
const LONG: Duration = Duration::from_mins(5);

/// Waits until so many take conferences and nothing else is there.
async fn until_active(stage: &Stage, number: u32) -> Result<Vec<Bridge>> {
    let what = format!("{number} bridges take conferences");
    let began = Instant::now();
    let bridges = stage
        .lab
        .eventually(&what, LONG, || async {
            let status = stage.pool.object().await?.status.unwrap_or_default();
            let numbers = (status.active, status.replicas, status.draining);
            ensure!(numbers == (number, number, 0), "{numbers:?}");
            let bridges = stage.pool.bridges().await?;
            ensure!(bridges.len() == number as usize, "{} pods", bridges.len());
            Ok(bridges)
        })
        .await?;
    println!("{what} after {:.1} s", began.elapsed().as_secs_f64());
    Ok(bridges)
}

/// Waits until the controller has heard from so many bridges that nobody is on them.
async fn until_known_empty(stage: &Stage, number: usize) -> Result<()> {
    let what = format!("{number} bridges are known to be empty");
    stage
        .lab
        .eventually(&what, LONG, || async {
            let report = stage.report().await?;
            let bridges = report["bridges"].as_array().context("no bridges")?;
            let empty = bridges
                .iter()
                .filter(|bridge| bridge["last"]["people"] == 0);
            let empty = empty.count();
            ensure!(empty >= number, "{empty} are");
            Ok(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes minutes on two cores; `make test-long` runs it"]
async fn five_hundred_bridges_become_four_hundred_and_five_hundred_again() -> Result<()> {
    let lab = Laboratory::builder().audit_log(true).start().await?;
    let spec = json!({ "evidence": { "freshness": "20s", "removalFreshness": "10s" } });
    let pool = lab.pool(500).spec(&spec).configure(|bridge| {
        // Half a thousand of them are told what they do by one thread.
        bridge.presence_interval = Duration::from_secs(2);
        bridge.sample_interval = Duration::from_secs(10);
        bridge.statistics_interval = Duration::from_secs(5);
    });
    let pool = pool.start().await?;
    let flags = [
        "--interval=5s",
        "--interval-closely=1s",
        "--presence-interval=2s",
        "--max-requests-per-second=500",
    ];
    let scalers = lab.scaler().flags(&flags).start().await?;
    let stage = Stage { lab, pool, scalers };
    until_active(&stage, 500).await?;
    let people = stage.fill(2).await?;
    let before = stage.pool.bridges().await?;

    // With people on all of them a hundred drain, and are taken back.
    stage.scale(400).await?;
    stage
        .lab
        .eventually("a hundred drain", LONG, || async {
            let status = stage.pool.object().await?.status.unwrap_or_default();
            let numbers = (status.replicas, status.draining);
            ensure!(numbers == (400, 100), "{numbers:?}");
            Ok(())
        })
        .await?;
    stage.scale(500).await?;
    let after = until_active(&stage, 500).await?;
    let same = before
        .iter()
        .zip(&after)
        .all(|(before, after)| before.uid == after.uid);
    ensure!(same, "others than before");
    ensure!(stage.removals()?.is_empty() && stage.creations()?.len() == 500);

    // When two in five are empty, a hundred of those go and nobody notices; a hundred new ones come.
    stage.empty(&people[..people.len() * 2 / 5], 2);
    // By what it knew before it would drain some with people on them, who stay.
    until_known_empty(&stage, 100).await?;
    stage.scale(400).await?;
    until_active(&stage, 400).await?;
    ensure!(stage.removals()?.len() >= 100);
    stage.scale(500).await?;
    until_active(&stage, 500).await?;
    let (there, _) = stage.pool.truth();
    let left = 2 * (people.len() - people.len() * 2 / 5) as u64;
    ensure!(there.on_bridges == left, "{there:?} of {left}");
    stage.unharmed().await
}
