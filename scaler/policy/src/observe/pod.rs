//! A pod as the policy knows it.

use std::net::{IpAddr, SocketAddr};

use k8s_openapi::api::core::v1::{
    Container as ContainerSpec, ContainerStatus, Pod as Object, PodSpec, PodStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use scaler_api::annotations::METRICS_PORT;
use scaler_api::labels::POOL;
use scaler_api::spec::BRIDGE_CONTAINER;
use scaler_token::contract::{PORT, PORT_NAME, SIDECAR_CONTAINER};

use super::moment;
use crate::world::{Container, Marks, Owner, Phase, Pod, Running, Uid};

/// The bridge's own private HTTP port.
const DEFAULT_PORT: u16 = 8080;

/// A pod as the pool of this UID and name sees it; `None` for one without a name or UID, which the API server never tells.
pub fn pod(object: &Object, pool: &Uid, name: &str) -> Option<Pod> {
    let meta = &object.metadata;
    let created = meta.creation_timestamp.as_ref().map(moment)?;
    let (labels, annotations) = (meta.labels.as_ref(), meta.annotations.as_ref());
    let nothing = std::collections::BTreeMap::new();
    let spec = object.spec.as_ref();
    let status = object.status.as_ref();
    Some(Pod {
        uid: Uid(meta.uid.clone()?),
        name: meta.name.clone()?,
        resource_version: meta.resource_version.clone()?,
        created,
        labelled: labels
            .and_then(|labels| labels.get(POOL.name()))
            .is_some_and(|pool| pool == name),
        owner: owner(meta, pool),
        co_owners: co_owners(meta),
        marks: Marks::read(
            labels.unwrap_or(&nothing),
            annotations.unwrap_or(&nothing),
            created,
        ),
        phase: phase(status),
        container: container(spec, status),
        ready: ready(status),
        node: spec.and_then(|spec| spec.node_name.clone()),
        authority: authority(meta, spec, status),
        sidecar: spec.and_then(sidecar).is_some(),
        deletion: meta.deletion_timestamp.as_ref().map(moment),
    })
}

fn owner(meta: &ObjectMeta, pool: &Uid) -> Owner {
    let mut owners = meta.owner_references.iter().flatten();
    match owners.find(|owner| owner.controller == Some(true)) {
        None => Owner::Nobody,
        Some(owner) if owner.uid == pool.0 => Owner::Pool,
        Some(_) => Owner::Other,
    }
}

fn co_owners(meta: &ObjectMeta) -> Vec<OwnerReference> {
    let owners = meta.owner_references.iter().flatten();
    let others = owners.filter(|owner| owner.controller != Some(true));
    others.cloned().collect()
}

fn phase(status: Option<&PodStatus>) -> Phase {
    match status.and_then(|status| status.phase.as_deref()) {
        Some("Running") => Phase::Running,
        Some("Succeeded") => Phase::Succeeded,
        Some("Failed") => Phase::Failed,
        Some("Pending") | None => Phase::Pending,
        Some(_) => Phase::Unknown,
    }
}

fn ready(status: Option<&PodStatus>) -> bool {
    status
        .and_then(|status| status.conditions.as_ref())
        .into_iter()
        .flatten()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

fn container(spec: Option<&PodSpec>, status: Option<&PodStatus>) -> Option<Container> {
    let told = status?
        .container_statuses
        .iter()
        .flatten()
        .find(|told| told.name == BRIDGE_CONTAINER)?;
    let policy = spec.and_then(|spec| spec.restart_policy.as_deref());
    Some(Container {
        id: id(told),
        running: running(told, policy),
        restarts: u32::try_from(told.restart_count).unwrap_or(0),
    })
}

/// The ID of the run that goes on, or of the last one.
fn id(told: &ContainerStatus) -> String {
    let last = || {
        let last = told.last_state.as_ref()?.terminated.as_ref()?;
        last.container_id.clone()
    };
    told.container_id
        .clone()
        .filter(|id| !id.is_empty())
        .or_else(last)
        .unwrap_or_default()
}

fn running(told: &ContainerStatus, policy: Option<&str>) -> Running {
    let Some(state) = &told.state else {
        return Running::Waiting;
    };
    if let Some(running) = &state.running {
        let since = running.started_at.as_ref().map(moment);
        return Running::Since(since.unwrap_or_default());
    }
    match &state.terminated {
        Some(ended) => match policy {
            Some("Never") => Running::Terminated,
            Some("OnFailure") if ended.exit_code == 0 => Running::Terminated,
            // The kubelet starts it anew.
            _ => Running::Waiting,
        },
        None => Running::Waiting,
    }
}

/// The sidecar's container, wherever the kubelet is to find it.
fn sidecar(spec: &PodSpec) -> Option<&ContainerSpec> {
    containers(spec).find(|container| container.name == SIDECAR_CONTAINER)
}

fn containers(spec: &PodSpec) -> impl Iterator<Item = &ContainerSpec> {
    let init = spec.init_containers.iter().flatten();
    spec.containers.iter().chain(init)
}

fn named_port(container: &ContainerSpec) -> Option<i32> {
    let mut ports = container.ports.iter().flatten();
    let named = ports.find(|port| port.name.as_deref() == Some(PORT_NAME));
    named.map(|port| port.container_port)
}

/// Address and port at which the bridge is asked and told: of the sidecar, its port named `metrics`, else its usual one; without a
/// sidecar any port of that name, else the annotated one, else the bridge's usual one.
fn authority(
    meta: &ObjectMeta,
    spec: Option<&PodSpec>,
    status: Option<&PodStatus>,
) -> Option<String> {
    let address: IpAddr = status?.pod_ip.as_ref()?.parse().ok()?;
    let spec = spec?;
    let annotated = || {
        let read = METRICS_PORT.read(meta.annotations.as_ref()?);
        read.ok().flatten()
    };
    let (told, usual) = if let Some(sidecar) = sidecar(spec) {
        (named_port(sidecar).map(i32::cast_unsigned), PORT)
    } else {
        let named = containers(spec).find_map(named_port);
        let told = named.map(i32::cast_unsigned).or_else(annotated);
        (told, DEFAULT_PORT)
    };
    let port = told.map_or(Some(usual), |port| u16::try_from(port).ok())?;
    Some(SocketAddr::new(address, port).to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(change: &Value) -> Pod {
        let mut object = json!({
            "metadata": {
                "name": "jvb-1", "uid": "u1", "resourceVersion": "7", "creationTimestamp": "2026-03-02T09:00:00Z",
                "labels": {"bridgetender.dev/pool": "jvb", "bridgetender.dev/counted": "true"},
                "ownerReferences": [{"apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "jvb", "uid": "pool", "controller": true}],
            },
            "spec": {"containers": [
                {"name": "sidecar"},
                {"name": "jvb", "ports": [{"containerPort": 10000}, {"name": "metrics", "containerPort": 9000}]},
            ]},
            "status": {
                "phase": "Running", "podIP": "10.1.2.3",
                "containerStatuses": [
                    {"name": "sidecar", "restartCount": 9, "image": "", "imageID": "", "ready": true, "state": {"waiting": {}}},
                    {"name": "jvb", "restartCount": 1, "image": "", "imageID": "", "ready": true, "containerID": "containerd://1f6d",
                     "state": {"running": {"startedAt": "2026-03-02T09:00:05Z"}}},
                ],
            },
        });
        merge(&mut object, change);
        pod(
            &serde_json::from_value(object).unwrap(),
            &Uid("pool".to_owned()),
            "jvb",
        )
        .unwrap()
    }

    fn merge(into: &mut Value, change: &Value) {
        match (into, change) {
            (Value::Object(into), Value::Object(change)) => {
                for (key, value) in change {
                    if value.is_null() {
                        into.remove(key);
                    } else {
                        merge(into.entry(key).or_insert(Value::Null), value);
                    }
                }
            }
            (into, change) => *into = change.clone(),
        }
    }

    fn told(state: &Value) -> Value {
        json!({"status": {"containerStatuses": [
            {"name": "jvb", "restartCount": 1, "image": "", "imageID": "", "ready": false, "state": state},
        ]}})
    }

    #[test]
    fn a_bridge_that_runs_is_seen_by_its_own_container_and_port() {
        let pod = read(&json!({}));
        assert_eq!(pod.authority.as_deref(), Some("10.1.2.3:9000"));
        assert_eq!(pod.running(), Some("containerd://1f6d"));
        assert_eq!(pod.owner, Owner::Pool);
        assert!(pod.labelled && pod.marks.is_ok_and(|marks| marks.counted));
    }

    #[test]
    fn a_pod_that_lost_its_label_is_seen_to_have_lost_it_whoever_owns_it() {
        for label in ["", "other"] {
            let change = json!({"metadata": {"labels": {"bridgetender.dev/pool": label}}});
            let pod = read(&change);
            assert!(!pod.labelled && !pod.stranger(), "{label}");
        }
    }

    #[test]
    fn a_port_is_named_or_annotated_or_the_usual_one_and_never_a_wrong_one() {
        let unnamed = json!({"spec": {"containers": [{"name": "jvb"}]}});
        assert_eq!(read(&unnamed).authority.as_deref(), Some("10.1.2.3:8080"));
        for (text, authority) in [("9090", Some("10.1.2.3:9090")), ("70000", None)] {
            let mut change = unnamed.clone();
            change["metadata"]["annotations"] = json!({"bridgetender.dev/metrics-port": text});
            assert_eq!(read(&change).authority.as_deref(), authority);
        }
        let ip6 = json!({"status": {"podIP": "fd00::7"}});
        assert_eq!(read(&ip6).authority.as_deref(), Some("[fd00::7]:9000"));
        assert_eq!(read(&json!({"status": {"podIP": ""}})).authority, None);
    }

    #[test]
    fn a_pod_with_a_sidecar_is_asked_at_the_sidecars_port_and_told_by_signed_commands() {
        assert!(!read(&json!({})).sidecar, "another sidecar is none");
        let with = |ports: Value| {
            let sidecar =
                json!({"name": "bridgetender-sidecar", "restartPolicy": "Always", "ports": ports});
            let mut change = json!({"spec": {"initContainers": [sidecar]}});
            change["metadata"]["annotations"] = json!({"bridgetender.dev/metrics-port": "7777"});
            read(&change)
        };
        for (ports, authority) in [
            (
                json!([{"name": "metrics", "containerPort": 19003}]),
                "10.1.2.3:19003",
            ),
            (
                json!([{"name": "other", "containerPort": 19003}]),
                "10.1.2.3:8090",
            ),
            (json!([]), "10.1.2.3:8090"),
        ] {
            let pod = with(ports);
            assert!(pod.sidecar);
            assert_eq!(pod.authority.as_deref(), Some(authority));
        }
    }

    #[test]
    fn a_container_that_ended_waits_for_its_next_start_unless_there_is_none() {
        let ended = |code: i32| told(&json!({"terminated": {"exitCode": code}}));
        for (policy, code, running) in [
            ("Always", 0, Running::Waiting),
            ("OnFailure", 1, Running::Waiting),
            ("OnFailure", 0, Running::Terminated),
            ("Never", 1, Running::Terminated),
        ] {
            let mut change = ended(code);
            change["spec"]["restartPolicy"] = policy.into();
            let container = read(&change).container.unwrap();
            assert_eq!(container.running, running, "{policy} {code}");
        }
    }

    #[test]
    fn the_id_of_a_run_that_is_over_tells_that_there_was_one() {
        let mut change = told(&json!({"waiting": {"reason": "CrashLoopBackOff"}}));
        change["status"]["containerStatuses"][0]["lastState"] =
            json!({"terminated": {"exitCode": 1, "containerID": "containerd://old"}});
        let container = read(&change).container.unwrap();
        assert_eq!(
            (container.id.as_str(), container.running),
            ("containerd://old", Running::Waiting)
        );
    }

    #[test]
    fn a_pod_of_an_earlier_pool_of_the_same_name_is_somebody_elses() {
        let mut change = json!({});
        change["metadata"]["ownerReferences"] = json!([{"apiVersion": "bridgetender.dev/v1alpha1", "kind": "BridgePool", "name": "jvb", "uid": "old", "controller": true}]);
        assert_eq!(read(&change).owner, Owner::Other);
        change["metadata"]["ownerReferences"] = json!([]);
        assert_eq!(read(&change).owner, Owner::Nobody);
    }

    #[test]
    fn what_cannot_be_understood_freezes_the_pod_and_is_named() {
        let change = json!({"metadata": {"annotations": {"bridgetender.dev/intent": "kill"}}});
        let frozen = read(&change).marks.unwrap_err();
        assert!(frozen.why.contains("bridgetender.dev/intent") && frozen.counted);
    }
}
