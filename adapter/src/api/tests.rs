//! What is answered to whom.

use std::time::Duration;

use bridge::stats::StartupTime;
use bridge::{Stats, Time};
use http::Request;
use http_body_util::BodyExt as _;
use insta::assert_snapshot;
use reach::Clock;
use serde_json::Value;

use super::*;
use crate::telling::fixtures::{RULES, metrics, pod, sample};
use crate::telling::{Pod, Resource, Services};

mod errors;
mod external;
mod keda;
mod openapi;
mod pools;

const NOW: Time = Time::from_millis(1_795_252_331_847);

const PODS: &str = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/pods";

/// An API that has just been started.
fn beginner() -> Api {
    Api::new(
        Arc::new(Shared::new(Clock::at(NOW), metrics(), RULES)),
        true,
    )
}

fn api() -> Api {
    let api = beginner();
    api.shared.health.pods_synced(NOW);
    api.shared.health.first_round_over();
    api
}

/// A bridge of the Deployment `jvb` that started some seconds ago.
fn bridge(api: &Api, name: &str, app: &str, age: u64, said: Option<(f64, u64)>) {
    let started = NOW - Duration::from_secs(age);
    let pod = Pod {
        labels: [("app", app), ("tier", "media")].into_iter().collect(),
        owners: Arc::new([
            (Resource::ReplicaSets, "jvb-6f9d7c5b4".into()),
            (Resource::Deployments, "jvb".into()),
        ]),
        ..pod(name, &format!("uid-of-{name}"), Some(started))
    };
    let mut store = api.shared.store_mut();
    let ticket = store.observe(pod, NOW);
    if let Some((stress, people)) = said {
        let stats = Stats {
            stress: Some(stress),
            local_endpoints: Some(people),
            startup_time: Some(StartupTime(started)),
            ..Stats::default()
        };
        store.answered(&ticket, &sample(stats, NOW));
    }
}

fn meeting() -> Api {
    let api = api();
    bridge(&api, "jvb-a", "jvb", 600, Some((0.4321, 17)));
    bridge(&api, "jvb-b", "jvb", 600, Some((1.111, 60)));
    bridge(&api, "jvb-c", "other", 600, Some((0.2, 3)));
    bridge(&api, "jvb-d", "jvb", 5, Some((0.0, 1)));
    bridge(&api, "jvb-e", "jvb", 5, None);
    services(&api, &[("jvb", json!({"app": "jvb"}))]);
    api
}

async fn ask_with(api: &Api, uri: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (request, ()) = request.body(()).unwrap().into_parts();
    let user = User {
        name: "somebody".to_owned(),
        uid: None,
        groups: Vec::new(),
        extra: std::collections::BTreeMap::new(),
    };
    api.answer(&user, &request).await
}

