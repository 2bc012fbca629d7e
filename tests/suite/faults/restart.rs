//! Adapters that end.

use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use laboratory::mocks::Fault;

use super::stage::{LONG, PATIENCE, Setting, Stage, laboratory};

/// What a new adapter cannot know: what the hung bridges said to the one before it.
#[tokio::test(flavor = "multi_thread")]
async fn all_adapters_killed_and_restarted_with_bridges_hung_scale_nothing_in() -> Result<()> {
    scale_nothing_in(&[Fault::Hung, Fault::Hung, Fault::Hung]).await
}

/// Or what those said before that answer, and say what cannot be true.
#[tokio::test(flavor = "multi_thread")]
async fn all_adapters_killed_and_restarted_with_bridges_that_say_nonsense_scale_nothing_in()
-> Result<()> {
    scale_nothing_in(&[Fault::NotANumber, Fault::Negative, Fault::NotANumber]).await
}

/// Ten bridges, three of them broken in these ways when all adapters end.
async fn scale_nothing_in(faults: &[Fault; 3]) -> Result<()> {
    let lab = laboratory().start().await?;
    let setting = Setting {
        adapters: 2,
        ..Setting::default()
    };
    let mut stage = Stage::of(&lab, 10, setting).await?;
    for (name, fault) in stage.bridges.names().await?.iter().zip(faults) {
        stage.bridges.jitsi().break_bridge(name, fault.clone());
    }
    lab.eventually("the broken bridges are told no more", PATIENCE, || async {
        let told = stage.reader.stress().await?;
        ensure!(told.len() == 7, "{told:?}");
        Ok(())
    })
    .await?;
    // Until then they might be booting, for whoever sees them first.
    stage.looks(Duration::from_secs(3)).await?;

    stage.adapters.kill_all();
    stage.until_answered(false).await?;
    for n in 0..2 {
        stage.adapters.start(n)?;
    }
    let started = Timestamp::now();
    stage.looks(LONG).await?;
    stage.was_always_steady(5).await?;
    stage.was_steady(started, 3).await?;
    stage.falls().await?;
    lab.stop().await
}
