//! An address that another bridge had before.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::api::DeleteParams;
use kube::{Api, ResourceExt};
use laboratory::NAMESPACE;
use laboratory::mocks::Fault;

use super::stage::{LONG, PATIENCE, Setting, Stage, laboratory};

fn address(pod: &Pod) -> Result<Ipv4Addr> {
    let status = pod.status.as_ref().context("a pod without a status")?;
    let address = status.pod_ip.as_deref();
    Ok(address.context("a pod without an address")?.parse()?)
}

/// What is left of the old bridge answers 0 on the connection that it had, long after its address was given to another pod.
#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_another_bridge_had_brings_none_of_its_values() -> Result<()> {
    let lab = laboratory().start().await?;
    // With a bridge its load goes, until the next one has been asked: a total is lower then, and rightly so.
    let setting = Setting {
        pods_alone: true,
        ..Setting::default()
    };
    let stage = Stage::of(&lab, 5, setting).await?;
    let mut pods = stage.bridges.pods().await?;
    let (old, next) = (pods.remove(0), pods.remove(0));
    let of_old = address(&old)?;
    stage
        .bridges
        .jitsi()
        .break_bridge(&old.name_any(), Fault::Haunting(0.0));
    // It has been asked since, and its connection is kept.
    stage.looks(Duration::from_secs(2)).await?;
    let went = Timestamp::now();
    let api: Api<Pod> = Api::namespaced(lab.client(), NAMESPACE);
    let now = DeleteParams::default().grace_period(1);
    api.delete(&old.name_any(), &now).await?;
    lab.eventually("the old bridge is gone", PATIENCE, || async {
        ensure!(api.get_opt(&old.name_any()).await?.is_none());
        Ok(())
    })
    .await?;
    stage.bridges.kubelet().next_address(of_old);
    api.delete(&next.name_any(), &now).await?;

    stage.looks(LONG).await?;
    stage.reader.until_told(&stage.bridges).await?;
    let mut heirs = stage.bridges.pods().await?;
    heirs.retain(|pod| address(pod).is_ok_and(|address| address == of_old));
    ensure!(
        heirs.len() == 1 && heirs[0].name_any() != old.name_any(),
        "the address {of_old} went to {heirs:?}"
    );
    stage.was_steady(went, 5).await?;
    stage.falls().await?;
    lab.stop().await
}
