//! What the adapter keeps of a pod: a few hundred bytes of the many thousand that the API server tells.

use std::net::{IpAddr, SocketAddr};

use bridge::Time;
use k8s_openapi::api::core::v1::{ContainerState, ContainerStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use crate::groups::Resource;
use crate::selector::Selector;

/// Name of the port on which a bridge tells its statistics.
const PORT_NAME: &str = "metrics";

/// Annotation with the number of that port, for pods that name none.
const PORT_ANNOTATION: &str = "bridgetender.dev/metrics-port";

/// The bridge's own private HTTP port.
const DEFAULT_PORT: u16 = 8080;

/// Name of the bridge's container in the charts of Jitsi.
const CONTAINER_NAME: &str = "jvb";

/// Label by which a ReplicaSet of a Deployment tells its pods from those of other revisions.
const TEMPLATE_HASH: &str = "pod-template-hash";

/// A pod as the API server tells it; what is not named here is not even parsed.
#[derive(Clone, Debug, Deserialize)]
pub struct BridgePod {
    /// Identity, labels, owners.
    pub metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    containers: Vec<ContainerSpec>,
    init_containers: Vec<ContainerSpec>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ContainerSpec {
    name: String,
    ports: Vec<Port>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    name: String,
    container_port: u16,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    phase: String,
    #[serde(rename = "podIP")]
    pod_ip: String,
    container_statuses: Vec<ContainerStatus>,
}

/// Labels, ordered by key.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Labels(Box<[(Box<str>, Box<str>)]>);

impl Labels {
    /// The value of this label.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0
            .binary_search_by(|(known, _)| (**known).cmp(key))
            .ok()
            .map(|index| &*self.0[index].1)
    }

    /// Whether the selector means an object with these labels.
    pub fn are_meant_by(&self, selector: &Selector) -> bool {
        selector.matches(|key| self.get(key))
    }
}

impl<K: Into<Box<str>>, V: Into<Box<str>>> FromIterator<(K, V)> for Labels {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(labels: T) -> Self {
        let mut labels: Box<[_]> = labels
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        labels.sort();
        Self(labels)
    }
}

/// A bridge's container, from one start to its end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Process {
    /// What tells this start of the container from the one before.
    pub id: Box<str>,
    /// When it started, by the clock of its node, in whole seconds.
    pub started: Option<Time>,
}

/// A pod with a bridge in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pod {
    /// Never used twice, unlike name and address.
    pub uid: Box<str>,
    /// Its namespace.
    pub namespace: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its labels.
    pub labels: Labels,
    /// The objects that it belongs to: its controller, and the Deployment of its ReplicaSet.
    pub owners: Box<[(Resource, Box<str>)]>,
    /// Whether it has been asked to go.
    pub leaving: bool,
    /// Where its bridge tells its statistics; none until it is Running.
    pub address: Option<SocketAddr>,
    /// The bridge's container while it runs.
    pub process: Option<Process>,
}

impl Pod {
    /// What matters of a pod; none for one without a name, namespace or UID, which the API server never tells.
    pub fn of(pod: &BridgePod) -> Option<Self> {
        let BridgePod {
            metadata,
            spec,
            status,
        } = pod;
        let running = status.phase == "Running";
        let address: Option<IpAddr> = status.pod_ip.parse().ok().filter(|_| running);
        Some(Self {
            uid: metadata.uid.as_deref()?.into(),
            namespace: metadata.namespace.as_deref()?.into(),
            name: metadata.name.as_deref()?.into(),
            labels: metadata
                .labels
                .iter()
                .flatten()
                .map(|(key, value)| (key.as_str(), value.as_str()))
                .collect(),
            owners: owners(metadata),
            leaving: metadata.deletion_timestamp.is_some(),
            address: address.map(|address| SocketAddr::new(address, port(metadata, spec))),
            process: process(spec, status).filter(|_| running),
        })
    }

    /// Whether there is a bridge to be asked.
    pub const fn is_alive(&self) -> bool {
        !self.leaving && self.process.is_some()
    }
}

