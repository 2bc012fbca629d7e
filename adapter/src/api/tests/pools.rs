//! What is answered about BridgePools and their pods.

use insta::assert_snapshot;
use scaler_api::labels::{COUNTED, POOL, PROTECTED};

use super::*;

const NAMESPACE: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet";

/// A bridge of this pool with these labels, and the stress that it says.
fn member(api: &Api, pool: &'static str, name: &str, labels: &[&'static str], stress: f64) {
    let started = NOW - Duration::from_mins(10);
    let labels = labels.iter().map(|label| (*label, "true"));
    let pod = Pod {
        labels: labels.chain([(POOL.name(), pool)]).collect(),
        owners: Arc::new([(Resource::BridgePools, pool.into())]),
        ..pod(name, &format!("uid-of-{name}"), Some(started))
    };
    let mut store = api.shared.store_mut();
    let ticket = store.observe(pod, NOW);
    let stats = Stats {
        stress: Some(stress),
        local_endpoints: Some(20),
        startup_time: Some(StartupTime(started)),
        ..Stats::default()
    };
    store.answered(&ticket, &sample(stats, NOW));
}

/// A pool with two bridges that serve, one that drains and a spare; another pool with one; and the bridges of a Deployment.
fn pools() -> Api {
    let api = meeting();
    let (counted, protected) = (COUNTED.name(), PROTECTED.name());
    member(&api, "blue", "blue-a", &[counted, protected], 0.4);
    member(&api, "blue", "blue-b", &[counted, protected], 0.3);
    member(&api, "blue", "blue-c", &[protected], 0.2);
    member(&api, "blue", "blue-d", &[], 0.05);
    member(&api, "red", "red-a", &[counted, protected], 0.7);
    api
}

#[tokio::test]
async fn a_pool_is_what_all_of_its_bridges_come_to_and_committed_is_what_people_are_on() {
    let api = pools();
    for (metric, value) in [
        ("committed_stress_total", "900m"),
        ("stress_level_total", "950m"),
        ("stress_level_max", "400m"),
        ("stress_level_p90", "400m"),
        ("participants_total", "80"),
        ("participants_mean", "20"),
    ] {
        for version in ["v1beta1", "v1beta2"] {
            let path = format!(
                "/apis/custom.metrics.k8s.io/{version}/namespaces/meet/bridgepools.bridgetender.dev/blue/{metric}"
            );
            assert_eq!(values(&api, &path).await, of(&[("blue", value)]), "{path}");
        }
    }
    let path = format!("{NAMESPACE}/bridgepools.bridgetender.dev/blue/committed_stress_total");
    let (_, document) = ask(&api, &path).await;
    assert_snapshot!(format!("{document:#}"));
}

#[tokio::test]
async fn counted_pods_are_told_with_their_share_of_what_drains() {
    let api = pools();
    let path = format!("{NAMESPACE}/pods/%2A/committed_stress");
    let told = of(&[("blue-a", "500m"), ("blue-b", "400m"), ("red-a", "700m")]);
    assert_eq!(values(&api, &path).await, told);
    let selector = "bridgetender.dev%2Fpool%3Dblue%2Cbridgetender.dev%2Fcounted%3Dtrue";
    let path = format!("{path}?labelSelector={selector}");
    let told = of(&[("blue-a", "500m"), ("blue-b", "400m")]);
    assert_eq!(values(&api, &path).await, told);
    let path = format!("{NAMESPACE}/pods/blue-b/committed_stress");
    assert_eq!(values(&api, &path).await, of(&[("blue-b", "400m")]));
}

#[tokio::test]
async fn what_has_no_committed_stress_has_a_reason() {
    let api = pools();
    let mut answers = Vec::new();
    for path in [
        "pods/blue-c/committed_stress",
        "pods/blue-d/committed_stress",
        "pods/jvb-a/committed_stress",
        "pods/blue-a/committed_stress_total",
        "pods/*/committed_stress_total",
        "bridgepools.bridgetender.dev/green/committed_stress_total",
        "bridgepools.bridgetender.dev/blue/committed_stress",
        "bridgepools.bridgetender.dev/*/committed_stress_total",
        "bridgepools/blue/committed_stress_total",
        "deployments.apps/jvb/committed_stress_total",
    ] {
        let (code, message) = refusal(&api, &format!("{NAMESPACE}/{path}")).await;
        answers.push(format!("{path}\n  {code} {message}"));
    }
    assert_snapshot!(answers.join("\n"));
}

/// Three bridges that drain and one that serves, of which only the last still answers.
fn silent() -> Api {
    let api = api();
    let awaited = |name: &str, labels: &[&'static str]| {
        let labels = labels.iter().map(|label| (*label, "true"));
        let pod = Pod {
            labels: labels.collect(),
            owners: Arc::new([(Resource::BridgePools, "blue".into())]),
            ..pod(name, name, Some(NOW - Duration::from_hours(1)))
        };
        let mut store = api.shared.store_mut();
        let ticket = store.observe(pod, NOW);
        store.failed(&ticket, "timeout");
    };
    for name in ["blue-b", "blue-c", "blue-d"] {
        awaited(name, &[PROTECTED.name()]);
    }
    member(&api, "blue", "blue-a", &[COUNTED.name()], 0.4);
    api
}

#[tokio::test]
async fn a_pool_of_which_too_little_is_known_is_told_in_no_form() {
    let api = silent();
    for path in [
        format!("{NAMESPACE}/pods/*/committed_stress"),
        format!("{NAMESPACE}/pods/blue-a/committed_stress"),
        format!("{NAMESPACE}/bridgepools.bridgetender.dev/blue/committed_stress_total"),
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/meet/committed_stress_total".to_owned(),
        "/keda/v1/namespaces/meet/bridgepools.bridgetender.dev/blue".to_owned(),
    ] {
        let (code, message) = refusal(&api, &path).await;
        assert_eq!(code, 503, "{path}");
        let why = "only 1 of 4 bridges of bridgepool";
        assert!(message.contains(why), "{path}: {message}");
        assert!(message.contains("timeout: 3"), "{path}: {message}");
    }
    let own = values(&api, &format!("{NAMESPACE}/pods/*/stress_level")).await;
    assert_eq!(own, of(&[("blue-a", "400m")]), "its own stress is known");
}

#[tokio::test]
async fn external_and_keda_have_it_for_pools_alone() {
    let api = pools();
    let external = "/apis/external.metrics.k8s.io/v1beta1/namespaces/meet";
    let series = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap().iter();
        items
            .map(|item| format!("{} {}", item["metricLabels"], item["value"]))
            .collect()
    };
    let (_, list) = ask(&api, &format!("{external}/committed_stress_total")).await;
    let told = [
        r#"{"bridgepool":"blue"} "900m""#,
        r#"{"bridgepool":"red"} "700m""#,
    ];
    assert_eq!(series(&list), told);
    let (_, list) = ask(&api, &format!("{external}/stress_level_total")).await;
    assert_eq!(series(&list).len(), 3, "each bridge is in one series alone");
    for (object, value) in [
        ("bridgepools.bridgetender.dev/blue", json!(0.9)),
        ("deployments.apps/jvb", Value::Null),
    ] {
        let (code, document) = ask(&api, &format!("/keda/v1/namespaces/meet/{object}")).await;
        assert_eq!(code, StatusCode::OK);
        assert_eq!(document["committed_stress_total"], value, "{object}");
    }
}
