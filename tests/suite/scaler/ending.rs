//! The end of a pool, with people on its bridges.

use std::time::Duration;

use anyhow::{Result, ensure};
use laboratory::{Bridge, Laboratory, Never};
use scaler_api::{BridgePool, crd};
use serde_json::{Value, json};

use super::stage::{PATIENCE, Stage};

/// A laboratory whose garbage collector knows pools from its start: it looks for new kinds only every 30 s.
async fn stage(bridges: u32, spec: &Value) -> Result<Stage> {
    let laboratory = Laboratory::builder().crds(&crd::definition().to_string());
    let stage = Stage::in_a(laboratory, bridges, spec, 1, &[]).await?;
    // A pool is deleted at once before it is held.
    stage
        .lab
        .eventually("the pool is held where it is to be", PATIENCE, || async {
            let finalizers = stage.pool.object().await?.metadata.finalizers;
            let held = finalizers.is_some_and(|all| !all.is_empty());
            ensure!(held == (spec["deletionPolicy"] == "Drain"), "{held}");
            Ok(())
        })
        .await?;
    Ok(stage)
}

async fn delete(stage: &Stage, cascade: &str) -> Result<()> {
    let flag = format!("--cascade={cascade}");
    let words = ["-n", "jitsi", "delete", "bp/jvb", &flag, "--wait=false"];
    stage.lab.kubectl_text(&words).await?;
    Ok(())
}

