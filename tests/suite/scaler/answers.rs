//! Answers of the API server that get lost on their way, and what it does not tell.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use laboratory::{Bridge, Laboratory, Link};
use scaler_api::crd;

use super::stage::{PATIENCE, Stage};

/// A laboratory, and a link to its API server for controllers.
pub(super) async fn apart() -> Result<(Laboratory, Link)> {
    // The garbage collector knows pools from its start.
    let lab = Laboratory::builder().crds(&crd::definition().to_string());
    let lab = lab.audit_log(true).start().await?;
    let link = lab.open_link(&lab.scaler_kubeconfig().await?).await?;
    Ok((lab, link))
}

/// A stage whose controllers reach the API server over this link.
pub(super) async fn through(
    link: &Link,
    lab: Laboratory,
    bridges: u32,
    controllers: u8,
    flags: &[&str],
) -> Result<Stage> {
    let pool = lab.pool(bridges).start().await?;
    let scalers = lab.scaler().through(link).replicas(controllers);
    let scalers = scalers.flags(flags).start().await?;
    pool.until_active(bridges).await?;
    Ok(Stage { lab, pool, scalers })
}

/// A stage whose controller reaches the API server over a link that loses the answer to the first such request.
async fn losing(bridges: u32, such: fn(&str) -> bool, flags: &[&str]) -> Result<(Stage, Link)> {
    let (lab, link) = apart().await?;
    link.lose_answer(such);
    let stage = through(&link, lab, bridges, 1, flags).await?;
    stage
        .lab
        .eventually("an answer is lost", PATIENCE, || async {
            ensure!(link.answers_lost() == 1, "no such request was made");
            Ok(())
        })
        .await?;
    Ok((stage, link))
}

