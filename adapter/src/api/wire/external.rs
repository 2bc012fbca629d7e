//! External metrics: their discovery and their values.

use bridge::Time;
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::values::{List, bytes, timestamp};
use crate::api::quantity::Quantity;
use crate::telling::Metrics;

/// The group of the external metrics API.
pub(crate) const GROUP: &str = "external.metrics.k8s.io";

/// Its only version.
pub(crate) const VERSION: &str = "v1beta1";

const API_VERSION: &str = "external.metrics.k8s.io/v1beta1";

const VALUES: &str = "ExternalMetricValueList";

/// One series of an external metric at this moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Value<'a> {
    /// What tells this series from the metric's others; none where nothing does.
    pub label: Option<(&'static str, &'a str)>,
    /// When the oldest part of it arrived; the whole second is written.
    pub at: Time,
    /// The value as a quantity.
    pub quantity: Quantity,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    metric_name: &'a str,
    metric_labels: Option<Map<String, Json>>,
    timestamp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<u32>,
    value: Quantity,
}

/// The answer to a question for an external metric.
pub(crate) fn list(
    metric: &str,
    window: Option<u32>,
    values: &[Value<'_>],
    pretty: bool,
) -> Vec<u8> {
    let items = values
        .iter()
        .map(|value| Item {
            metric_name: metric,
            metric_labels: value
                .label
                .map(|(key, value)| Map::from_iter([(key.to_owned(), value.into())])),
            timestamp: timestamp(value.at),
            window,
            value: value.quantity,
        })
        .collect();
    bytes(&List::new(VALUES, API_VERSION, items), pretty)
}

/// The group in `/apis`.
pub(super) fn group() -> Json {
    let version = json!({"groupVersion": API_VERSION, "version": VERSION});
    json!({"name": GROUP, "versions": [version], "preferredVersion": version})
}

/// `/apis/external.metrics.k8s.io/v1beta1`.
pub(super) fn resources(metrics: &Metrics) -> Json {
    let resource = |name: &str| {
        json!({
            "name": name,
            "singularName": "",
            "namespaced": true,
            "kind": VALUES,
            "verbs": ["get"],
        })
    };
    let resources: Vec<Json> = metrics.group_names().map(resource).collect();
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": API_VERSION,
        "resources": resources,
    })
}

/// The group in aggregated discovery.
pub(super) fn item(metrics: &Metrics) -> Json {
    let kind = json!({"group": GROUP, "version": VERSION, "kind": VALUES});
    let resource = |name: &str| {
        json!({
            "resource": name,
            "scope": "Namespaced",
            "singularResource": "",
            "responseKind": kind,
            "verbs": ["get"],
        })
    };
    let resources: Vec<Json> = metrics.group_names().map(resource).collect();
    let version = json!({"version": VERSION, "freshness": "Current", "resources": resources});
    json!({"metadata": {"name": GROUP}, "versions": [version]})
}
