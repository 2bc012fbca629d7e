//! A pool grows and shrinks, and nobody notices.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use laboratory::NAMESPACE;
use serde_json::json;

use super::protection::evictable;
use super::stage::{PATIENCE, Stage, remembering};

#[tokio::test(flavor = "multi_thread")]
async fn a_smaller_pool_drains_its_bridges_empty_before_it_removes_them() -> Result<()> {
    let stage = Stage::of(3, &json!({}), 1).await?;
    let pool = &stage.pool;
    // Three conferences: jicofo puts each where there is most room.
    for conference in ["physics", "history", "staff"] {
        pool.join(conference, 4);
    }
    stage.scale(1).await?;
    let left = pool
        .until("two bridges drain, and none is gone", |status, bridges| {
            status["draining"] == 2 && status["replicas"] == 1 && bridges.len() == 3
        })
        .await?;
    ensure!(left.iter().all(|bridge| bridge.protected), "{left:#?}");
    // They wait for their people as long as that takes.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let busy: Vec<_> = left
        .iter()
        .filter(|bridge| pool.people(&bridge.name) > 0)
        .collect();
    let there = pool.bridges().await?;
    ensure!(
        busy.iter().all(|busy| there
            .iter()
            .any(|bridge| bridge.uid == busy.uid && !bridge.deleted)),
        "a bridge with people went: {there:#?}"
    );
    for conference in ["physics", "history", "staff"] {
        pool.leave(conference, 4);
    }
    pool.until_active(1).await?;
    ensure!(stage.scalers.decided("Delete")? >= 2 && stage.scalers.decided("ShutDown")? >= 2);
    ensure!(
        stage.removals()?.len() >= 2,
        "the audit log does not show the removals"
    );
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_that_drains_is_taken_back_when_it_is_needed_again() -> Result<()> {
    let stage = Stage::of(3, &remembering(), 1).await?;
    let pool = &stage.pool;
    for conference in ["physics", "history", "staff"] {
        pool.join(conference, 4);
    }
    let before: Vec<String> = pool
        .bridges()
        .await?
        .into_iter()
        .map(|bridge| bridge.uid)
        .collect();
    // One that was not made at first is decided anew.
    let started = stage.scalers.decided("Create")?;
    stage.scale(1).await?;
    pool.until("two bridges drain", |status, _| status["draining"] == 2)
        .await?;
    stage.scale(3).await?;
    let after = pool.until_active(3).await?;
    let after: Vec<String> = after.into_iter().map(|bridge| bridge.uid).collect();
    ensure!(
        before == after,
        "not the same bridges: {before:?} {after:?}"
    );
    // One that meets another version of its pod is decided anew.
    let (rescues, creations) = (
        stage.scalers.decided("Rescue")?,
        stage.scalers.decided("Create")?,
    );
    ensure!(rescues >= 2, "only {rescues} were taken back");
    ensure!(
        creations == started,
        "{creations} were started, and {started} before"
    );
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn people_past_the_deadline_are_moved_and_nobody_is_cut() -> Result<()> {
    let spec = json!({ "drain": { "deadline": "2s" } });
    let stage = Stage::of(2, &spec, 1).await?;
    let pool = &stage.pool;
    for conference in ["physics", "history"] {
        pool.join(conference, 4);
    }
    stage.scale(1).await?;
    pool.until_active(1).await?;
    // On the way to the next bridge they are on none.
    stage.until_on_bridges(8).await?;
    let (people, lost) = pool.truth();
    ensure!(people.moved > 0 && people.cut == 0, "{people:?}");
    ensure!(lost == Some(0), "{people:?} {lost:?}");
    ensure!(stage.scalers.decided("Expel")? > 0);
    // Told are those who went, not those about whom jicofo was asked.
    let moved = r#"jvb_scaler_people_moved_total{namespace="jitsi",pool="jvb"} 4"#;
    stage.tells_numbers(&[moved]).await?;
    let metrics = stage.scalers.says(0, "/metrics").await?;
    ensure!(!metrics.contains("people_cut_total{"), "{metrics}");
    stage.fenced().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_says_what_it_does_in_status_events_and_metrics() -> Result<()> {
    let stage = Stage::of(2, &remembering(), 1).await?;
    let pool = &stage.pool;
    let status = serde_json::to_value(pool.object().await?.status)?;
    ensure!(
        status["selector"] == "bridgetender.dev/pool=jvb,bridgetender.dev/counted=true",
        "{status:#}"
    );
    // While a write about a bridge is under way, it is not relied upon.
    stage.until_told("Available", "MinActiveMet").await?;
    // One that was not made at first is decided anew.
    let started = stage.scalers.decided("Create")?;
    ensure!(started >= 2, "only {started} were started");
    let creates = format!(r#"jvb_scaler_decisions_total{{transition="Create"}} {started}"#);
    stage
        .tells_numbers(&[
            "jvb_scaler_leader 1",
            r#"jvb_scaler_bridges{namespace="jitsi",pool="jvb",are="active"} 2"#,
            creates.as_str(),
        ])
        .await?;
    // A drain that is called off, and one that may not be.
    stage.fill(2).await?;
    for rescued in [true, false] {
        pool.patch(&json!({ "spec": { "rescue": { "enabled": rescued } } }))
            .await?;
        stage.scale(1).await?;
        pool.until("a bridge drains", |status, _| status["draining"] == 1)
            .await?;
        stage.scale(2).await?;
        pool.until("two serve", |status, bridges| {
            let drains = u32::from(!rescued);
            status["active"] == 2
                && status["draining"] == drains
                && bridges.len() == 2 + drains as usize
        })
        .await?;
    }
    stage
        .tells_numbers(&[
            r#"jvb_scaler_drain_duration_seconds_count{namespace="jitsi",pool="jvb",reason="ScaleDown",end="Rescued"} 1"#,
            r#"jvb_scaler_rescues_held_back_total{namespace="jitsi",pool="jvb",why="Disabled"} 1"#,
        ])
        .await?;
    let bridges = pool.bridges().await?;
    let serving = bridges.iter().find(|bridge| bridge.counted);
    let serving = serving.context("two serve")?.name.as_str();
    let (on_pool, on_pod) = (["BridgePool", "jvb"], ["Pod", serving]);
    let says = format!("{serving} takes conferences");
    for (on, beside) in [(on_pool, on_pod), (on_pod, on_pool)] {
        stage
            .until_event(["Normal", "Activate"], on, beside, &says)
            .await?;
    }
    let budget = [
        "-n",
        "jitsi",
        "get",
        "pdb",
        "jvb",
        "-o",
        "jsonpath={.status.disruptionsAllowed} {.spec.minAvailable}",
    ];
    stage
        .lab
        .eventually("the budget allows nothing", PATIENCE, || async {
            let budget = stage.lab.kubectl_text(&budget).await?;
            ensure!(budget == "0 2147483647", "{budget}");
            Ok(())
        })
        .await?;
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_dry_run_everything_is_told_and_nothing_done() -> Result<()> {
    // What is told, is told again after nothing could be decided because nothing was known.
    let stage = Stage::of(2, &remembering(), 1).await?;
    let pool = &stage.pool;
    stage.until_budgeted().await?;
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(stage.lab.client(), NAMESPACE);
    let budget = budgets.get("jvb").await?;
    pool.patch(&json!({ "spec": { "dryRun": true } })).await?;
    pool.until("the pool is dry", |status, _| {
        status["conditions"].as_array().is_some_and(|conditions| {
            conditions
                .iter()
                .any(|condition| condition["reason"] == "DryRun")
        })
    })
    .await?;
    let written = |stage: &Stage| {
        // That it leads, and what it says.
        let tells = ["/leases/", "/events", "/bridgepools/jvb/status"];
        stage.asked(|request| {
            let reads = ["get", "list", "watch"].contains(&request.verb.as_str());
            !reads && !tells.iter().any(|what| request.uri.contains(what))
        })
    };
    let before = written(&stage)?.len();
    stage.scale(1).await?;
    stage
        .lab
        .eventually("a drain is told", PATIENCE, || async {
            ensure!(stage.scalers.decided("Drain")? > 0, "not yet");
            Ok(())
        })
        .await?;
    // Long enough for many more decisions.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let drains = stage.scalers.decided("Drain")?;
    ensure!(drains == 1, "the same is told {drains} times");
    let bridges = pool.bridges().await?;
    let untouched = |bridge: &laboratory::Bridge| bridge.counted && bridge.intent == "active";
    ensure!(
        bridges.len() == 2 && bridges.iter().all(untouched),
        "{bridges:#?}"
    );
    // Its bridges are protected from others as before.
    let asked_once = stage.pods_asked_once().await?;
    for bridge in &bridges {
        ensure!(!evictable(&asked_once, &bridge.name).await?, "{bridge:#?}");
    }
    let after = budgets.get("jvb").await?;
    ensure!(
        after.metadata.uid == budget.metadata.uid && after.spec == budget.spec,
        "{after:#?}"
    );
    let written = written(&stage)?.split_off(before);
    ensure!(written.is_empty(), "{written:#?}");
    stage.unharmed().await
}
