//! Node objects and the leases that say a node is alive.

use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::Shared;
use super::write::retried;
use crate::tools::kubernetes_version;

const MANAGER: &str = "kubelet";
/// How often a kubelet renews its lease, and after how long it is stale: Kubernetes' defaults.
const RENEW: Duration = Duration::from_secs(10);
const LEASE_SECONDS: i32 = 40;

/// Makes the Node objects and their leases.
pub(super) async fn register(shared: &Shared) -> Result<()> {
    for (name, address) in &shared.nodes {
        node(shared, name, *address)
            .await
            .with_context(|| format!("cannot register {name}"))?;
        renew(shared, name)
            .await
            .with_context(|| format!("cannot make the lease of {name}"))?;
    }
    Ok(())
}

/// Keeps the leases fresh for ever.
pub(super) async fn keep(shared: &Shared) {
    loop {
        tokio::time::sleep(RENEW).await;
        for (name, _) in &shared.nodes {
            if let Err(error) = renew(shared, name).await {
                tracing::warn!(node = name, %error, "cannot renew a lease");
            }
        }
    }
}

async fn node(shared: &Shared, name: &str, address: Ipv4Addr) -> kube::Result<()> {
    let nodes: Api<Node> = Api::all(shared.client.clone());
    let params = PatchParams::apply(MANAGER).force();
    let labels = json!({"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"});
    let metadata = json!({"name": name, "labels": labels});
    let node = Patch::Apply(json!({"apiVersion": "v1", "kind": "Node", "metadata": metadata}));
    let now = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string();
    let resources = json!({"cpu": "1000", "memory": "4Ti", "pods": "10000"});
    let status = Patch::Apply(json!({"apiVersion": "v1", "kind": "Node", "status": {
        "capacity": resources,
        "allocatable": resources,
        "addresses": [
            {"type": "InternalIP", "address": address},
            {"type": "Hostname", "address": name},
        ],
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "KubeletReady",
            "message": "the laboratory plays the kubelet",
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        }],
        "nodeInfo": {
            "architecture": "amd64", "bootID": "", "containerRuntimeVersion": "laboratory://1", "kernelVersion": "",
            "kubeProxyVersion": "", "kubeletVersion": format!("v{}", kubernetes_version()), "machineID": "",
            "operatingSystem": "linux", "osImage": "laboratory", "systemUUID": "",
        },
    }}));
    retried(shared, || nodes.patch(name, &params, &node)).await?;
    retried(shared, || nodes.patch_status(name, &params, &status)).await?;
    Ok(())
}

async fn renew(shared: &Shared, name: &str) -> kube::Result<()> {
    let leases: Api<Lease> = Api::namespaced(shared.client.clone(), "kube-node-lease");
    let params = PatchParams::apply(MANAGER).force();
    let now = jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        .to_string();
    let lease = Patch::Apply(json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": LEASE_SECONDS, "renewTime": now},
    }));
    retried(shared, || leases.patch(name, &params, &lease)).await?;
    Ok(())
}
