//! Each verb does what it says.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use laboratory::Bridge;
use scaler_api::annotations::DRAIN_REQUESTED;
use serde_json::json;

use super::{Plugin, words};
use crate::scaler::{PATIENCE, Stage, remembering};

/// A stage with so many bridges, a conference of four on each of the first ones.
async fn stage(bridges: u32, conferences: &[&str]) -> Result<(Stage, Plugin)> {
    let stage = Stage::of(bridges, &remembering(), 1).await?;
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    for conference in conferences {
        stage.pool.join(conference, 4);
    }
    Ok((stage, plugin))
}

/// Waits until the controller knows the people of a bridge, and says what the plugin says of a command then.
async fn says(
    stage: &Stage,
    plugin: &Plugin,
    arguments: &[&str],
    expected: &str,
) -> Result<String> {
    let dry = [arguments, &["--dry-run"]].concat();
    stage
        .lab
        .eventually(expected, PATIENCE, || async {
            let said = plugin.text(&dry).await?;
            ensure!(words(&said).contains(expected), "{said}");
            ensure!(said.starts_with("dry run, nothing is written: "), "{said}");
            Ok(())
        })
        .await?;
    let said = words(&plugin.text(arguments).await?);
    ensure!(said.contains(expected), "{said}");
    Ok(said)
}

