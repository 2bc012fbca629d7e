//! What the controller depends on goes away.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn while_the_api_server_is_down_drains_go_on_and_nobody_is_harmed() -> Result<()> {
    let mut stage = Stage::of(2, &json!({}), 1).await?;
    for conference in ["physics", "history"] {
        stage.pool.join(conference, 4);
    }
    stage.scale(1).await?;
    let bridges = stage
        .pool
        .until("a bridge drains", |status, _| status["draining"] == 1)
        .await?;
    stage.lab.kill_api_server().await?;
    // Longer than the leader waits for its Lease.
    let ended = stage.scalers.ended(0).await?;
    let said = format!("{:#}", ended.expect_err("it cannot lead without a Lease"));
    ensure!(said.contains("Lease"), "{said}");
    let drained = stage.pool.jitsi().with(|jitsi, _| {
        let drains = |name: &str| {
            jitsi
                .bridge(name)
                .is_some_and(|bridge| bridge.flags().drain)
        };
        bridges.iter().filter(|bridge| drains(&bridge.name)).count()
    });
    ensure!(drained == 1, "{drained} bridges drain");
    stage.lab.start_api_server().await?;
    stage.scalers.start(0)?;
    stage.scalers.until_one_leads().await?;
    let there = stage.pool.bridges().await?;
    ensure!(there.len() == 2, "{there:#?}");
    for conference in ["physics", "history"] {
        stage.pool.leave(conference, 4);
    }
    stage.pool.until_active(1).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_does_not_answer_is_never_removed() -> Result<()> {
    let stage = Stage::of(2, &json!({}), 1).await?;
    for conference in ["physics", "history"] {
        stage.pool.join(conference, 4);
    }
    stage.scale(1).await?;
    let bridges = stage
        .pool
        .until("a bridge drains", |status, _| status["draining"] == 1)
        .await?;
    let draining = bridges.iter().find(|bridge| bridge.intent == "drain");
    let name = draining
        .map(|bridge| bridge.name.clone())
        .unwrap_or_default();
    stage
        .pool
        .jitsi()
        .break_bridge(&name, laboratory::mocks::Fault::Hung);
    for conference in ["physics", "history"] {
        stage.pool.leave(conference, 4);
    }
    // Many times the settle time.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let there = stage.pool.bridges().await?;
    let kept =
        |bridge: &&laboratory::Bridge| bridge.name == name && bridge.protected && !bridge.deleted;
    ensure!(there.iter().filter(kept).count() == 1, "{there:#?}");
    stage.pool.jitsi().break_bridge(&name, None);
    stage.pool.until_active(1).await?;
    stage.unharmed().await
}