/// Waits until the pool is gone; meanwhile this must hold of its bridges.
async fn until_gone(stage: &Stage, always: impl Fn(&[Bridge]) -> bool) -> Result<()> {
    stage
        .lab
        .eventually("the pool is gone", PATIENCE, || async {
            let bridges = stage.pool.bridges().await?;
            ensure!(always(&bridges), Never(format!("{bridges:#?}")));
            let words = ["-n", "jitsi", "get", "bp", "-o", "name"];
            let left = stage.lab.kubectl_text(&words).await?;
            ensure!(left.trim().is_empty(), "{left}");
            Ok(())
        })
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_pool_that_drains_its_bridges_stays_until_the_last_person_has_left() -> Result<()>
{
    let stage = stage(2, &json!({ "deletionPolicy": "Drain" })).await?;
    let people = stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    delete(&stage, "background").await?;
    stage
        .pool
        .until("both drain", |status, _| status["draining"] == 2)
        .await?;
    // Long enough for the garbage collector.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let there = stage.pool.bridges().await?;
    for known in &before {
        let waits =
            |bridge: &Bridge| bridge.uid == known.uid && bridge.protected && !bridge.deleted;
        ensure!(there.iter().any(waits), "{there:#?}");
    }
    stage.empty(&people, 2);
    until_gone(&stage, |_| true).await?;
    let left = stage.pool.bridges().await?;
    ensure!(left.iter().all(|bridge| bridge.deleted), "{left:#?}");
    ensure!(stage.removals()?.len() >= 2, "{:#?}", stage.removals()?);
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_bridge_whose_label_somebody_takes_off_gets_it_back_and_is_drained_with_its_pool()
-> Result<()> {
    let stage = stage(2, &json!({ "deletionPolicy": "Drain" })).await?;
    let people = stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    let pod = format!("pod/{}", before[0].name);
    let words = ["-n", "jitsi", "label", &pod, "bridgetender.dev/pool-"];
    stage.lab.kubectl_text(&words).await?;
    let bears_it = || async {
        let there = stage.pool.bridges().await?;
        let same = |bridge: &Bridge| bridge.uid == before[0].uid && bridge.protected;
        ensure!(there.iter().any(same), "{there:#?}");
        Ok(())
    };
    stage
        .lab
        .eventually("it bears its label again", PATIENCE, bears_it)
        .await?;
    // Both at once: the pool waits for it all the same.
    stage.lab.kubectl_text(&words).await?;
    delete(&stage, "background").await?;
    stage
        .pool
        .until("both drain", |status, bridges| {
            status["draining"] == 2 && bridges.len() == 2
        })
        .await?;
    stage.empty(&people, 2);
    until_gone(&stage, |_| true).await?;
    ensure!(stage.creations()?.len() == 2, "{:#?}", stage.creations()?);
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_drains_its_bridges_is_not_deleted_in_the_foreground_which_would_take_them_first()
-> Result<()> {
    const COLLECTOR: &str = "system:serviceaccount:kube-system:generic-garbage-collector";
    let stage = stage(2, &json!({ "deletionPolicy": "Drain" })).await?;
    stage.fill(2).await?;
    let lab = &stage.lab;
    let words = [
        "-n",
        "jitsi",
        "delete",
        "bp/jvb",
        "--cascade=foreground",
        "--wait=false",
    ];
    let dry = [&words[..], &["--dry-run=server"]].concat();
    // An admission policy takes a moment to be heeded.
    lab.eventually("it would be refused", PATIENCE, || async {
        let asked = lab.kubectl(&dry).await?;
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        ensure!(
            !asked.status.success() && said.contains("--cascade=background"),
            "{said}"
        );
        Ok(())
    })
    .await?;
    ensure!(!lab.kubectl(&words).await?.status.success());
    let (people, _) = stage.pool.truth();
    ensure!(
        people.cut == 0
            && stage
                .pool
                .object()
                .await?
                .metadata
                .deletion_timestamp
                .is_none()
    );

    // Without the policy the finalizer holds the pool, and not its bridges: this is what the policy is for.
    let binding = "validatingadmissionpolicybinding/bridgepools.bridgetender.dev";
    lab.kubectl_text(&["delete", binding]).await?;
    lab.eventually("it is deleted in the foreground", PATIENCE, || async {
        lab.kubectl_text(&words).await.map(drop)
    })
    .await?;
    lab.eventually(
        "the garbage collector takes the bridges",
        PATIENCE,
        || async {
            let taken = lab.audit()?.into_iter().filter(|request| {
                request.user.username == COLLECTOR
                    && request.verb == "delete"
                    && request.uri.contains("/namespaces/jitsi/pods/")
            });
            ensure!(taken.count() >= 2, "not yet");
            Ok(())
        },
    )
    .await?;
    stage.fenced().await
}

/// Waits until so many of the bridges' pods have an owner.
async fn until_owned(stage: &Stage, wanted: usize) -> Result<()> {
    let what = format!("{wanted} bridges have an owner");
    stage
        .lab
        .eventually(&what, PATIENCE, || async {
            let mut owned = 0;
            for bridge in stage.pool.bridges().await? {
                let pod = stage.pool.pods().get(&bridge.name).await?;
                owned += pod.metadata.owner_references.unwrap_or_default().len();
            }
            ensure!(owned == wanted, "{owned}");
            Ok(())
        })
        .await
}

/// Makes a pool of the same name and spec as one that is gone, which its bridges are not to outlive.
async fn make_again(stage: &Stage, gone: &BridgePool) -> Result<()> {
    let mut spec = serde_json::to_value(&gone.spec)?;
    spec["deletionPolicy"] = "Now".into();
    let again = json!({
        "apiVersion": gone.api_version,
        "kind": gone.kind,
        "metadata": { "name": "jvb", "namespace": "jitsi" },
        "spec": spec,
    });
    stage.lab.put(&again).await
}

fn uids(bridges: &[Bridge]) -> Vec<&str> {
    bridges.iter().map(|bridge| bridge.uid.as_str()).collect()
}

fn both_are_there(bridges: &[Bridge]) -> bool {
    bridges.iter().filter(|bridge| !bridge.deleted).count() == 2
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_that_a_pool_left_behind_are_taken_up_by_the_next_one_of_its_name() -> Result<()> {
    let stage = stage(2, &json!({})).await?;
    stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    let object = stage.pool.object().await?;
    delete(&stage, "orphan").await?;
    until_gone(&stage, both_are_there).await?;
    until_owned(&stage, 0).await?;
    make_again(&stage, &object).await?;
    let after = stage.pool.until_active(2).await?;
    ensure!(uids(&before) == uids(&after), "{before:#?} {after:#?}");
    until_owned(&stage, 2).await?;
    ensure!(stage.creations()?.len() == 2, "{:#?}", stage.creations()?);
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn bridges_that_are_to_outlive_their_pool_serve_on_without_it_however_it_is_deleted()
-> Result<()> {
    let stage = stage(2, &json!({})).await?;
    let people = stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    until_owned(&stage, 2).await?;
    let orphan = json!({ "spec": { "deletionPolicy": "Orphan" } });
    stage.pool.patch(&orphan).await?;
    // From now on there is nothing that the garbage collector could take along with the pool.
    until_owned(&stage, 0).await?;
    let object = stage.pool.object().await?;
    delete(&stage, "background").await?;
    until_gone(&stage, both_are_there).await?;
    // They take conferences with nobody to look after them.
    stage.pool.join("late", 2);
    let all = 2 * (people.len() as u64 + 1);
    stage.until_on_bridges(all).await?;
    let there = stage.pool.bridges().await?;
    let serves = |bridge: &Bridge| bridge.intent == "active" && bridge.protected;
    ensure!(
        both_are_there(&there) && there.iter().all(serves),
        "{there:#?}"
    );
    // The next pool takes them up, and this one means to keep them.
    make_again(&stage, &object).await?;
    let after = stage.pool.until_active(2).await?;
    ensure!(uids(&before) == uids(&after), "{before:#?} {after:#?}");
    until_owned(&stage, 2).await?;
    ensure!(stage.creations()?.len() == 2, "{:#?}", stage.creations()?);
    ensure!(stage.removals()?.is_empty(), "{:#?}", stage.removals()?);
    stage.unharmed().await
}
