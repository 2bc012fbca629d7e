//! An API server that ends.

use std::time::Duration;

use anyhow::Result;
use jiff::Timestamp;
use laboratory::mocks::Fault;

use super::stage::{LONG, Setting, Stage, laboratory};

#[tokio::test(flavor = "multi_thread")]
async fn the_api_server_killed_under_load_scales_nothing_in() -> Result<()> {
    let lab = laboratory().start().await?;
    let stage = Stage::of(&lab, 10, Setting::default()).await?;
    stage.bridges.break_some(3, &Fault::Hung).await?;
    lab.kill_api_server().await?;
    // Longer than a value lives.
    tokio::time::sleep(Duration::from_millis(3_500)).await;
    lab.start_api_server().await?;
    let started = Timestamp::now();
    stage.until_answered(true).await?;
    stage.looks(LONG).await?;
    stage.was_steady(started, 3).await?;
    stage.falls().await?;
    lab.stop().await
}