async fn text(response: Response<Body>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn ask(api: &Api, uri: &str) -> (StatusCode, Value) {
    let response = ask_with(api, uri, &[]).await;
    assert_eq!(
        response.headers()[CONTENT_TYPE],
        "application/json",
        "{uri}"
    );
    let code = response.status();
    (code, serde_json::from_str(&text(response).await).unwrap())
}

/// Name and value of each item.
async fn values(api: &Api, uri: &str) -> Vec<(String, String)> {
    let (code, list) = ask(api, uri).await;
    assert_eq!(code, StatusCode::OK, "{uri}: {list}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| (text(&item["describedObject"]["name"]), text(&item["value"])))
        .collect()
}

async fn refusal(api: &Api, uri: &str) -> (u16, String) {
    let (code, status) = ask(api, uri).await;
    assert_eq!(status["kind"], "Status", "{uri}");
    assert_eq!(status["code"], code.as_u16(), "{uri}");
    (
        code.as_u16(),
        status["message"].as_str().unwrap().to_owned(),
    )
}

fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn all_pods_of_a_namespace_that_have_a_value_are_told_once() {
    let api = meeting();
    let told = of(&[("jvb-a", "432m"), ("jvb-b", "1111m"), ("jvb-c", "200m")]);
    for name in ["*", "%2A"] {
        assert_eq!(
            values(&api, &format!("{PODS}/{name}/stress_level")).await,
            told
        );
    }
    let people = values(&api, &format!("{PODS}/*/participants")).await;
    assert_eq!(
        people,
        of(&[
            ("jvb-a", "17"),
            ("jvb-b", "60"),
            ("jvb-c", "3"),
            ("jvb-d", "1")
        ]),
        "people are known while stress is not"
    );
}

#[tokio::test]
async fn a_selector_chooses_pods_by_their_labels() {
    let api = meeting();
    for (selector, bridges) in [
        ("app%3Djvb", 2),
        ("app%21%3Djvb", 1),
        ("app+in+%28jvb%2Cother%29%2Ctier%3Dmedia", 3),
        ("%21app", 0),
        ("app%3Dnobody", 0),
        ("", 3),
    ] {
        let uri = format!("{PODS}/*/stress_level?labelSelector={selector}");
        assert_eq!(values(&api, &uri).await.len(), bridges, "{selector}");
    }
}

#[tokio::test]
async fn nobody_is_an_empty_list() {
    let elsewhere = "/apis/custom.metrics.k8s.io/v1beta1/namespaces/empty/pods/*/stress_level";
    assert!(values(&meeting(), elsewhere).await.is_empty());
    assert!(values(&api(), elsewhere).await.is_empty());
}

#[tokio::test]
async fn one_pod_is_one_item_or_a_reason() {
    let api = meeting();
    let one = values(&api, &format!("{PODS}/jvb-a/stress_level")).await;
    assert_eq!(one, of(&[("jvb-a", "432m")]));
    let mut answers = Vec::new();
    for path in [
        "jvb-d/stress_level",
        "jvb-e/participants",
        "jvb-f/stress_level",
        "jvb-a/conferences",
        "jvb-a/cpu",
        "*/cpu",
        "*/stress_level_total",
        "jvb-a/stress_level?metricLabelSelector=a%3Db",
    ] {
        let (code, message) = refusal(&api, &format!("{PODS}/{path}")).await;
        answers.push(format!("{path}\n  {code} {message}"));
    }
    assert_snapshot!(answers.join("\n"));
}

#[tokio::test]
async fn an_object_is_what_its_bridges_come_to() {
    let api = meeting();
    let object = |metric: &str| {
        format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/deployments.apps/jvb/{metric}")
    };
    for (metric, value) in [
        ("stress_level_total", "1743m"),
        ("stress_level_mean", "581m"),
        ("stress_level_max", "1111m"),
        ("stress_level_p90", "1111m"),
        ("free_capacity", "968m"),
        ("participants_total", "81"),
        ("participants_mean", "20250m"),
    ] {
        assert_eq!(
            values(&api, &object(metric)).await,
            of(&[("jvb", value)]),
            "{metric}"
        );
    }
    let (_, document) = ask(&api, &object("participants_total")).await;
    assert_snapshot!(format!("{document:#}"));
}

#[tokio::test]
async fn owners_and_the_namespace_are_objects() {
    let api = meeting();
    for path in [
        "deployments.apps/jvb/participants_total",
        "replicasets.apps/jvb-6f9d7c5b4/participants_total",
        "metrics/participants_total",
    ] {
        for version in ["v1beta1", "v1beta2"] {
            let uri = format!("/apis/custom.metrics.k8s.io/{version}/namespaces/meet/{path}");
            assert_eq!(values(&api, &uri).await[0].1, "81", "{uri}");
        }
    }
}

/// All Services of the cluster, as `name: selector`.
fn services(api: &Api, all: &[(&str, Value)]) {
    let mut listed = Services::default();
    for (name, selector) in all {
        let service = json!({
            "metadata": {"namespace": "meet", "name": name}, "spec": {"selector": selector},
        });
        listed.observe(&serde_json::from_value(service).unwrap());
    }
    let mut store = api.shared.store_mut();
    store.services_mut().replace(None, listed);
}

#[tokio::test]
async fn a_service_is_the_bridges_that_its_selector_chooses() {
    let api = meeting();
    services(
        &api,
        &[
            ("all", json!({"tier": "media"})),
            ("jvb", json!({"app": "jvb"})),
            ("none", json!({"app": "web"})),
            ("headless-by-hand", Value::Null),
        ],
    );
    let path = |name: &str| {
        format!(
            "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/services/{name}/participants_total"
        )
    };
    let of_label = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/pods/*/participants";
    let chosen = values(&api, &format!("{of_label}?labelSelector=app%3Djvb")).await;
    let people: u64 = chosen
        .iter()
        .map(|value| value.1.parse::<u64>().unwrap())
        .sum();
    let (_, list) = ask(&api, &path("jvb")).await;
    let item = &list["items"][0];
    assert_eq!(item["value"], people.to_string());
    assert_eq!(
        item["describedObject"],
        json!({"kind": "Service", "namespace": "meet", "name": "jvb", "apiVersion": "v1"})
    );
    assert_eq!(values(&api, &path("all")).await[0].1, "81");
    for (name, why) in [
        ("none", "no running bridge belongs to it"),
        ("headless-by-hand", "has no selector"),
        ("missing", "has no Service of this name"),
    ] {
        let (code, message) = refusal(&api, &path(name)).await;
        assert_eq!(code, 404, "{name}");
        assert!(message.contains(why), "{name}: {message}");
        let keda = format!("/keda/v1/namespaces/meet/services/{name}");
        assert_eq!(refusal(&api, &keda).await.0, 404, "{name}");
    }
    let (_, document) = ask(&api, "/keda/v1/namespaces/meet/services/all").await;
    assert_eq!(document["participants_total"], 81);
}

#[tokio::test]
async fn services_that_cannot_be_watched_are_refused_and_nothing_else_is() {
    let api = api();
    bridge(&api, "jvb-a", "jvb", 600, Some((0.5, 81)));
    for path in [
        "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/services/jvb/participants_total",
        "/keda/v1/namespaces/meet/services/jvb",
    ] {
        let (code, message) = refusal(&api, path).await;
        assert_eq!(code, 503, "{path}");
        assert!(message.contains("list and watch services"), "{message}");
    }
    let deployment = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/deployments.apps/jvb/participants_total";
    assert_eq!(values(&api, deployment).await[0].1, "81");
}

#[tokio::test]
async fn an_object_without_a_value_has_a_reason() {
    let api = meeting();
    let mut answers = Vec::new();
    for path in [
        "namespaces/meet/deployments.apps/jvb/stress_level",
        "namespaces/meet/deployments.apps/web/stress_level_total",
        "namespaces/meet/deployments.apps/*/stress_level_total",
        "namespaces/meet/deployments/jvb/stress_level_total",
        "namespaces/meet/ingresses.networking.k8s.io/jvb/stress_level_total",
        "namespaces/meet/services/web/stress_level_total",
        "namespaces/meet/namespaces/meet/stress_level_total",
        "namespaces/empty/metrics/stress_level_total",
        "namespaces/meet/deployments.apps/jvb/conferences_total",
        "nodes/foo/stress_level",
        "pods/*/stress_level",
    ] {
        let uri = format!("/apis/custom.metrics.k8s.io/v1beta2/{path}");
        let (code, message) = refusal(&api, &uri).await;
        answers.push(format!("{path}\n  {code} {message}"));
    }
    assert_snapshot!(answers.join("\n"));
}

#[tokio::test]
async fn a_series_with_labels_does_not_exist() {
    let api = meeting();
    let count = |selector| {
        let uri = format!("{PODS}/*/stress_level?metricLabelSelector={selector}");
        let api = &api;
        async move { values(api, &uri).await.len() }
    };
    assert_eq!(count("region%3Deu").await, 0);
    assert_eq!(count("%21region").await, 3);
    assert_eq!(count("").await, 3);
}

#[tokio::test]
async fn aggregated_discovery_goes_to_whom_it_suits() {
    let api = api();
    let table = [
        (AGGREGATED, true),
        (
            "application/json; g=apidiscovery.k8s.io; v=v2; as=APIGroupDiscoveryList",
            true,
        ),
        (
            "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList;profile=nopeer,application/json",
            true,
        ),
        (
            "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            true,
        ),
        (
            "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json",
            false,
        ),
        ("application/json", false),
        (
            "application/json,application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            false,
        ),
        ("*/*", false),
        ("application/vnd.kubernetes.protobuf, */*", false),
        ("text/html", false),
        ("", false),
        (";;,=,", false),
    ];
    for (accept, aggregated) in table {
        let response = ask_with(&api, "/apis", &[("accept", accept)]).await;
        assert_eq!(response.status(), StatusCode::OK, "{accept}");
        assert_eq!(response.headers()[VARY], "Accept");
        let content_type = response.headers()[CONTENT_TYPE].clone();
        assert_eq!(content_type == AGGREGATED, aggregated, "{accept}");
        let kind = if aggregated {
            "APIGroupDiscoveryList"
        } else {
            "APIGroupList"
        };
        assert!(text(response).await.contains(kind), "{accept}");
    }
}

#[tokio::test]
async fn unchanged_discovery_is_not_sent_again() {
    let api = api();
    let first = ask_with(&api, "/apis", &[("accept", AGGREGATED)]).await;
    let tag = first.headers()[ETAG].to_str().unwrap().to_owned();
    let again = [("accept", AGGREGATED), ("if-none-match", tag.as_str())];
    let second = ask_with(&api, "/apis", &again).await;
    assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(second.headers()[ETAG], tag);
    assert!(text(second).await.is_empty());
    let plain = ask_with(&api, "/apis", &[("if-none-match", tag.as_str())]).await;
    assert_eq!(
        plain.status(),
        StatusCode::OK,
        "another form has another tag"
    );
}

#[tokio::test]
async fn every_resource_that_is_advertised_is_answered() {
    let api = meeting();
    let (_, list) = ask(&api, "/apis/custom.metrics.k8s.io/v1beta2").await;
    for resource in list["resources"].as_array().unwrap() {
        // What has no slash is there so that its metrics are found, and has no value of its own.
        let Some((kind, metric)) = resource["name"].as_str().unwrap().split_once('/') else {
            continue;
        };
        let path = match kind {
            "pods" => format!("pods/*/{metric}"),
            "namespaces" => format!("metrics/{metric}"),
            kind => format!("{kind}/jvb/{metric}"),
        };
        let uri = format!("/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/{path}");
        let (_, answer) = ask(&api, &uri).await;
        let told = answer.to_string();
        assert!(
            !told.contains("hint: there are") && !told.contains("hint: metrics exist"),
            "{uri}: {told}"
        );
    }
}

#[tokio::test]
async fn health_needs_nobody_to_be_known() {
    let api = beginner();
    let code = |path| api.open(path).map(|response| response.status().as_u16());
    assert_eq!(code("/livez"), Some(200));
    assert_eq!(code("/healthz"), Some(200));
    assert_eq!(code("/readyz"), Some(503), "before the pods are known");
    api.shared.health.pods_synced(NOW);
    api.shared.health.first_round_over();
    assert_eq!(code("/readyz"), Some(200));
    for path in ["/", "/apis", "/readyz/ping", "/livez/", "/metrics"] {
        assert_eq!(code(path), None, "{path}");
    }
}

#[tokio::test]
async fn the_adapter_tells_how_it_fares() {
    let api = meeting();
    api.shared.telemetry.scraped("ok", Duration::from_millis(4));
    api.shared
        .telemetry
        .scraped("timeout", Duration::from_secs(10));
    values(&api, &format!("{PODS}/*/stress_level")).await;
    let response = ask_with(&api, "/metrics", &[]).await;
    assert_eq!(response.headers()[CONTENT_TYPE], telemetry::CONTENT_TYPE);
    let text = text(response).await;
    for line in [
        "jvb_adapter_bridges 5",
        "jvb_adapter_bridges_answering 4",
        "jvb_adapter_scrapes_total{result=\"ok\"} 1",
        "jvb_adapter_scrapes_total{result=\"timeout\"} 1",
        "jvb_adapter_scrape_duration_seconds_count 2",
        "jvb_adapter_requests_total{code=\"200\"} 1",
        "jvb_adapter_values_omitted{metric=\"stress_level\",reason=\"unsettled\"} 1",
        "jvb_adapter_values_omitted{metric=\"stress_level\",reason=\"unanswered\"} 1",
        "metrics_apiserver_metric_freshness_seconds_count{group=\"custom.metrics.k8s.io\"} 3",
        "# EOF",
    ] {
        assert!(
            text.lines().any(|known| known == line),
            "{line} is not in\n{text}"
        );
    }
}

#[tokio::test]
async fn many_bridges_are_one_moment() {
    let api = api();
    let bridges = 1_000_usize;
    for name in 0..bridges {
        bridge(&api, &format!("jvb-{name:04}"), "jvb", 600, Some((0.5, 10)));
    }
    let told = values(
        &api,
        &format!("{PODS}/*/stress_level?labelSelector=app%3Djvb"),
    )
    .await;
    assert_eq!(told.len(), bridges);
    assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

#[tokio::test]
async fn many_values_are_packed_for_those_who_can_take_it() {
    let api = api();
    for name in 0..1_000 {
        bridge(&api, &format!("jvb-{name:04}"), "jvb", 600, Some((0.5, 10)));
    }
    let all = format!("{PODS}/*/stress_level");
    let plain = ask_with(&api, &all, &[]).await;
    assert!(!plain.headers().contains_key("content-encoding"));
    assert_eq!(plain.headers()[VARY], "Accept-Encoding");
    let plain = text(plain).await;
    let packed = ask_with(&api, &all, &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.headers()["content-encoding"], "gzip");
    assert_eq!(packed.headers()[CONTENT_TYPE], "application/json");
    let packed = packed.into_body().collect().await.unwrap().to_bytes();
    assert!(packed.len() * 10 < plain.len(), "{}", packed.len());
    let mut unpacked = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&*packed), &mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain);
    let few = format!("{PODS}/jvb-0001/stress_level");
    let few = ask_with(&api, &few, &[("accept-encoding", "gzip")]).await;
    assert!(!few.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn of_other_namespaces_than_the_named_nothing_is_told() {
    let api = meeting().within(vec!["meet".to_owned(), "lab".to_owned()]);
    assert_eq!(
        values(&api, &format!("{PODS}/*/stress_level")).await.len(),
        3
    );
    for path in [
        "/apis/custom.metrics.k8s.io/v1beta2/namespaces/other/pods/*/stress_level",
        "/apis/external.metrics.k8s.io/v1beta1/namespaces/other/stress_level_total",
        "/keda/v1/namespaces/other/deployments.apps/jvb",
    ] {
        let (code, message) = refusal(&api, path).await;
        assert_eq!(
            code, 404,
            "an empty list would say that there are no bridges"
        );
        assert!(message.contains("--namespaces are meet, lab"), "{message}");
    }
}

#[tokio::test]
async fn an_adapter_that_has_not_heard_of_all_bridges_yet_tells_nothing_of_some() {
    let api = beginner();
    bridge(&api, "jvb-a", "jvb", 600, Some((0.4, 10)));
    let total = "/apis/custom.metrics.k8s.io/v1beta2/namespaces/meet/deployments.apps/jvb/stress_level_total";
    let pods = format!("{PODS}/*/stress_level");
    for uri in [total, &pods] {
        assert_eq!(ask(&api, uri).await.0, StatusCode::SERVICE_UNAVAILABLE);
    }
    api.shared.health.pods_synced(NOW);
    assert_eq!(
        ask(&api, total).await.0,
        StatusCode::SERVICE_UNAVAILABLE,
        "bridges are still being asked for the first time"
    );
    api.shared.health.first_round_over();
    // Who leaves knows as much as before.
    api.shared.health.leave();
    for uri in [total, &pods] {
        assert_eq!(ask(&api, uri).await.0, StatusCode::OK);
    }
}