fn busy(stage: &Stage, bridges: &[Bridge]) -> Result<Bridge> {
    let busy = bridges
        .iter()
        .find(|bridge| stage.pool.people(&bridge.name) > 0);
    busy.cloned().context("a bridge has people")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_is_drained_keeps_its_people_and_another_takes_its_place() -> Result<()> {
    let (stage, plugin) = stage(2, &["physics"]).await?;
    let bridge = busy(&stage, &stage.pool.bridges().await?)?;
    plugin.text(&["drain", &bridge.name, "--dry-run"]).await?;
    let pod = stage.pool.pods().get(&bridge.name).await?;
    let asked_for = pod.annotations().contains_key(DRAIN_REQUESTED.name());
    ensure!(!asked_for, "a dry run wrote it: {pod:#?}");
    let said = says(
        &stage,
        &plugin,
        &["drain", &bridge.name],
        "4 people stay until ",
    )
    .await?;
    ensure!(
        said.contains("stops taking new conferences")
            && said.contains("then are moved to other bridges"),
        "{said}"
    );
    stage
        .pool
        .until("it drains and another one serves", |status, bridges| {
            let drains = |one: &Bridge| one.uid == bridge.uid && one.intent == "drain";
            status["draining"] == 1 && status["active"] == 2 && bridges.iter().any(drains)
        })
        .await?;
    ensure!(stage.pool.people(&bridge.name) == 4);
    let status = plugin.text(&["status"]).await?;
    ensure!(status.contains("somebody asked for it"), "{status}");
    stage.pool.leave("physics", 4);
    let left = stage.pool.until_active(2).await?;
    ensure!(left.iter().all(|one| one.uid != bridge.uid), "{left:#?}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_is_called_off_takes_the_bridge_back() -> Result<()> {
    let (stage, plugin) = stage(2, &["physics"]).await?;
    let bridge = busy(&stage, &stage.pool.bridges().await?)?;
    plugin.text(&["drain", &bridge.name]).await?;
    stage
        .pool
        .until("it drains and another one serves", |status, _| {
            status["draining"] == 1 && status["active"] == 2
        })
        .await?;
    // Whichever is drained then, it must not be this one.
    plugin.text(&["pin", &bridge.name]).await?;
    let said = plugin.text(&["undrain", &bridge.name]).await?;
    ensure!(said.contains("takes new conferences again"), "{said}");
    let left = stage.pool.until_active(2).await?;
    ensure!(
        left.iter().any(|one| one.uid == bridge.uid && one.counted),
        "{left:#?}"
    );
    stage
        .lab
        .eventually("jicofo sees it again", PATIENCE, || async {
            let drained = stage.pool.jitsi().with(|jitsi, _| {
                let bridge = jitsi.bridge(&bridge.name);
                bridge.is_none_or(|bridge| bridge.flags().drain)
            });
            ensure!(!drained, "it drains");
            Ok(())
        })
        .await?;
    let said = plugin.text(&["undrain", &bridge.name]).await?;
    ensure!(said.contains("nobody asked for its drain"), "{said}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_for_another_reason_is_not_called_off_and_the_way_is_named() -> Result<()> {
    let (stage, plugin) = stage(2, &["physics", "history"]).await?;
    stage.scale(1).await?;
    let bridges = stage.pool.until_draining(1).await?;
    let draining = bridges
        .iter()
        .find(|bridge| bridge.intent == "drain")
        .context("one drains")?;
    let said = stage
        .lab
        .eventually("the controller tells of the drain", PATIENCE, || async {
            let said = plugin.run(&["undrain", &draining.name]).await?;
            ensure!(
                said.code == Some(2) && said.err.contains("because fewer bridges are wanted"),
                "{said:?}"
            );
            Ok(said)
        })
        .await?;
    let command = said
        .err
        .split("kubectl ")
        .nth(1)
        .context("a command")?
        .trim()
        .to_owned();
    let arguments: Vec<&str> = command.split_whitespace().collect();
    stage.lab.kubectl_text(&arguments).await?;
    stage.pool.until_active(2).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pinned_bridge_is_not_drained_until_it_is_unpinned() -> Result<()> {
    let (stage, plugin) = stage(2, &["physics"]).await?;
    let bridges = stage.pool.bridges().await?;
    let empty = bridges
        .iter()
        .find(|bridge| stage.pool.people(&bridge.name) == 0);
    let empty = empty.context("one is empty")?;
    // Both, the empty one that would go first too.
    for bridge in &bridges {
        let said = plugin.text(&["pin", &bridge.name]).await?;
        ensure!(said.contains("is left alone"), "{said}");
    }
    stage.scale(1).await?;
    stage
        .pool
        .until("pinned bridges stand in the way", |status, _| {
            status["conditions"].as_array().is_some_and(|conditions| {
                conditions
                    .iter()
                    .any(|condition| condition["reason"] == "Pinned")
            })
        })
        .await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(
        stage
            .pool
            .bridges()
            .await?
            .iter()
            .all(|bridge| bridge.counted)
    );
    let said = plugin.run(&["drain", &empty.name]).await?;
    ensure!(
        said.code == Some(2) && said.err.contains("unpin"),
        "{said:?}"
    );
    let said = plugin.text(&["unpin", &empty.name]).await?;
    ensure!(said.contains("2 are counted and 1 are wanted"), "{said}");
    let left = stage.pool.until_active(1).await?;
    ensure!(left[0].uid != empty.uid, "{left:#?}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_pool_does_nothing_until_it_is_resumed() -> Result<()> {
    let (stage, plugin) = stage(1, &[]).await?;
    let said = plugin.text(&["pause"]).await?;
    ensure!(said.contains("is left as it is"), "{said}");
    let paused = |status: &serde_json::Value| {
        status["conditions"].as_array().is_some_and(|conditions| {
            conditions
                .iter()
                .any(|condition| condition["type"] == "Paused" && condition["status"] == "True")
        })
    };
    stage
        .pool
        .until("it is paused", |status, _| paused(status))
        .await?;
    stage.scale(2).await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    ensure!(stage.pool.bridges().await?.len() == 1);
    stage
        .lab
        .eventually("it is told to be paused", PATIENCE, || async {
            let status = plugin.text(&["status"]).await?;
            ensure!(
                status.contains("note   Paused, PoolPaused")
                    && status.contains("2 bridges wanted, 1 counted"),
                "{status}"
            );
            Ok(())
        })
        .await?;
    let said = plugin.text(&["resume", "jvb"]).await?;
    ensure!(
        said.contains(
            "goes on with 1 of 2 bridges that are wanted: more are taken back or started"
        ),
        "{said}"
    );
    stage.pool.until_active(2).await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_released_goes_without_waiting_for_its_bridges() -> Result<()> {
    let mut spec = remembering();
    spec["deletionPolicy"] = "Drain".into();
    let stage = Stage::of(1, &spec, 1).await?;
    let plugin = Plugin::of(&stage.lab, Some(&stage.scalers))?;
    stage.pool.join("physics", 4);
    let said = plugin.run(&["release"]).await?;
    ensure!(
        said.code == Some(2) && said.err.contains("is not being deleted"),
        "{said:?}"
    );
    stage
        .lab
        .eventually("the pool waits for its bridges", PATIENCE, || async {
            let held = stage.pool.object().await?.metadata.finalizers.is_some();
            ensure!(held, "no finalizer yet");
            Ok(())
        })
        .await?;
    let flags = ["-n", "jitsi", "delete", "bp/jvb", "--wait=false"];
    stage.lab.kubectl_text(&flags).await?;
    stage
        .pool
        .until("its bridge drains", |status, _| status["draining"] == 1)
        .await?;
    let said = says(&stage, &plugin, &["release"], "with 4 people on them").await?;
    ensure!(said.contains("goes at once"), "{said}");
    stage
        .lab
        .eventually("pool and bridges are gone", PATIENCE, || async {
            let said = plugin.run(&["status", "jvb"]).await?;
            ensure!(
                said.code == Some(2) && said.err.contains("there is no pool jvb"),
                "{said:?}"
            );
            ensure!(stage.pool.bridges().await?.is_empty());
            Ok(())
        })
        .await?;
    stage.fenced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_while_it_is_being_written_is_looked_at_anew() -> Result<()> {
    let (stage, plugin) = stage(1, &[]).await?;
    let bridges = stage.pool.bridges().await?;
    let name = bridges[0].name.clone();
    let pods = stage.pool.pods();
    for round in 0..12 {
        // As often as the plugin looks anew: however the two fall together, it comes through.
        let meddling = async {
            for n in 0..3 {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let note = json!({ "example.org/note": format!("{round}-{n}") });
                let note = Patch::Merge(json!({ "metadata": { "annotations": note } }));
                pods.patch(&name, &PatchParams::default(), &note).await?;
            }
            anyhow::Ok(())
        };
        let pins = round % 2 == 0;
        let verb = if pins { "pin" } else { "unpin" };
        let pinning = async {
            let done = plugin.json(&[verb, &name]).await?;
            ensure!(done["changes"][0]["patch"].is_object(), "{done:#}");
            anyhow::Ok(())
        };
        tokio::try_join!(meddling, pinning)?;
        // The next one is by what the controller knows, which learns of this one a moment later.
        stage
            .lab
            .eventually("the controller knows of it", PATIENCE, || async {
                let told = plugin.json(&["explain", &name]).await?;
                ensure!(told["bridge"]["pinned"] == pins, "{told:#}");
                Ok(())
            })
            .await?;
    }
    stage.unharmed().await
}
