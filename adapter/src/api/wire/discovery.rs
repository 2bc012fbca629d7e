//! What there is to ask for: fixed from the start, whatever bridges there are, so that no client finds an empty or a changing
//! list.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use serde_json::{Value, json};

use super::values::bytes;
use super::{GROUP, Version, external};
use crate::telling::{Metrics, Resource};

/// The media type of aggregated discovery, as the aggregator asks for it and wants it back.
pub(crate) const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

const VALUES: &str = "MetricValueList";

// A metric is a sub-resource, which `kubectl api-resources` leaves out, as it does a parent without verbs. So the parents carry the
// verb of their metrics: people who look for what can be scaled on find it.

/// All discovery documents, written once.
#[derive(Clone, Debug)]
pub(crate) struct Discovery {
    /// `/apis` in aggregated form.
    pub aggregated: Document,
    /// `/apis` in the old form.
    pub groups: Document,
    /// `/apis/custom.metrics.k8s.io`.
    pub group: Document,
    /// `/apis/external.metrics.k8s.io`.
    pub external_group: Document,
    /// `/apis/external.metrics.k8s.io/v1beta1`.
    pub external_resources: Document,
    v1beta1: Document,
    v1beta2: Document,
}

/// One document and the tag that changes when it does.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// As text, a twentieth of what it takes as values.
    json: Bytes,
    /// A quoted string for `ETag`.
    pub tag: String,
}

impl Document {
    pub(super) fn new(json: &Value) -> Self {
        // The hash has fixed keys: replicas of one version give the same tag.
        let mut hasher = DefaultHasher::new();
        let json = json.to_string();
        json.hash(&mut hasher);
        let mut tag = String::new();
        let _ = write!(tag, "\"{:016X}\"", hasher.finish());
        let json = json.into();
        Self { json, tag }
    }

    /// The document, for eyes or for programs.
    pub(crate) fn text(&self, pretty: bool) -> Bytes {
        let json = pretty.then(|| serde_json::from_slice::<Value>(&self.json).ok());
        let json = json.flatten();
        json.map_or_else(|| self.json.clone(), |json| bytes(&json, true).into())
    }
}

impl Discovery {
    /// What there is to ask for with these metrics, external ones among them or not.
    pub(crate) fn new(metrics: &Metrics, with_external: bool) -> Self {
        let mut groups = vec![group()];
        let mut items = vec![item(metrics)];
        if with_external {
            groups.push(external::group());
            items.push(external::item(metrics));
        }
        Self {
            aggregated: Document::new(&json!({
                "kind": "APIGroupDiscoveryList",
                "apiVersion": "apidiscovery.k8s.io/v2",
                "metadata": {},
                "items": items,
            })),
            groups: Document::new(&json!({
                "kind": "APIGroupList",
                "apiVersion": "v1",
                "groups": groups,
            })),
            group: Document::new(&alone(group())),
            external_group: Document::new(&alone(external::group())),
            external_resources: Document::new(&external::resources(metrics)),
            v1beta1: Document::new(&resources(Version::V1Beta1, metrics)),
            v1beta2: Document::new(&resources(Version::V1Beta2, metrics)),
        }
    }

    /// `/apis/custom.metrics.k8s.io/VERSION`.
    pub(crate) const fn resources(&self, version: Version) -> &Document {
        match version {
            Version::V1Beta1 => &self.v1beta1,
            Version::V1Beta2 => &self.v1beta2,
        }
    }
}

fn group() -> Value {
    let version = |version: Version| json!({"groupVersion": version.api_version(), "version": version.name()});
    json!({
        "name": GROUP,
        "versions": Version::ALL.map(version),
        "preferredVersion": version(Version::ALL[0]),
    })
}

/// A group that is a document of its own and says what it is.
fn alone(mut group: Value) -> Value {
    group["kind"] = "APIGroup".into();
    group["apiVersion"] = "v1".into();
    group
}

fn resources(version: Version, metrics: &Metrics) -> Value {
    let resources: Vec<Value> = Resource::ALL
        .into_iter()
        .flat_map(|resource| {
            let entry = move |name: String| {
                json!({
                    "name": name,
                    "singularName": "",
                    "namespaced": resource.namespaced(),
                    "kind": VALUES,
                    "verbs": ["get"],
                })
            };
            let metrics = metrics.names_of(resource).into_iter();
            let metrics = metrics.map(move |metric| entry(format!("{}/{metric}", resource.name())));
            std::iter::once(entry(resource.name().to_owned())).chain(metrics)
        })
        .collect();
    json!({
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": version.api_version(),
        "resources": resources,
    })
}

/// This group in aggregated discovery.
fn item(metrics: &Metrics) -> Value {
    let versions = Version::ALL.map(|version| {
        let kind = json!({"group": GROUP, "version": version.name(), "kind": VALUES});
        let resources = Resource::ALL.map(|resource| {
            let subresources: Vec<Value> = metrics
                .names_of(resource)
                .into_iter()
                .map(
                    |metric| json!({"subresource": metric, "responseKind": kind, "verbs": ["get"]}),
                )
                .collect();
            json!({
                "resource": resource.name(),
                "scope": if resource.namespaced() { "Namespaced" } else { "Cluster" },
                "singularResource": "",
                "responseKind": kind,
                "verbs": ["get"],
                "subresources": subresources,
            })
        });
        json!({"version": version.name(), "freshness": "Current", "resources": resources})
    });
    json!({"metadata": {"name": GROUP}, "versions": versions})
}
