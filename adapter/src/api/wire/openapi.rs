//! OpenAPI v3: what there is to ask for, and what the answers are made of, for `kubectl explain` and for generators of clients.
//!
//! One static document for each group and version. Kubernetes merges them into its own.

use serde_json::{Map, Value, json};

use super::discovery::Document;
use super::{GROUP, Version, external};
use crate::telling::{Metrics, Resource};

/// The documents, written once.
#[derive(Clone, Debug)]
pub(crate) struct OpenApi {
    /// `/openapi/v3`: where each document is.
    pub index: Document,
    documents: Vec<(String, Document)>,
}

impl OpenApi {
    /// What there is to ask for with these metrics, external ones among them or not.
    pub(crate) fn new(metrics: &Metrics, with_external: bool) -> Self {
        let custom = Version::ALL.map(|version| {
            let group_version = version.api_version();
            (group_version.to_owned(), custom(version, metrics))
        });
        let external = with_external.then(|| {
            let group_version = format!("{}/{}", external::GROUP, external::VERSION);
            (group_version, self::external(metrics))
        });
        let documents: Vec<(String, Document)> = custom
            .into_iter()
            .chain(external)
            .map(|(group_version, json)| (format!("apis/{group_version}"), Document::new(&json)))
            .collect();
        let places: Map<String, Value> = documents
            .iter()
            .map(|(path, document)| {
                let hash = document.tag.trim_matches('"');
                let place = json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}")});
                (path.clone(), place)
            })
            .collect();
        Self {
            index: Document::new(&json!({"paths": places})),
            documents,
        }
    }

    /// The document of this group and version.
    pub(crate) fn document(&self, group: &str, version: &str) -> Option<&Document> {
        let path = format!("apis/{group}/{version}");
        let mut documents = self.documents.iter();
        documents.find_map(|(known, document)| (*known == path).then_some(document))
    }
}

