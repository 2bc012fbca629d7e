use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::ListParams;
use laboratory::{Kubelet, Laboratory, Recorder, objects};

/// About twenty times what it takes on 2 cores that have nothing else to do: they may have a lot.
const LONG_ENOUGH: Duration = Duration::from_mins(5);
const MANY: i32 = 1000;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_bridges_come_and_go() -> Result<()> {
    let lab = Laboratory::start().await?;
    let runtime = Arc::new(Recorder::default());
    let _kubelet = Kubelet::builder(&lab, Arc::clone(&runtime)).start().await?;
    let deployments: Api<Deployment> = Api::default_namespaced(lab.client());
    let begun = Instant::now();
    lab.put(&objects::bridges("default", "jvb", MANY)).await?;
    lab.eventually("1,000 bridges are available", LONG_ENOUGH, || async {
        let status = deployments.get("jvb").await?.status.unwrap_or_default();
        ensure!(
            status.available_replicas == Some(MANY),
            "{:?}",
            status.available_replicas
        );
        Ok(())
    })
    .await?;
    println!(
        "1,000 bridges Ready in {:.1} s",
        begun.elapsed().as_secs_f64()
    );

    let pods: Api<Pod> = Api::default_namespaced(lab.client());
    let mut addresses: Vec<String> = (pods.list(&ListParams::default()).await?.items.into_iter())
        .filter_map(|pod| pod.status?.pod_ip)
        .collect();
    addresses.sort();
    addresses.dedup();
    ensure!(addresses.len() == 1000, "{} addresses", addresses.len());

    let begun = Instant::now();
    lab.put(&objects::bridges("default", "jvb", 0)).await?;
    lab.eventually("all are gone", LONG_ENOUGH, || async {
        let left = pods.list_metadata(&ListParams::default().limit(1)).await?;
        ensure!(
            left.items.is_empty(),
            "{:?} and one more are left",
            left.metadata.remaining_item_count
        );
        Ok(())
    })
    .await?;
    println!(
        "1,000 bridges gone in {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    Ok(())
}
