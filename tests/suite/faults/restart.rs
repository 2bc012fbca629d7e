//! Adapters that end.

use std::time::Duration;

use anyhow::{Result, ensure};
use jiff::Timestamp;
use laboratory::mocks::Fault;

use super::stage::{LONG, Setting, Stage, laboratory};

/// What a new adapter cannot know: what the hung bridges said to the one before it.
#[tokio::test(flavor = "multi_thread")]
async fn all_adapters_killed_and_restarted_with_bridges_hung_scale_nothing_in() -> Result<()> {
    let lab = laboratory().start().await?;
    let setting = Setting {
        adapters: 2,
        ..Setting::default()
    };
    let mut stage = Stage::of(&lab, 10, setting).await?;
    stage.bridges.break_some(3, &Fault::Hung).await?;
    lab.eventually(
        "the hung bridges are told no more",
        Duration::from_secs(20),
        || async {
            let told = stage.reader.stress().await?;
            ensure!(told.len() == 7, "{told:?}");
            Ok(())
        },
    )
    .await?;

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
