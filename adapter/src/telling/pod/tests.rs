//! What is made of what the API server tells.

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
fn a_bridge_that_nobody_owns_belongs_to_the_pool_that_its_label_names() {
    let labelled = |owned: bool| {
        pod(|pod| {
            pod["metadata"]["labels"]["bridgetender.dev/pool"] = json!("north");
            pod["metadata"]["ownerReferences"][0]["controller"] = json!(owned);
        })
    };
    assert_eq!(labelled(false).pool(), Some("north"));
    assert_eq!(labelled(true).pool(), None, "a label against an owner");
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
        pod["spec"]["containers"]
            .as_array_mut()
            .unwrap()
            .push(json!({"name": "exporter", "ports": [{"name": "metrics", "containerPort": 1}]}));
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

#[test]
fn an_annotation_chooses_a_port_and_never_another_address() {
    for claim in [
        "169.254.169.254:80",
        "http://10.96.0.1:443",
        "127.0.0.1",
        "localhost",
        "kubernetes.default.svc:443",
        "70000",
        "-1",
        "9091@10.96.0.1",
    ] {
        let pod = pod(|pod| {
            pod["spec"]["containers"][0]["ports"] = json!([]);
            pod["metadata"]["annotations"] = json!({
                PORT_ANNOTATION: claim, "bridgetender.dev/metrics-address": claim,
            });
        });
        assert_eq!(
            pod.address,
            Some("127.3.1.7:8080".parse().unwrap()),
            "{claim}"
        );
    }
}

#[test]
fn what_is_no_address_is_never_looked_up_by_its_name() {
    for claim in [
        "localhost",
        "10.0.0.1:80",
        "10.0.0.0/8",
        "fe80::1%eth0",
        "10.1",
        "",
    ] {
        let pod = pod(|pod| pod["status"]["podIP"] = json!(claim));
        assert_eq!(pod.address, None, "{claim}");
    }
}
