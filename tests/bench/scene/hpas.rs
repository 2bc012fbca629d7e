//! Two replicas and three real HPAs at production's own pace: how old what they averaged was when their status told it.

use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use futures::StreamExt;
use k8s_metrics::QuantityExt;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, ResourceExt};
use laboratory::mocks::clock;
use laboratory::objects::{self, Autoscaler};
use laboratory::{Laboratory, NAMESPACE};
use tokio::time::{Instant, timeout_at};

use crate::candidate::{Contestant, available, withdraw};
use crate::notes::{Notes, Tally};
use crate::pace::Pace;
use crate::progress::Progress;
use crate::reader::now;
use crate::results::{OURS, What};
use crate::stage::{POOL, POOLS, Stage};

/// How long all HPAs may take until they have a value.
const PATIENCE: Duration = Duration::from_mins(2);

pub(super) async fn play(
    stage: &Stage,
    ours: &Contestant,
    pace: &Pace,
    progress: &Progress,
    notes: &mut Notes,
) -> Result<()> {
    let lab = &stage.lab;
    withdraw(lab).await?;
    // Through the balancer, which gives its connections to both in turn.
    let addresses = [0, 1].map(|n| lab.adapter_address(n));
    ours.place.set_backends(&addresses);
    lab.lead(&ours.place, ours.place.address().ip()).await?;
    let mut replicas = Vec::new();
    for n in 0..2 {
        replicas.push(ours.spawn(lab, n, &[])?);
    }
    ours.aggregate(lab).await?;
    let found = available(lab).await;
    for replica in &mut replicas {
        replica.check()?;
    }
    found?;
    for (n, pool) in POOLS.iter().enumerate() {
        let bridges = (n..stage.bridges()).step_by(POOLS.len()).count();
        target(lab, pool, i32::try_from(bridges)?).await?;
    }
    lab.start_controller_manager().await?;
    let watched = watch(lab, pace, progress).await;
    lab.stop_controller_manager().await?;
    for replica in replicas {
        replica.terminate().await?;
    }
    notes.times(OURS, What::AgeHpa, stage.bridges(), watched?);
    Ok(())
}

/// A Deployment that nobody carries out, with the pods of one pool and an HPA that has nothing to change.
async fn target(lab: &Laboratory, pool: &str, bridges: i32) -> Result<()> {
    let name = format!("jvb-{pool}");
    let mut deployment: Deployment = objects::bridges(NAMESPACE, &name, bridges);
    let spec = deployment
        .spec
        .as_mut()
        .context("a Deployment has a spec")?;
    let labels = [
        &mut spec.selector.match_labels,
        &mut spec.template.metadata.get_or_insert_default().labels,
    ];
    for labels in labels {
        let labels = labels.get_or_insert_default();
        labels.insert(POOL.to_owned(), pool.to_owned());
    }
    lab.put(&deployment).await?;
    let hpa = Autoscaler::new(NAMESPACE, &name)
        .between(bridges, bridges)
        .pods("stress_level", "400m")
        .build();
    lab.put(&hpa).await
}

/// Waits until every HPA has a value, and from then on takes the age of each new one.
async fn watch(lab: &Laboratory, pace: &Pace, progress: &Progress) -> Result<Tally> {
    let api: Api<HorizontalPodAutoscaler> = Api::namespaced(lab.client(), NAMESPACE);
    let mut seen = pin!(watcher(api, watcher::Config::default()).applied_objects());
    let mut known = std::collections::BTreeMap::new();
    let mut tally = Tally::default();
    let mut end = Instant::now() + PATIENCE;
    let mut counting = false;
    while let Ok(Some(hpa)) = timeout_at(end, seen.next()).await {
        let at = now();
        let Ok(hpa) = hpa else { continue };
        let Some(average) = average(&hpa) else {
            continue;
        };
        let before = known.insert(hpa.name_any(), average);
        if counting && before != Some(average) {
            tally.take(Ok([clock::age(average, at)]));
        }
        if !counting && known.len() == POOLS.len() {
            progress.say("three HPAs have values, and are watched");
            counting = true;
            end = Instant::now() + pace.hpas;
        }
    }
    ensure!(
        counting,
        "only {} of {} HPAs had a value within {PATIENCE:?}",
        known.len(),
        POOLS.len()
    );
    Ok(tally)
}

/// The mean stress that an HPA made of what it read: the mean of the moments that its bridges told.
fn average(hpa: &HorizontalPodAutoscaler) -> Option<f64> {
    let metrics = hpa.status.as_ref()?.current_metrics.as_ref()?;
    let pods = metrics.first()?.pods.as_ref()?;
    pods.current.average_value.as_ref()?.to_f64().ok()
}
