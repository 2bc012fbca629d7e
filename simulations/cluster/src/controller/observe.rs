//! The cluster's objects as the policy knows them.

use std::collections::BTreeSet;

use scaler_api::spec::NodeSignal;
use scaler_api::{BridgePoolSpec, annotations, labels};
use scaler_policy::world::{Container, Marks, Node, Owner, Pod, Pool, Running, Uid};

use crate::api;
use crate::api::ContainerState;

/// Whether an operator lets a pool go at once.
fn released(pool: &api::Pool) -> bool {
    let read = annotations::RELEASED.read(&pool.meta.annotations);
    read.ok().flatten().unwrap_or(false)
}

/// The image of the bridge in a pool's template.
pub fn image(spec: &BridgePoolSpec) -> String {
    let container = spec
        .template
        .as_ref()
        .and_then(|template| template.container("jvb"));
    let image = container.and_then(|container| container.get("image")?.as_str());
    image.unwrap_or_default().to_owned()
}

/// The revision of a pool's template: its image says it all here.
pub fn revision(spec: &BridgePoolSpec) -> String {
    image(spec).replace([':', '/'], "-")
}

/// The pool.
pub fn pool(pool: &api::Pool) -> Pool {
    Pool {
        uid: Uid(pool.meta.uid.clone()),
        name: pool.meta.name.clone(),
        namespace: "jitsi".to_owned(),
        generation: pool.meta.generation,
        resource_version: pool.meta.version.to_string(),
        spec: pool.spec.clone(),
        status: pool.status.clone().unwrap_or_default(),
        revision: revision(&pool.spec),
        deletion: pool.meta.deleted,
        released: released(pool),
        finalizers: pool.meta.finalizers.iter().cloned().collect(),
    }
}

/// A pod of this pool, or one that carries its label.
pub fn pod(pod: &api::Pod, pool_uid: &str) -> Pod {
    let meta = &pod.meta;
    let owner = match meta.owner.as_deref() {
        Some(owner) if owner == pool_uid => Owner::Pool,
        None => Owner::Nobody,
        Some(_) => Owner::Other,
    };
    let container = pod.container.as_ref().map(|container| Container {
        id: container.id.clone(),
        running: match container.state {
            ContainerState::Running => Running::Since(container.since),
            ContainerState::Waiting(_) | ContainerState::Terminated(_) => Running::Waiting,
        },
        restarts: container.restarts,
    });
    Pod {
        uid: Uid(meta.uid.clone()),
        name: meta.name.clone(),
        resource_version: meta.version.to_string(),
        created: meta.created,
        labelled: labelled(pod, crate::run::POOL),
        owner,
        co_owners: Vec::new(),
        marks: Marks::read(&meta.labels, &meta.annotations, meta.created),
        phase: pod.phase,
        container,
        ready: pod.ready,
        node: pod.node.clone(),
        authority: pod.node.as_ref().map(|_| format!("{}:8080", meta.name)),
        sidecar: false,
        deletion: meta.deleted.map(|at| at + meta.grace),
    }
}

/// Whether a pod carries the label of this pool.
pub fn labelled(pod: &api::Pod, pool: &str) -> bool {
    pod.meta.labels.get(labels::POOL.name()).map(String::as_str) == Some(pool)
}

/// A node.
pub fn node(node: &api::Node) -> Node {
    let mut signals = BTreeSet::new();
    if node.unschedulable {
        signals.insert(NodeSignal::Cordon);
    }
    for taint in &node.taints {
        match taint.key {
            "karpenter.sh/disrupted" => signals.insert(NodeSignal::Karpenter),
            "ToBeDeletedByClusterAutoscaler" => signals.insert(NodeSignal::ClusterAutoscaler),
            "aws-node-termination-handler/spot-itn" => signals.insert(NodeSignal::Interruption),
            _ => false,
        };
    }
    Node {
        name: node.meta.name.clone(),
        zone: node.zone.clone(),
        ready: node.ready == Some(true),
        signals,
    }
}
