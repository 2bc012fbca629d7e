//! Sizes that others write: an HPA, an operator, whoever applies files again and again.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use kube::Client;
use laboratory::{Bridge, Never};
use serde_json::{Value, json};

use super::stage::{PATIENCE, Stage, remembering};

/// How often an HPA of the laboratory would look.
const SYNC: Duration = Duration::from_secs(1);

fn uids(bridges: &[Bridge]) -> Vec<&str> {
    bridges.iter().map(|bridge| bridge.uid.as_str()).collect()
}

fn draining(bridges: &[Bridge]) -> usize {
    bridges
        .iter()
        .filter(|bridge| bridge.intent == "drain")
        .count()
}

/// Writes a size as an HPA does, at one of its syncs: on an idle machine at the first or second.
async fn write(stage: &Stage, hpa: &Client, size: u32) -> Result<()> {
    const SYNCS: u32 = 10;
    for _ in 0..SYNCS {
        if stage.pool.write_scale(hpa, size).await? {
            return Ok(());
        }
        tokio::time::sleep(SYNC).await;
    }
    anyhow::bail!("the HPA could not write {size} in {SYNCS} syncs")
}

/// Whether a pool had its three sizes, ten, three and ten, within a minute. Where this machine was too slow for that, nothing is shown
/// by them, and it is tried once more.
pub(super) fn within_a_minute(took: Duration) -> bool {
    const MINUTE: Duration = Duration::from_mins(1);
    println!("ten, three and ten within {:.1} s", took.as_secs_f64());
    took < MINUTE
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_falls_and_rises_within_a_minute_gives_rescues_alone() -> Result<()> {
    let stage = Stage::of(10, &remembering(), 1).await?;
    let hpa = stage.lab.client_of(&stage.lab.hpa_kubeconfig()?).await?;
    let people = stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    let started = stage.creations()?.len();
    let (mut rounds, mut in_time) = (0, 0);
    while in_time < 2 {
        let began = Instant::now();
        write(&stage, &hpa, 3).await?;
        stage
            .pool
            .until("seven bridges drain", |status, _| {
                status["draining"] == 7 && status["replicas"] == 3
            })
            .await?;
        write(&stage, &hpa, 10).await?;
        rounds += 1;
        in_time += usize::from(within_a_minute(began.elapsed()));
        ensure!(rounds - in_time < 2, "this machine is too slow");
        let after = stage.pool.until_active(10).await?;
        ensure!(uids(&before) == uids(&after), "{before:#?} {after:#?}");
    }
    let rescues = stage.scalers.decided("Rescue")?;
    ensure!(rescues >= 7 * rounds, "only {rescues} were taken back");
    let (made, removed) = (stage.creations()?.len() - started, stage.removals()?.len());
    ensure!((made, removed) == (0, 0), "{made} made, {removed} removed");
    let (there, _) = stage.pool.truth();
    let all = 2 * people.len() as u64;
    ensure!(there.on_bridges == all, "{there:?} of {all}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_of_zero_leaves_the_floor_and_says_how_to_go_below() -> Result<()> {
    let mut spec = remembering();
    spec["minActive"] = json!(1);
    let stage = Stage::of(3, &spec, 1).await?;
    stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    stage.scale(0).await?;
    stage
        .pool
        .until("one bridge is left that takes conferences", |status, _| {
            status["replicas"] == 1 && status["active"] == 1 && status["draining"] == 2
        })
        .await?;
    let told = stage.until_told("ScalingLimited", "MinActive").await?;
    ensure!(told.contains("set spec.minActive to 0"), "{told}");

    // With an HPA that scales the pool: it is off, and that is told too.
    stage.lab.put(&hpa("jvb", 8)).await?;
    let what = "the pool tells that its HPA is off";
    stage
        .lab
        .eventually(what, PATIENCE, || async {
            let told = stage.until_told("ScalingLimited", "MinActive").await?;
            ensure!(
                told.contains("jvb does nothing while spec.replicas is 0"),
                "{told}"
            );
            Ok(())
        })
        .await?;

    // Below the floor: all drain, and past their deadline nobody is moved, because there is nowhere to go.
    stage
        .pool
        .patch(&json!({ "spec": { "minActive": 0, "drain": { "deadline": "1s" } } }))
        .await?;
    stage
        .pool
        .until("no bridge is left that takes conferences", |status, _| {
            status["replicas"] == 0 && status["draining"] == 3
        })
        .await?;
    stage.until_told("ScalingLimited", "NoTarget").await?;
    stage.scale(3).await?;
    let after = stage.pool.until_active(3).await?;
    ensure!(uids(&before) == uids(&after), "{before:#?} {after:#?}");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_is_applied_again_drains_few_and_all_are_taken_back() -> Result<()> {
    let mut spec = remembering();
    spec["drain"] = json!({ "maxConcurrent": 2 });
    let stage = Stage::of(6, &spec, 1).await?;
    let hpa = stage.lab.client_of(&stage.lab.hpa_kubeconfig()?).await?;
    stage.fill(2).await?;
    let before = stage.pool.bridges().await?;
    let started = stage.creations()?.len();
    // A file with the size in it, as it was when the pool was made.
    let object = stage.pool.object().await?;
    let file = json!({
        "apiVersion": object.api_version,
        "kind": object.kind,
        "metadata": { "name": "jvb", "namespace": "jitsi" },
        "spec": { "replicas": 1, "sidecar": "none", "template": object.spec.template },
    });
    let apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
    let applied = stage.lab.kubectl_with(&apply, &file.to_string()).await?;
    ensure!(applied.status.success(), "{applied:?}");
    stage
        .lab
        .eventually("two bridges drain", PATIENCE, || async {
            let bridges = stage.pool.bridges().await?;
            let draining = draining(&bridges);
            ensure!(
                draining <= 2,
                Never(format!("{draining} drain: {bridges:#?}"))
            );
            ensure!(draining == 2, "{draining} drain");
            Ok(())
        })
        .await?;
    // Long enough for more of them to be chosen, if more were.
    tokio::time::sleep(SYNC * 2).await;
    let bridges = stage.pool.bridges().await?;
    ensure!(draining(&bridges) == 2, "{bridges:#?}");
    stage.until_told("ScalingLimited", "MaxConcurrent").await?;
    write(&stage, &hpa, 6).await?;
    let after = stage.pool.until_active(6).await?;
    ensure!(uids(&before) == uids(&after), "{before:#?} {after:#?}");
    let (made, removed) = (stage.creations()?.len() - started, stage.removals()?.len());
    ensure!((made, removed) == (0, 0), "{made} made, {removed} removed");
    stage.unharmed().await
}

/// An HPA of the pool.
fn hpa(name: &str, most: u32) -> Value {
    json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
        "metadata": { "name": name, "namespace": "jitsi" },
        "spec": {
            "scaleTargetRef": { "apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "jvb" },
            "minReplicas": 1, "maxReplicas": most,
            "metrics": [{ "type": "Resource", "resource": { "name": "cpu", "target": { "type": "Utilization", "averageUtilization": 50 } } }],
        },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_hpa_and_one_that_asks_for_too_much_are_told_of() -> Result<()> {
    let stage = Stage::of(1, &json!({ "maxReplicas": 4 }), 1).await?;
    stage.lab.put(&hpa("first", 8)).await?;
    let told = stage
        .until_told("ScalingLimited", "HpaAboveMaxReplicas")
        .await?;
    ensure!(told.contains("first may ask for 8 bridges"), "{told}");
    stage.lab.put(&hpa("second", 4)).await?;
    let told = stage.until_told("HpaSelectorMode", "SecondHpa").await?;
    ensure!(told.contains("first, second"), "{told}");
    stage.unharmed().await
}
