//! The HPA that is shipped with a pool, on the metric that counts the bridges that drain.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bridge::model::Load;
use laboratory::{Adapters, Hpa, Laboratory};
use scaler_api::{crd, labels};
use serde_json::{Value, json};

use super::stage::{PATIENCE, Stage, remembering};
use super::writes::within_a_minute;

/// A person is a tenth of a bridge: few people make a test.
const PERSON: f64 = 0.1;

/// A pool with its controller and the adapter; the HPA is not there yet.
pub(super) async fn stage(bridges: u32, person: f64, spec: &Value) -> Result<(Stage, Adapters)> {
    // The HPA learns of new kinds every 30 s: it is to know pools from the start.
    let lab = Laboratory::builder()
        .audit_log(true)
        .crds(&crd::definition().to_string())
        .start()
        .await?;
    // What the adapter looks for where nothing else is said.
    let label = json!({ "template": { "metadata": { "labels": { "app.kubernetes.io/component": "jvb" } } } });
    let pool = lab.pool(bridges).spec(&label).spec(spec);
    let pool = pool.configure(|bridge| {
        bridge.load = Load::PerEndpoint {
            idle: 0.0,
            each: person,
        };
    });
    let pool = pool.start().await?;
    let scalers = lab.scaler().start().await?;
    pool.until_active(bridges).await?;
    let adapters = lab.adapter().start().await?;
    let stage = Stage { lab, pool, scalers };
    Ok((stage, adapters))
}

/// The values of a metric in the namespace of the pool, in thousandths, by the names of what has them.
async fn read(lab: &Laboratory, rest: &str) -> Result<BTreeMap<String, i64>> {
    let path = format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/jitsi/{rest}");
    let list: Value = serde_json::from_str(&lab.kubectl_text(&["get", "--raw", &path]).await?)?;
    let items = list["items"].as_array().context("no list")?;
    let item = |item: &Value| {
        let name = item["describedObject"]["name"].as_str()?;
        let text = item["value"].as_str()?;
        let milli = match text.strip_suffix('m') {
            Some(milli) => milli.parse().ok()?,
            None => text.parse::<i64>().ok()? * 1000,
        };
        Some((name.to_owned(), milli))
    };
    let values = items.iter().map(|one| item(one).context("no value"));
    values.collect()
}

/// What a metric of the pool is.
async fn of_pool(lab: &Laboratory, metric: &str) -> Result<i64> {
    let values = read(lab, &format!("bridgepools.bridgetender.dev/jvb/{metric}")).await?;
    values.get("jvb").copied().context("not the pool's")
}

/// A metric of the pods that the HPA sees.
async fn of_counted(lab: &Laboratory, metric: &str) -> Result<Vec<i64>> {
    let selector = labels::counted_selector("jvb");
    let selector = selector.replace('=', "%3D").replace(',', "%2C");
    let values = read(lab, &format!("pods/*/{metric}?labelSelector={selector}")).await?;
    Ok(values.into_values().collect())
}

/// Waits until the HPA has told that the pool has a new size.
async fn until_rescaled(lab: &Laboratory, hpa: &Hpa, size: u32) -> Result<()> {
    let begin = format!("New size: {size}");
    lab.eventually("an event tells it", PATIENCE, || async {
        let events = hpa.events("SuccessfulRescale").await?;
        let told = events.iter().any(|said| said.starts_with(&begin));
        ensure!(told, "{events:?}");
        Ok(())
    })
    .await
}

