//! The documents, byte for byte.

use bridge::Time;
use insta::assert_snapshot;
use k8s_metrics::QuantityExt;
use k8s_metrics::custom_metrics::v1beta2;
use k8s_openapi::api::core::v1::Pod;

use super::discovery::Discovery;
use super::values::{Heading, Object, Value, bytes, list};
use super::*;
use crate::api::quantity::quantity;
use crate::api::selector::Selector;
use crate::telling::fixtures::metrics;
use crate::telling::{Metrics, Resource};

fn values() -> Vec<Value<'static>> {
    let value = |object, said: f64| Value {
        object,
        at: Time::from_millis(1_795_252_331_847),
        quantity: quantity(said).unwrap(),
    };
    vec![
        value(
            Object {
                kind: "Pod",
                namespace: Some("meet"),
                name: "jvb-0",
                api_version: "v1",
            },
            0.433,
        ),
        value(
            Object {
                kind: "Deployment",
                namespace: Some("meet"),
                name: "jvb",
                api_version: "apps/v1",
            },
            2.0,
        ),
        value(
            Object {
                kind: "Namespace",
                namespace: None,
                name: "meet",
                api_version: "v1",
            },
            0.0,
        ),
    ]
}

fn document(version: Version, window: Option<u32>, selector: &str, pretty: bool) -> String {
    let selector = Selector::parse(selector).unwrap();
    let heading = Heading {
        version,
        metric: "stress_level",
        window,
        selector: &selector,
        pretty,
    };
    String::from_utf8(list(heading, &values())).unwrap()
}

#[test]
fn values_in_the_preferred_version() {
    assert_snapshot!(document(Version::V1Beta2, Some(10), "", true));
}

#[test]
fn values_in_the_older_version() {
    assert_snapshot!(document(Version::V1Beta1, Some(10), "", true));
}

#[test]
fn values_of_a_metric_without_a_window_and_with_a_selector() {
    let selector = "a=b,!c,d notin (e,f),g";
    assert_snapshot!(document(Version::V1Beta2, None, selector, true));
}

#[test]
fn values_for_programs_are_one_line() {
    let text = document(Version::V1Beta1, None, "", false);
    assert!(!text.contains(['\n', ' ']), "{text}");
}

#[test]
fn nobody_is_an_empty_list_and_not_nothing() {
    let selector = Selector::default();
    let heading = Heading {
        version: Version::V1Beta2,
        metric: "stress_level",
        window: None,
        selector: &selector,
        pretty: false,
    };
    assert_eq!(
        String::from_utf8(list(heading, &[])).unwrap(),
        r#"{"kind":"MetricValueList","apiVersion":"custom.metrics.k8s.io/v1beta2","metadata":{},"items":[]}"#
    );
}

#[test]
fn another_implementation_reads_the_preferred_version() {
    let text = document(Version::V1Beta2, Some(10), "", false);
    let read: v1beta2::MetricValueList<Pod> = serde_json::from_str(&text).unwrap();
    let first = &read.items[0];
    assert_eq!(first.described_object.name.as_deref(), Some("jvb-0"));
    assert_eq!(first.described_object.api_version.as_deref(), Some("v1"));
    assert_eq!(first.metric.name, "stress_level");
    assert_eq!(first.window_seconds, Some(10));
    assert!((first.value.to_f64().unwrap() - 0.433).abs() < 1e-9);
    assert_eq!(first.timestamp.0.as_second(), 1_795_252_331);
}

fn pretty(document: &discovery::Document) -> String {
    String::from_utf8(document.text(true).to_vec()).unwrap()
}

fn json(document: &discovery::Document) -> serde_json::Value {
    serde_json::from_slice(&document.text(false)).unwrap()
}

#[test]
fn discovery_is_fixed_and_not_empty() {
    let discovery = Discovery::new(&metrics(), true);
    assert_snapshot!("groups", pretty(&discovery.groups));
    assert_snapshot!("group", pretty(&discovery.group));
    let mut resources = json(discovery.resources(Version::V1Beta2));
    let list = resources["resources"].take();
    let lines: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_snapshot!("resources", format!("{resources}\n{}", lines.join("\n")));
}

/// All of it is a hundred times the same, so of each list of metrics only the first is written out.
#[test]
fn aggregated_discovery_has_both_versions_and_all_resources() {
    let metrics = metrics();
    let mut document = json(&Discovery::new(&metrics, true).aggregated);
    for version in document["items"][0]["versions"].as_array_mut().unwrap() {
        for resource in version["resources"].as_array_mut().unwrap() {
            let name = resource["resource"].as_str().unwrap();
            let metrics_of = metrics.names_of(Resource::of(name).unwrap()).len();
            let list = resource["subresources"].as_array_mut().unwrap();
            assert_eq!(list.len(), metrics_of);
            list.truncate(1);
        }
    }
    let text = String::from_utf8(bytes(&document, true)).unwrap();
    assert_snapshot!("aggregated", text);
}

#[test]
fn both_versions_have_the_same_resources() {
    let discovery = Discovery::new(&metrics(), true);
    let [newer, older] = Version::ALL.map(|version| json(discovery.resources(version)));
    assert_eq!(newer["resources"], older["resources"]);
    assert_eq!(older["groupVersion"], Version::V1Beta1.api_version());
}

#[test]
fn a_tag_changes_with_its_document_and_only_then() {
    let plain = || Discovery::new(&metrics(), true);
    let extra = Discovery::new(&Metrics::new(&["loss=l".parse().unwrap()]).unwrap(), true);
    assert_eq!(plain().aggregated.tag, plain().aggregated.tag);
    assert_ne!(plain().aggregated.tag, extra.aggregated.tag);
    let tag = plain().aggregated.tag;
    assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'));
}