/// Waits until the controller has had so many requests of a kind come to this at least.
async fn until_came_to(stage: &Stage, request: &str, outcome: &str, times: u32) -> Result<()> {
    let line = format!(r#"jvb_scaler_requests_total{{request="{request}",outcome="{outcome}"}} "#);
    let what = format!("the controller tells {line}{times}");
    stage
        .lab
        .eventually(&what, PATIENCE, || async {
            let metrics = stage.scalers.says(0, "/metrics").await?;
            let mut lines = metrics.lines();
            let told = lines.find_map(|told| told.strip_prefix(line.as_str()));
            let told = told.context("none")?;
            ensure!(told.parse::<u32>()? >= times, "{told}");
            Ok(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bridge_whose_creation_was_not_answered_is_found_and_not_started_twice() -> Result<()> {
    let such = |line: &str| line.starts_with("POST /api/v1/namespaces/jitsi/pods");
    let (stage, _link) = losing(2, such, &[]).await?;
    // It was found before its creation was given up, and nothing is started in its place then.
    until_came_to(&stage, "create_pod", "unknown", 1).await?;
    stage.scale(3).await?;
    stage.pool.until_active(3).await?;
    ensure!(stage.creations()?.len() == 3, "{:#?}", stage.creations()?);
    ensure!(stage.scalers.decided("Create")? == 3);
    let failures = stage.scalers.failures("Create")?;
    ensure!(failures == ["unknown"], "{failures:?}");
    stage.unharmed().await
}

/// A pod like this one, as somebody would make it anew.
pub(super) fn namesake(of: &Pod) -> Pod {
    let mut pod = of.clone();
    pod.status = None;
    let (old, new) = (&of.metadata, &mut pod.metadata);
    *new = kube::core::ObjectMeta {
        name: old.name.clone(),
        labels: old.labels.clone(),
        annotations: old.annotations.clone(),
        owner_references: old.owner_references.clone(),
        ..kube::core::ObjectMeta::default()
    };
    // No run of it has confirmed anything.
    if let Some(annotations) = &mut new.annotations {
        annotations.remove("bridgetender.dev/drain-acked");
    }
    if let Some(spec) = &mut pod.spec {
        spec.node_name = None;
    }
    pod
}

/// Pins a bridge (`=true`), or no longer (`-`), as an operator would.
pub(super) async fn pin(stage: &Stage, bridge: &str, so: &str) -> Result<()> {
    let (pod, pin) = (
        format!("pod/{bridge}"),
        format!("bridgetender.dev/pinned{so}"),
    );
    let words = ["-n", "jitsi", "annotate", &pod, &pin];
    stage.lab.kubectl_text(&words).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_not_answered_is_not_repeated_on_the_next_bridge_of_its_name()
-> Result<()> {
    let (lab, link) = apart().await?;
    let stage = through(&link, lab, 2, 1, &[]).await?;
    let bridges = stage.pool.bridges().await?;
    let pods = stage.pool.pods();
    // Pinned bridges stay, though there will be one too many.
    for bridge in &bridges {
        pin(&stage, &bridge.name, "=true").await?;
    }
    let first = bridges.first().context("there are two")?;
    let before = pods.get(&first.name).await?;
    pin(&stage, &first.name, "-").await?;
    link.lose_answer(|line| line.starts_with("DELETE /api/v1/namespaces/jitsi/pods/"));
    stage.scale(1).await?;
    let is_gone = || async {
        ensure!(pods.get_opt(&first.name).await?.is_none(), "it is there");
        Ok(())
    };
    let what = "the drained bridge is gone";
    stage.lab.eventually(what, PATIENCE, is_gone).await?;
    ensure!(link.answers_lost() == 1, "somebody else deleted it");
    let new = pods
        .create(&PostParams::default(), &namesake(&before))
        .await?;
    until_came_to(&stage, "delete_pod", "unknown", 1).await?;
    let uid = new.metadata.uid.context("every object has one")?;
    let kept = |bridges: &[Bridge]| {
        let serves = |one: &Bridge| one.uid == uid && one.intent == "active" && !one.deleted;
        bridges.len() == 2 && bridges.iter().any(serves)
    };
    stage.scale(2).await?;
    let after = stage.pool.until_active(2).await?;
    ensure!(kept(&after), "{after:#?}");
    ensure!(stage.creations()?.len() == 2, "{:#?}", stage.creations()?);
    ensure!(stage.removals()?.len() == 1, "{:#?}", stage.removals()?);
    let failures = stage.scalers.failures("Delete")?;
    ensure!(failures == ["unknown"], "{failures:?}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_are_not_given_to_a_pool_that_is_gone_though_its_watch_has_not_told() -> Result<()>
{
    // The first watch of pools is silent: of the pool nothing is known but what the list before it told.
    let such = |line: &str| line.contains("/bridgepools?") && line.contains("watch=true");
    let (stage, _link) = losing(2, such, &["--watch-timeout=60s"]).await?;
    stage.fill(2).await?;
    let words = ["-n", "jitsi", "delete", "bp/jvb", "--cascade=orphan"];
    stage.lab.kubectl_text(&words).await?;
    let before = stage.pool.bridges().await?;
    let orphaned = || async {
        let adopted = stage.scalers.decided("Adopt")?;
        ensure!(adopted >= 2, "{adopted} were to be taken up");
        Ok(())
    };
    let what = "the controller would take them up";
    stage.lab.eventually(what, PATIENCE, orphaned).await?;
    until_came_to(&stage, "patch_pod", "refused", 2).await?;
    // Whoever names an owner that is gone is taken by the garbage collector, which needs a moment for it.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let failures = stage.scalers.failures("Adopt")?;
    let refused = failures.iter().filter(|outcome| *outcome == "refused");
    ensure!(refused.count() >= 2, "{failures:?}");
    let there = stage.pool.bridges().await?;
    let stays = |known: &Bridge| {
        let same = |one: &Bridge| one.uid == known.uid && !one.deleted && one.protected;
        there.iter().any(same)
    };
    ensure!(before.len() == 2 && before.iter().all(stays), "{there:#?}");
    for bridge in &there {
        let owners = stage.pool.pods().get(&bridge.name).await?;
        let owners = owners.metadata.owner_references.unwrap_or_default();
        ensure!(owners.is_empty(), "{owners:#?}");
    }
    stage.unharmed().await
}