/// 16 people are 1.6 of stress: four bridges at 0.4 each.
#[tokio::test(flavor = "multi_thread")]
async fn the_shipped_hpa_grows_a_pool_by_its_stress_and_shrinks_it_by_drains() -> Result<()> {
    let (stage, _adapters) = stage(2, PERSON, &remembering()).await?;
    let pool = &stage.pool;
    let hpa = stage.lab.pool_hpa()?.start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    for conference in ["physics", "history", "staff", "chess"] {
        pool.join(conference, 4);
    }
    hpa.until_desired(4).await?;
    pool.until_active(4).await?;
    until_rescaled(&stage.lab, &hpa, 4).await?;
    for conference in ["staff", "chess"] {
        pool.leave(conference, 4);
    }
    hpa.until_desired(2).await?;
    pool.until_active(2).await?;
    let (drains, removals) = (
        stage.scalers.decided("Drain")?,
        stage.scalers.decided("Delete")?,
    );
    ensure!(drains >= 2 && removals >= 2, "{drains} {removals}");
    until_rescaled(&stage.lab, &hpa, 2).await?;
    stage.unharmed().await
}

/// Eight bridges with 0.3 each, and nobody comes or goes: 2.4 of stress need six bridges at 0.4.
#[tokio::test(flavor = "multi_thread")]
async fn a_pool_keeps_the_bridges_that_its_load_needs_while_others_drain_and_by_the_pods_average_it_does_not()
-> Result<()> {
    const NEEDED: i32 = 6;
    let mut spec = remembering();
    spec["drain"] = json!({ "maxConcurrent": 8 });
    let (stage, _adapters) = stage(8, PERSON, &spec).await?;
    let (lab, pool) = (&stage.lab, &stage.pool);
    for conference in 0..8 {
        pool.join(&format!("room{conference}"), 3);
    }
    let stressed = || async {
        let told = of_counted(lab, "stress_level").await?;
        ensure!(told == [300; 8], "{told:?}");
        Ok(())
    };
    lab.eventually("each bridge has one conference", PATIENCE, stressed)
        .await?;

    // As shipped: two drain, and those who are left are told with their load.
    let hpa = lab.pool_hpa()?.between(1, 8).start().await?;
    pool.until("two bridges drain", |status, _| {
        status["draining"] == 2 && status["replicas"] == 6
    })
    .await?;
    // It writes the size before it tells that it wants it.
    hpa.until_desired(NEEDED).await?;
    hpa.holds(NEEDED, Duration::from_secs(6)).await?;
    lab.eventually("all metrics are of six bridges", PATIENCE, || async {
        let shared = of_counted(lab, "committed_stress").await?;
        ensure!(shared == [400; 6], "{shared:?}");
        let plain = of_counted(lab, "stress_level").await?;
        ensure!(plain == [300; 6], "{plain:?}");
        let total = of_pool(lab, "committed_stress_total").await?;
        let sum: i64 = shared.iter().sum();
        ensure!(total == 2400 && sum == total, "{total} {sum}");
        let people = of_pool(lab, "participants_total").await?;
        ensure!(people == 24_000, "{people}");
        Ok(())
    })
    .await?;

    // The same on the pods.
    let hpa = lab.pool_hpa()?.between(1, 8);
    let hpa = hpa.on_pods("committed_stress", "400m").start().await?;
    hpa.holds(NEEDED, Duration::from_secs(6)).await?;

    // Without the load of those that drain there is always room for one bridge less.
    let blind = lab.pool_hpa()?.between(1, 8);
    let blind = blind.on_pods("stress_level", "400m").start().await?;
    blind.until_desired(3).await?;
    pool.until("five bridges drain", |status, _| {
        status["draining"] == 5 && status["replicas"] == 3
    })
    .await?;
    lab.eventually("three bear the stress of eight", PATIENCE, || async {
        let shared = of_counted(lab, "committed_stress").await?;
        let sum: i64 = shared.iter().sum();
        ensure!(shared.len() == 3 && sum == 2400, "{shared:?}");
        Ok(())
    })
    .await?;
    println!(
        "2.4 of stress, 0.4 for each bridge: {NEEDED} bridges with those that drain, 3 without"
    );

    // Those that drain are still there to be taken back.
    lab.pool_hpa()?.between(1, 8).start().await?;
    pool.until("six bridges serve", |status, _| {
        status["replicas"] == 6 && status["active"] == 6
    })
    .await?;
    let (rescues, starts) = (
        stage.scalers.decided("Rescue")?,
        stage.scalers.decided("Create")?,
    );
    ensure!(rescues >= 3 && starts == 8, "{rescues} {starts}");
    stage.unharmed().await
}

