//! External metrics.

use insta::assert_snapshot;

use super::*;

const BASE: &str = "/apis/external.metrics.k8s.io/v1beta1";

/// Label and value of each series.
async fn series(api: &Api, rest: &str) -> Vec<(String, String)> {
    let (code, list) = ask(api, &format!("{BASE}/namespaces/{rest}")).await;
    assert_eq!(code, StatusCode::OK, "{rest}: {list}");
    assert_eq!(list["kind"], "ExternalMetricValueList");
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| {
            let labels = item["metricLabels"].as_object();
            let label = labels.and_then(|labels| labels.iter().next());
            let label = label.map(|(key, name)| format!("{key}={}", name.as_str().unwrap()));
            (
                label.unwrap_or_default(),
                item["value"].as_str().unwrap().to_owned(),
            )
        })
        .collect()
}

/// The Deployment of `meeting`, a StatefulSet, and a bridge that nobody owns.
fn three_groups() -> Api {
    let api = meeting();
    owned_bridge(&api, "set-0", &[(Resource::StatefulSets, "set")], 0.5);
    owned_bridge(&api, "alone", &[], 0.25);
    api
}

fn owned(name: &str, owners: &[(Resource, &str)], age: u64) -> Pod {
    let owner = |(kind, name): &(Resource, &str)| (*kind, (*name).into());
    Pod {
        owners: owners.iter().map(owner).collect(),
        ..pod(
            name,
            &format!("uid-of-{name}"),
            Some(NOW - Duration::from_secs(age)),
        )
    }
}

fn owned_bridge(api: &Api, name: &str, owners: &[(Resource, &str)], stress: f64) {
    let pod = owned(name, owners, 600);
    let mut store = api.shared.store_mut();
    let ticket = store.observe(pod, NOW);
    let stats = Stats {
        stress: Some(stress),
        startup_time: Some(StartupTime(NOW - Duration::from_mins(10))),
        ..Stats::default()
    };
    store.answered(&ticket, &sample(stats, NOW));
}

#[tokio::test]
async fn every_bridge_is_in_one_series_alone() {
    let api = three_groups();
    let told = of(&[
        ("", "250m"),
        ("deployment=jvb", "1743m"),
        ("statefulset=set", "500m"),
    ]);
    assert_eq!(series(&api, "meet/stress_level_total").await, told);
    let namespace = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/metrics";
    let total = values(&api, &format!("{namespace}/stress_level_total")).await;
    assert_eq!(total[0].1, "2493m", "their sum is the namespace's total");
}

#[tokio::test]
async fn a_selector_chooses_series_by_the_metrics_own_labels() {
    let api = three_groups();
    for (selector, count) in [
        ("deployment%3Djvb", 1),
        ("deployment%3Dother", 0),
        ("deployment", 1),
        ("%21deployment", 2),
        ("statefulset+in+%28set%2Cx%29", 1),
        ("deployment%21%3Djvb", 2),
        ("app%3Djvb", 0),
        ("", 3),
    ] {
        let rest = format!("meet/stress_level_total?labelSelector={selector}");
        assert_eq!(series(&api, &rest).await.len(), count, "{selector}");
    }
}

#[tokio::test]
async fn what_is_unknown_or_does_not_add_up_has_no_series() {
    let api = three_groups();
    for rest in [
        "meet/cpu",
        "meet/stress_level",
        "meet/stress_level_max",
        "meet/stress_level_mean",
        "empty/stress_level_total",
    ] {
        assert!(series(&api, rest).await.is_empty(), "{rest}");
    }
}

#[tokio::test]
async fn a_series_is_written_as_kubernetes_reads_it() {
    let path = format!("{BASE}/namespaces/meet/stress_level_total?labelSelector=deployment");
    let (_, list) = ask(&three_groups(), &path).await;
    assert_snapshot!(format!("{list:#}"));
}

