//! The bridges' pods: as JSON, so that nothing that a newer API server knows is dropped; or somebody else's workload.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

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
        self.spec()?
            .get("containers")?
            .as_array()?
            .iter()
            .filter_map(Value::as_object)
            .find(|container| container.get("name").and_then(Value::as_str) == Some(name))
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
        json_schema!({
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": true,
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
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

fn apps_v1() -> String {
    "apps/v1".to_owned()
}

fn deployment() -> String {
    "Deployment".to_owned()
}