/// From ten bridges to three and back, by what people do, while somebody is on each of them all the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_falls_and_rises_again_within_a_minute_gives_rescues_alone() -> Result<()> {
    /// What the HPA is to see of stress: ten bridges of 0.4, and three.
    /// What the HPA is to see of stress: ten bridges of 0.4, and three. The adapter reads the bridges one after the other, so that the
    /// HPA may see a part of a rise: nine bridges at 3.98 are more than its tolerance of a tenth above 0.4, at 3.9 they are not. And at
    /// 0.4 a bridge is full: it is not taken back.
    const TEN: f64 = 3.98;
    const THREE: f64 = 1.1;
    let (stage, _adapters) = stage(10, 0.0, &remembering()).await?;
    let (lab, pool) = (&stage.lab, &stage.pool);
    let people = 4 * stage.fill(4).await?.len();
    let load = |total: f64| {
        let each = total / people as f64;
        pool.jitsi().load_all(Load::PerEndpoint { idle: 0.0, each });
    };
    load(TEN);
    let seen = || async {
        let total = of_pool(lab, "committed_stress_total").await?;
        ensure!((total - 3980).abs() < 15, "{total}");
        Ok(())
    };
    lab.eventually("the load is told", PATIENCE, seen).await?;
    let before = pool.bridges().await?;
    let hpa = lab.pool_hpa()?.between(1, 10);
    let hpa = hpa.pace(Duration::from_secs(3), 10, 2).start().await?;
    hpa.until("ScalingActive", "True", "ValidMetricFound")
        .await?;
    hpa.holds(10, Duration::from_secs(3)).await?;

    let mut rounds = 0;
    let after = loop {
        let began = Instant::now();
        load(THREE);
        hpa.until_desired(3).await?;
        pool.until("seven bridges drain", |status, _| {
            status["draining"] == 7 && status["replicas"] == 3
        })
        .await?;
        load(TEN);
        hpa.until_desired(10).await?;
        rounds += 1;
        let in_time = within_a_minute(began.elapsed());
        let after = pool.until_active(10).await?;
        if in_time {
            break after;
        }
        ensure!(rounds < 2, "this machine is too slow");
        // The HPA takes ten for the size of a quiet time again.
        hpa.holds(10, Duration::from_secs(3)).await?;
    };
    let same = before
        .iter()
        .zip(&after)
        .all(|(before, after)| before.uid == after.uid);
    ensure!(same, "{before:#?} {after:#?}");
    let (made, removed) = (stage.creations()?.len(), stage.removals()?.len());
    ensure!((made, removed) == (10, 0), "{made} made, {removed} removed");
    let rescues = stage.scalers.decided("Rescue")?;
    ensure!(rescues >= 7 * rounds, "only {rescues} were taken back");
    stage.unharmed().await
}

#[tokio::test(flavor = "multi_thread")]
async fn while_no_adapter_answers_a_pool_keeps_its_size() -> Result<()> {
    let (stage, mut adapters) = stage(2, PERSON, &json!({})).await?;
    let pool = &stage.pool;
    let hpa = stage.lab.pool_hpa()?.start().await?;
    let meetings = ["physics", "history", "staff", "chess"];
    for conference in meetings {
        pool.join(conference, 4);
    }
    hpa.until_desired(4).await?;
    pool.until_active(4).await?;
    adapters.kill_all();
    hpa.until("ScalingActive", "False", "FailedGetObjectMetric")
        .await?;
    // All leave, and nobody can tell.
    for conference in meetings {
        pool.leave(conference, 4);
    }
    hpa.holds(4, Duration::from_secs(6)).await?;
    pool.until_active(4).await?;
    let drains = stage.scalers.decided("Drain")?;
    ensure!(drains == 0, "{drains} were drained");
    adapters.start(0)?;
    hpa.until_desired(2).await?;
    pool.until_active(2).await?;
    stage.unharmed().await
}