fn owners(metadata: &ObjectMeta) -> Box<[(Resource, Box<str>)]> {
    let Some(controller) = metadata
        .owner_references
        .iter()
        .flatten()
        .find(|owner| owner.controller == Some(true))
    else {
        return Box::default();
    };
    let Some(resource) = Resource::of_kind(&controller.api_version, &controller.kind) else {
        return Box::default();
    };
    let mut owners = vec![(resource, Box::from(controller.name.as_str()))];
    if resource == Resource::ReplicaSets {
        // A Deployment names its ReplicaSets NAME-HASH and labels their pods with HASH: no look at the ReplicaSet needed.
        let hash = metadata
            .labels
            .as_ref()
            .and_then(|labels| labels.get(TEMPLATE_HASH));
        let deployment = hash
            .and_then(|hash| controller.name.strip_suffix(hash.as_str()))
            .and_then(|name| name.strip_suffix('-'))
            .filter(|name| !name.is_empty());
        owners.extend(deployment.map(|name| (Resource::Deployments, Box::from(name))));
    }
    owners.into()
}

fn port(metadata: &ObjectMeta, spec: &Spec) -> u16 {
    let named = spec
        .containers
        .iter()
        .chain(&spec.init_containers)
        .flat_map(|container| &container.ports)
        .find(|port| port.name == PORT_NAME)
        .map(|port| port.container_port);
    let annotated = || {
        metadata
            .annotations
            .as_ref()?
            .get(PORT_ANNOTATION)?
            .parse()
            .ok()
    };
    named.or_else(annotated).unwrap_or(DEFAULT_PORT)
}

/// The bridge's container among those that run: by its usual name, else by its port, else the first.
fn process(spec: &Spec, status: &Status) -> Option<Process> {
    let containers = &spec.containers;
    let bridge = containers
        .iter()
        .find(|container| container.name == CONTAINER_NAME)
        .or_else(|| {
            containers
                .iter()
                .find(|container| container.ports.iter().any(|port| port.name == PORT_NAME))
        })
        .or_else(|| containers.first());
    let told = status
        .container_statuses
        .iter()
        .find(|told| bridge.is_some_and(|bridge| bridge.name == told.name));
    let Some(told) = told else {
        // Running without a word of its container: to be asked, and judged by what it answers.
        return Some(Process::default());
    };
    let Some(ContainerState {
        running: Some(running),
        ..
    }) = &told.state
    else {
        return None;
    };
    Some(Process {
        id: format!(
            "{}/{}",
            told.restart_count,
            told.container_id.as_deref().unwrap_or_default()
        )
        .into(),
        started: running
            .started_at
            .as_ref()
            .map(|at| Time::from_millis(at.0.as_millisecond())),
    })
}

impl kube::Resource for BridgePod {
    type DynamicType = ();
    type Scope = k8s_openapi::NamespaceResourceScope;

