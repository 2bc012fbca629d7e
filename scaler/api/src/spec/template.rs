//! The bridges' pods: as JSON, so that nothing that a newer API server knows is dropped; or somebody else's workload.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// The container that is the bridge.
pub const BRIDGE_CONTAINER: &str = "jvb";

/// A pod template, untouched: an object with `metadata` and `spec`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Template(pub Map<String, Value>);

impl Template {
    /// The pod's `spec`; `None` when it is missing or no object.
    pub fn spec(&self) -> Option<&Map<String, Value>> {
        self.0.get("spec")?.as_object()
    }

    /// A container by its name.
    pub fn container(&self, name: &str) -> Option<&Map<String, Value>> {
        self.containers(name).next()
    }

    /// All containers of a name: in a pod that can be, there is one at most.
    pub(crate) fn containers(&self, name: &str) -> impl Iterator<Item = &Map<String, Value>> {
        let containers = self.spec().and_then(|spec| spec.get("containers"));
        let containers = containers.and_then(Value::as_array).into_iter().flatten();
        containers
            .filter_map(Value::as_object)
            .filter(move |container| container.get("name").and_then(Value::as_str) == Some(name))
    }

    /// The grace period in seconds, where the template sets one.
    pub fn grace_period_seconds(&self) -> Option<i64> {
        self.spec()?.get("terminationGracePeriodSeconds")?.as_i64()
    }

    /// The labels or the annotations (`kind`) that the template gives its pods.
    pub fn metadata(&self, kind: &str) -> Option<&Map<String, Value>> {
        self.0.get("metadata")?.get(kind)?.as_object()
    }
}

impl JsonSchema for Template {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Template".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // Only what the rules ask about is named, with bounds that keep their cost known; all the rest passes as it is.
        let texts = |description: &str| {
            json!({
                "type": "object",
                "description": description,
                "maxProperties": 128,
                "additionalProperties": { "type": "string" },
            })
        };
        json_schema!({
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
            "properties": {
                "metadata": {
                    "type": "object",
                    "description": "Labels and annotations of the bridges' pods, besides those that the pool writes.",
                    "x-kubernetes-preserve-unknown-fields": true,
                    "properties": {
                        "labels": texts("Labels of the bridges' pods. Those under bridgetender.dev/ are the pool's."),
                        "annotations": texts("Annotations of the bridges' pods. Those under bridgetender.dev/ are the pool's, all but bridgetender.dev/metrics-port."),
                    },
                },
                "spec": {
                    "type": "object",
                    "description": "The spec of the bridges' pods: every field of a pod may stand here, see \"kubectl explain pod.spec\".",
                    "x-kubernetes-preserve-unknown-fields": true,
                    "properties": {
                        "terminationGracePeriodSeconds": {
                            "type": "integer",
                            "format": "int64",
                            "description": "How long a bridge that somebody else deletes may take to have its people moved: 75 to 590. Left out, the pool sets it.",
                        },
                        "containers": {
                            "type": "array",
                            "description": "The containers of the bridges' pods, as in any pod. The bridge's is named jvb.",
                            "maxItems": 32,
                            "items": {
                                "type": "object",
                                "description": "A container, see \"kubectl explain pod.spec.containers\".",
                                "x-kubernetes-preserve-unknown-fields": true,
                                "properties": {
                                    "name": {
                                        "type": "string",
                                        "description": "The name of the container.",
                                        "maxLength": 63,
                                    },
                                },
                            },
                        },
                    },
                },
            },
        })
    }
}

/// An existing workload whose bridges the pool shall scale instead of pods of its own.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkloadRef {
    /// The API version of the workload.
    #[serde(default = "apps_v1")]
    pub api_version: String,

    /// The kind of the workload.
    #[serde(default = "deployment")]
    pub kind: String,

    /// The name of the workload, in the namespace of the pool.
    pub name: String,
}

fn apps_v1() -> String {
    "apps/v1".to_owned()
}

fn deployment() -> String {
    "Deployment".to_owned()
}