fn document(title: &str, paths: &Map<String, Value>, schemas: &Value) -> Value {
    json!({
        "openapi": "3.0.0",
        "info": {"title": title, "version": concat!("v", env!("CARGO_PKG_VERSION"))},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn text(description: &str) -> Value {
    json!({"type": "string", "description": description})
}

fn in_path(name: &str, description: &str, of: Option<Vec<&str>>) -> Value {
    let mut schema = json!({"type": "string"});
    if let Some(of) = of {
        schema["enum"] = of.into();
    }
    json!({"name": name, "in": "path", "required": true, "description": description, "schema": schema})
}

fn in_query(name: &str, description: &str) -> Value {
    json!({"name": name, "in": "query", "description": description, "schema": {"type": "string"}})
}

fn get(description: &str, list: &str, kind: &Value, parameters: &[Value]) -> Value {
    json!({
        "parameters": parameters,
        "get": {
            "description": description,
            "responses": {"200": {
                "description": "OK",
                "content": {"application/json": {"schema": reference(list)}},
            }},
            "x-kubernetes-action": "get",
            "x-kubernetes-group-version-kind": kind,
        },
    })
}

/// The list of values of which each item has these properties.
fn list(kind: &Value, item: &str, description: &str) -> Value {
    json!({
        "type": "object",
        "description": description,
        "required": ["items"],
        "properties": {
            "apiVersion": text("Group and version of this list."),
            "kind": text("What this list is."),
            "metadata": {"type": "object", "description": "Always empty."},
            "items": {"type": "array", "description": "The values.", "items": reference(item)},
        },
        "x-kubernetes-group-version-kind": [kind],
    })
}

const QUANTITY: &str = "The value as a quantity: 432m is 0.432.";
const ARRIVED: &str = "When the bridge's answer arrived; of a total, that of its oldest part.";
const SPAN: &str = "Seconds that the value stands for.";

fn custom(version: Version, metrics: &Metrics) -> Value {
    const SERIES: &str = "Which series of the metric; none of them has labels.";
    let base = format!("/apis/{}", version.api_version());
    let kind = json!({"group": GROUP, "version": version.name(), "kind": "MetricValueList"});
    let namespace = in_path("namespace", "The namespace of the bridges.", None);
    let mut paths = Map::new();
    for resource in Resource::ALL {
        let names = Some(metrics.names_of(resource));
        let metric = in_path("metric", "The metric.", names);
        let series = in_query("metricLabelSelector", SERIES);
        if !resource.namespaced() {
            let what = "A metric of all bridges of the namespace together.";
            let parameters = [namespace.clone(), metric, series];
            let path = format!("{base}/namespaces/{{namespace}}/metrics/{{metric}}");
            paths.insert(path, get(what, "MetricValueList", &kind, &parameters));
            continue;
        }
        let object = format!(
            "{base}/namespaces/{{namespace}}/{}/{{name}}",
            resource.name()
        );
        let name = match resource {
            Resource::Pods => in_path(
                "name",
                "The pod, or * for all that the selector means.",
                None,
            ),
            _ => in_path("name", "The object that owns the bridges.", None),
        };
        let mut parameters = vec![namespace.clone(), name, metric, series];
        if resource == Resource::Pods {
            parameters.push(in_query(
                "labelSelector",
                "Which pods, where all are asked for.",
            ));
        }
        let what = format!("A metric of {}.", resource.name());
        let below = get(&what, "MetricValueList", &kind, &parameters);
        paths.insert(format!("{object}/{{metric}}"), below);
        // `kubectl explain` looks for what a resource is made of here and nowhere else.
        let here = get(
            "Metrics are one level below.",
            "MetricValueList",
            &kind,
            &parameters[..2],
        );
        paths.insert(object, here);
    }
    let (item, window) = match version {
        Version::V1Beta1 => (
            json!({"metricName": text("The metric."), "selector": selector()}),
            "window",
        ),
        Version::V1Beta2 => (
            json!({"metric": {
                "type": "object",
                "description": "The metric.",
                "properties": {"name": text("Its name."), "selector": selector()},
            }}),
            "windowSeconds",
        ),
    };
    let mut value = json!({
        "type": "object",
        "description": "The value of one metric of one object.",
        "properties": item,
    });
    value["properties"]["describedObject"] = json!({
        "type": "object",
        "description": "Whose value it is.",
        "properties": {
            "apiVersion": text("Group and version of the object."),
            "kind": text("Kind of the object."),
            "name": text("Name of the object."),
            "namespace": text("Namespace of the object."),
        },
    });
    value["properties"]["timestamp"] =
        json!({"type": "string", "format": "date-time", "description": ARRIVED});
    value["properties"][window] =
        json!({"type": "integer", "format": "int64", "description": SPAN});
    value["properties"]["value"] = text(QUANTITY);
    let list = list(
        &kind,
        "MetricValue",
        "Values of one metric: of one object, or of many pods.",
    );
    document(
        "Metrics of videobridges",
        &paths,
        &json!({"MetricValueList": list, "MetricValue": value}),
    )
}

fn selector() -> Value {
    json!({
        "type": "object",
        "nullable": true,
        "description": "The selector of series that was asked with.",
    })
}

fn external(metrics: &Metrics) -> Value {
    let (group, version) = (external::GROUP, external::VERSION);
    let kind = json!({"group": group, "version": version, "kind": "ExternalMetricValueList"});
    let labels = "Which series, by the metric's own labels, for example deployment=jvb.";
    let parameters = [
        in_path("namespace", "The namespace of the bridges.", None),
        in_query("labelSelector", labels),
    ];
    let what = "One series for each group of bridges; they may be added up.";
    let path = |name: &str| {
        let path = format!("/apis/{group}/{version}/namespaces/{{namespace}}/{name}");
        (
            path,
            get(what, "ExternalMetricValueList", &kind, &parameters),
        )
    };
    let paths = metrics.group_names().map(path).collect();
    let value = json!({
        "type": "object",
        "description": "The value of one series.",
        "properties": {
            "metricName": text("The metric."),
            "metricLabels": {
                "type": "object",
                "nullable": true,
                "description": "What tells this series from the others.",
                "additionalProperties": {"type": "string"},
            },
            "timestamp": {"type": "string", "format": "date-time", "description": ARRIVED},
            "window": {"type": "integer", "format": "int64", "description": SPAN},
            "value": text(QUANTITY),
        },
    });
    let list = list(
        &kind,
        "ExternalMetricValue",
        "The series of an external metric.",
    );
    document(
        "Totals of groups of videobridges",
        &paths,
        &json!({"ExternalMetricValueList": list, "ExternalMetricValue": value}),
    )
}