    fn kind((): &()) -> std::borrow::Cow<'_, str> {
        "Pod".into()
    }

    fn group((): &()) -> std::borrow::Cow<'_, str> {
        "".into()
    }

    fn version((): &()) -> std::borrow::Cow<'_, str> {
        "v1".into()
    }

    fn plural((): &()) -> std::borrow::Cow<'_, str> {
        "pods".into()
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pod(change: impl FnOnce(&mut Value)) -> Pod {
        let mut pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {
                "name": "jvb-6f9d7c5b4-x2x7p", "namespace": "meet", "uid": "u1",
                "labels": {"app": "jvb", "pod-template-hash": "6f9d7c5b4"},
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "jvb-6f9d7c5b4", "uid": "r1", "controller": true}],
                "managedFields": [{"manager": "kubelet", "fieldsV1": {"f:status": {}}}],
            },
            "spec": {
                "containers": [{"name": "jvb", "image": "jvb", "ports": [{"name": "metrics", "containerPort": 9090}]}],
            },
            "status": {
                "phase": "Running", "podIP": "127.3.1.7",
                "containerStatuses": [{
                    "name": "jvb", "image": "jvb", "imageID": "", "ready": true, "restartCount": 0, "containerID": "mock://1",
                    "state": {"running": {"startedAt": "2026-11-21T08:00:00Z"}},
                }],
            },
        });
        change(&mut pod);
        Pod::of(&serde_json::from_value(pod).unwrap()).unwrap()
    }

    #[test]
    fn a_pod_of_a_deployment_belongs_to_its_replica_set_and_its_deployment() {
        let owners = pod(|_| {}).owners;
        assert_eq!(
            *owners,
            [
                (Resource::ReplicaSets, "jvb-6f9d7c5b4".into()),
                (Resource::Deployments, "jvb".into())
            ]
        );
    }

    #[test]
    fn a_replica_set_without_a_deployment_is_no_deployment() {
        let owners = pod(|pod| pod["metadata"]["labels"] = json!({"app": "jvb"})).owners;
        assert_eq!(*owners, [(Resource::ReplicaSets, "jvb-6f9d7c5b4".into())]);
    }

    #[test]
    fn an_owner_that_is_no_controller_owns_nothing() {
        let owners =
            pod(|pod| pod["metadata"]["ownerReferences"][0]["controller"] = json!(false)).owners;
        assert!(owners.is_empty());
    }

    #[test]
    fn the_port_is_the_named_one_else_the_annotated_one_else_the_bridges_own() {
        let address = |pod: Pod| pod.address.unwrap().to_string();
        assert_eq!(address(pod(|_| {})), "127.3.1.7:9090");
        let unnamed = |pod: &mut Value| pod["spec"]["containers"][0]["ports"] = json!([]);
        assert_eq!(address(pod(unnamed)), "127.3.1.7:8080");
        let annotated = |pod: &mut Value| {
            unnamed(pod);
            pod["metadata"]["annotations"] = json!({PORT_ANNOTATION: "9091"});
        };
        assert_eq!(address(pod(annotated)), "127.3.1.7:9091");
        let sidecar = |pod: &mut Value| {
            unnamed(pod);
            pod["spec"]["initContainers"] =
                json!([{"name": "sidecar", "ports": [{"name": "metrics", "containerPort": 9092}]}]);
        };
        assert_eq!(address(pod(sidecar)), "127.3.1.7:9092");
    }

    #[test]
    fn a_pod_that_does_not_run_has_no_address_and_no_process() {
        for phase in ["Pending", "Succeeded", "Failed", "Unknown"] {
            let pod = pod(|pod| pod["status"]["phase"] = json!(phase));
            assert!(pod.address.is_none() && !pod.is_alive(), "{phase}");
        }
    }

    #[test]
    fn a_pod_that_was_asked_to_go_is_not_alive() {
        let pod = pod(|pod| pod["metadata"]["deletionTimestamp"] = json!("2026-11-21T08:00:01Z"));
        assert!(!pod.is_alive());
    }

    #[test]
    fn a_container_that_waits_for_its_restart_is_no_process() {
        let pod = pod(|pod| {
            pod["status"]["containerStatuses"][0]["state"] =
                json!({"waiting": {"reason": "CrashLoopBackOff"}});
        });
        assert!(!pod.is_alive());
    }

    #[test]
    fn the_restart_of_a_sidecar_is_no_restart_of_the_bridge() {
        let before = pod(|_| {}).process;
        let after = pod(|pod| {
            pod["spec"]["containers"].as_array_mut().unwrap().push(
                json!({"name": "exporter", "ports": [{"name": "metrics", "containerPort": 1}]}),
            );
            pod["status"]["containerStatuses"].as_array_mut().unwrap().push(json!({
                "name": "exporter", "image": "", "imageID": "", "ready": true, "restartCount": 7, "state": {"running": {}},
            }));
        });
        assert_eq!(before, after.process);
    }

    #[test]
    fn labels_are_found_by_key() {
        let labels: Labels = [("b", "2"), ("a", "1"), ("c", "")].into_iter().collect();
        assert_eq!(labels.get("a"), Some("1"));
        assert_eq!(labels.get("c"), Some(""));
        assert_eq!(labels.get("d"), None);
    }
}
