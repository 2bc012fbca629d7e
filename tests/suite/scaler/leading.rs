//! Controllers that are killed, and two of them at once.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn whenever_the_controller_is_killed_the_next_one_goes_on() -> Result<()> {
    let mut stage = Stage::of(4, &json!({}), 1).await?;
    for (conference, people) in [("physics", 3), ("history", 3), ("staff", 3), ("choir", 3)] {
        stage.pool.join(conference, people);
    }
    // Each time a little later after the order, so that each kill meets another part of the way.
    for (round, pause) in [0, 40, 90, 180, 400, 900].into_iter().enumerate() {
        let size = if round % 2 == 0 { 2 } else { 4 };
        stage.scale(size).await?;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        stage.scalers.kill(0);
        stage.scalers.start(0)?;
        stage.scalers.until_one_leads().await?;
    }
    stage.scale(2).await?;
    for (conference, people) in [("physics", 3), ("history", 3), ("staff", 3), ("choir", 3)] {
        stage.pool.leave(conference, people);
    }
    stage.pool.until_active(2).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_controllers_one_leads_and_the_other_takes_over_at_once_when_it_ends() -> Result<()>
{
    let mut stage = Stage::of(2, &json!({}), 2).await?;
    let first = stage.scalers.until_one_leads().await?;
    let second = 1 - first;
    let said = stage.scalers.says(second, "/readyz").await?;
    ensure!(said.trim() == "waits for the Lease", "{said}");
    stage.scalers.terminate(first).await?;
    ensure!(stage.scalers.until_one_leads().await? == second);
    stage.scale(3).await?;
    stage.pool.until_active(3).await?;
    stage.unharmed().await
}
