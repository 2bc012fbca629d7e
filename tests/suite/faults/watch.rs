//! A watch that falls silent, while nobody closes it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use kube::ResourceExt;
use laboratory::mocks::Fault;

use super::stage::{PATIENCE, Setting, Stage, laboratory};

/// Nothing comes from the API server any more, not even the end of a connection. Who may read is not known for long then, and
/// the HPA gets no answer. Whatever was asked meanwhile is never answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_api_server_holds_the_hpa_and_what_happened_is_caught_up_after() -> Result<()> {
    let lab = laboratory().start().await?;
    let link = lab.link().await?;
    let setting = Setting {
        link: Some(&link),
        flags: &["--watch-timeout=2s"],
        ..Setting::default()
    };
    let stage = Stage::of(&lab, 6, setting).await?;
    link.stall();
    stage.bridges.break_some(2, &Fault::Hung).await?;
    stage.until_answered(false).await?;
    stage.looks(Duration::from_secs(2)).await?;
    let resumed = Timestamp::now();
    link.lose_connections();
    link.resume();
    stage.until_answered(true).await?;
    stage.looks(Duration::from_secs(3)).await?;
    stage.was_steady(resumed, 2).await?;
    // Pods that come and go are seen again.
    let gone = stage.bridges.names().await?.remove(0);
    lab.kubectl_text(&["delete", "pod", "-n", "jitsi", &gone, "--wait=false"])
        .await?;
    for name in stage.bridges.names().await? {
        stage.bridges.jitsi().break_bridge(&name, None);
    }
    stage
        .reader
        .until_told(&stage.bridges)
        .await
        .context("pods are not watched any more")?;
    stage.falls().await?;
    lab.stop().await
}

/// The connections that were open are silent for ever; new ones are not. So questions are answered again soon, by an adapter
/// that does not see pods come and go.
#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_silent_for_ever_is_noticed_and_made_anew() -> Result<()> {
    let lab = laboratory().start().await?;
    let link = lab.link().await?;
    let setting = Setting {
        link: Some(&link),
        flags: &["--watch-timeout=6s"],
        // With a bridge its load goes, until the next one has been asked: a total is lower then, and rightly so.
        pods_alone: true,
        ..Setting::default()
    };
    let stage = Stage::of(&lab, 6, setting).await?;
    link.lose_connections();
    let lost = std::time::Instant::now();
    let silent = Timestamp::now();
    let gone = stage.bridges.names().await?.remove(0);
    lab.kubectl_text(&["delete", "pod", "-n", "jitsi", &gone, "--wait=false"])
        .await?;
    lab.eventually("another bridge is there", PATIENCE, || async {
        let pods = stage.bridges.pods().await?;
        ensure!(pods.len() == 6 && pods.iter().all(|pod| pod.name_any() != gone));
        Ok(())
    })
    .await?;
    // What is gone is told for as long as a value lives.
    lab.eventually("the gone bridge is told no more", PATIENCE, || async {
        let told = stage.reader.stress().await?;
        ensure!(told.iter().all(|(name, _)| *name != gone), "{told:?}");
        Ok(told)
    })
    .await?;
    stage.looks(Duration::from_secs(3)).await?;
    stage
        .reader
        .until_told(&stage.bridges)
        .await
        .context("the watch was not made anew")?;
    println!(
        "the watch was made anew {:.1} s after it fell silent",
        lost.elapsed().as_secs_f64()
    );
    stage.looks(Duration::from_secs(2)).await?;
    stage.was_steady(silent, 3).await?;
    stage.falls().await?;
    lab.stop().await
}