#[tokio::test]
async fn one_group_that_fell_silent_silences_the_sum_and_one_that_boots_does_not() {
    let api = three_groups();
    let new = owned("new-0", &[(Resource::StatefulSets, "new")], 5);
    api.shared.store_mut().observe(new, NOW);
    assert_eq!(series(&api, "meet/stress_level_total").await.len(), 3);
    let mut late = owned("set-0", &[(Resource::StatefulSets, "set")], 600);
    late.process.as_mut().unwrap().id = "2".into();
    api.shared.store_mut().observe(late, NOW);
    let path = format!("{BASE}/namespaces/meet/stress_level_total");
    let (code, message) = refusal(&api, &path).await;
    assert_eq!(code, 503);
    assert!(
        message.contains("0 of 1 bridges of statefulset set"),
        "{message}"
    );
    let others = "meet/stress_level_total?labelSelector=deployment";
    assert_eq!(series(&api, others).await.len(), 1);
}

#[tokio::test]
async fn a_group_of_which_nothing_is_known_yet_is_no_idle_one() {
    let api = api();
    bridge(&api, "jvb-a", "jvb", 5, None);
    let path = format!("{BASE}/namespaces/meet/stress_level_total");
    assert_eq!(refusal(&api, &path).await.0, 503);
}

#[tokio::test]
async fn what_does_not_fit_a_path_is_not_found() {
    let api = three_groups();
    for rest in [
        "/stress_level_total",
        "/namespaces/meet",
        "/namespaces/meet/",
        "/namespaces/meet/stress_level_total/x",
        "/namespaces//stress_level_total",
        "/pods/a/b",
    ] {
        assert_eq!(
            refusal(&api, &format!("{BASE}{rest}")).await.0,
            404,
            "{rest}"
        );
    }
}

#[tokio::test]
async fn without_its_switch_the_group_does_not_exist() {
    let api = Api::new(
        Arc::new(Shared::new(Clock::at(NOW), metrics(), RULES)),
        false,
    );
    for path in [
        "/apis/external.metrics.k8s.io",
        BASE,
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/meet/stress_level_total",
    ] {
        assert_eq!(refusal(&api, path).await.0, 404, "{path}");
    }
    for accept in ["application/json", AGGREGATED] {
        let groups = ask_with(&api, "/apis", &[("accept", accept)]).await;
        assert!(!text(groups).await.contains("external.metrics"), "{accept}");
    }
}

#[tokio::test]
async fn every_external_metric_that_is_advertised_is_answered() {
    let api = three_groups();
    owned_bridge(&api, "pool-0", &[(Resource::BridgePools, "pool")], 0.5);
    let (_, list) = ask(&api, BASE).await;
    let resources = list["resources"].as_array().unwrap();
    assert_eq!(resources.len(), 11);
    for resource in resources {
        let name = resource["name"].as_str().unwrap();
        let (_, answer) = ask(&api, &format!("{BASE}/namespaces/meet/{name}")).await;
        let told = answer["items"].as_array().map_or(0, Vec::len);
        assert!(told > 0 || answer["code"] == 503, "{name}: {answer}");
    }
    let groups = ask_with(&api, "/apis", &[("accept", AGGREGATED)]).await;
    let groups = text(groups).await;
    assert!(groups.contains(r#""resource":"free_capacity""#), "{groups}");
}

#[tokio::test]
async fn what_is_told_of_a_moment_is_in_the_time_of_a_system_clock_that_was_corrected() {
    // The machine had believed in 2026-11-21 when the adapter started.
    let shared = Shared::new(Clock::following(NOW), metrics(), RULES);
    let api = Api::new(Arc::new(shared), true);
    api.shared.health.pods_synced(NOW);
    api.shared.health.first_round_over();
    bridge(&api, "jvb-a", "jvb", 600, Some((0.4, 17)));
    for path in [
        "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/pods/jvb-a/stress_level",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/meet/stress_level_total",
    ] {
        let (code, list) = ask(&api, path).await;
        assert_eq!(code, 200, "{list}");
        let told = list["items"][0]["timestamp"].as_str().unwrap();
        let told: jiff::Timestamp = told.parse().unwrap();
        let apart = jiff::Timestamp::now().duration_since(told).abs();
        assert!(apart < jiff::SignedDuration::from_mins(5), "{told}");
    }
}
