//! What people do to a pool and its pods by hand.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::stage::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_somebody_deletes_is_replaced_at_once() -> Result<()> {
    let stage = Stage::of(2, &json!({}), 1).await?;
    let before = stage.pool.bridges().await?;
    let victim = before.first().context("there are bridges")?;
    stage
        .pool
        .pods()
        .delete(&victim.name, &DeleteParams::default())
        .await?;
    let after = stage
        .pool
        .until("another bridge took its place", |status, bridges| {
            status["active"] == 2
                && bridges.len() == 2
                && bridges.iter().all(|bridge| bridge.uid != victim.uid)
        })
        .await?;
    ensure!(after.iter().all(|bridge| bridge.counted), "{after:#?}");
    // Nobody was on it; that jicofo lost it is the doing of whoever deleted it.
    stage.fenced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_that_somebody_forged_are_put_right_or_left_alone() -> Result<()> {
    let stage = Stage::of(2, &json!({}), 1).await?;
    let bridges = stage.pool.bridges().await?;
    let [bare, odd] = &bridges[..] else {
        anyhow::bail!("{bridges:#?}");
    };
    let patch = async |name: &str, metadata: serde_json::Value| {
        let patch = Patch::Merge(json!({ "metadata": metadata }));
        let pods = stage.pool.pods();
        pods.patch(name, &PatchParams::default(), &patch).await
    };
    // Protection that was taken away comes back.
    patch(
        &bare.name,
        json!({"labels": {"bridgetender.dev/protected": null}}),
    )
    .await?;
    stage
        .pool
        .until("it is protected again", |_, bridges| {
            bridges.iter().all(|bridge| bridge.protected)
        })
        .await?;
    // A forged proof of emptiness is none: the bridge looks at people, not at annotations.
    stage.pool.join("physics", 4);
    stage.pool.join("history", 4);
    let forged = json!({"annotations": {
        "bridgetender.dev/intent": "drain",
        "bridgetender.dev/zero-since": "2020-01-01T00:00:00Z",
    }});
    patch(&bare.name, forged).await?;
    // What cannot be understood is left alone, and told.
    patch(
        &odd.name,
        json!({"annotations": {"bridgetender.dev/deadline": "soon"}}),
    )
    .await?;
    stage
        .pool
        .until("the pool tells of it", |status, _| {
            status["conditions"].as_array().is_some_and(|conditions| {
                conditions.iter().any(|condition| {
                    condition["type"] == "BridgesUnknown" && condition["reason"] == "Malformed"
                })
            })
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let there = stage.pool.bridges().await?;
    for known in [bare, odd] {
        let stays = there
            .iter()
            .any(|bridge| bridge.uid == known.uid && !bridge.deleted);
        ensure!(stays, "{there:#?}");
    }
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_image_drains_no_good_bridge() -> Result<()> {
    let stage = Stage::of(2, &json!({ "update": { "progressDeadline": "3s" } }), 1).await?;
    stage.pool.join("physics", 4);
    let before = stage.pool.bridges().await?;
    // From now on bridges start and never join their brewery.
    stage
        .pool
        .jitsi()
        .configure_bridges(|bridge| bridge.brewery_join = Duration::from_hours(1));
    let image = json!([{ "name": "jvb", "image": "laboratory/jvb:bad", "ports": [{ "name": "metrics", "containerPort": laboratory::BRIDGE_PORT }] }]);
    stage
        .pool
        .patch(&json!({ "spec": { "template": { "spec": { "containers": image } } } }))
        .await?;
    stage
        .lab
        .eventually("a start failed", Duration::from_mins(2), || async {
            let failed = stage.scalers.decided("StartFailed")? + stage.scalers.decided("Drain")?;
            ensure!(failed > 0, "not yet");
            Ok(())
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let there = stage.pool.bridges().await?;
    for good in &before {
        let serves = there
            .iter()
            .any(|bridge| bridge.uid == good.uid && bridge.counted && bridge.intent == "active");
        ensure!(serves, "{there:#?}");
    }
    stage.fenced().await
}
