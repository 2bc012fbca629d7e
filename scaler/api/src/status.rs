//! What a pool says of itself. Numbers of single bridges are metrics and annotations of pods, not here.

mod condition;

use bridge::Time;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time as MetaTime};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use condition::{ConditionType, Reason};

use crate::key::timestamp;

/// What the controller saw and did last.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BridgePoolStatus {
    /// The bridges that count for the HorizontalPodAutoscaler: pending, starting and active ones, without surge, draining and
    /// warm ones.
    pub replicas: u32,

    /// Selects exactly those, as text: the HorizontalPodAutoscaler reads their metrics by it.
    pub selector: String,

    /// The counted bridges whose pods are ready.
    pub ready_replicas: u32,

    /// The bridges that take conferences.
    pub active: u32,

    /// The bridges that are being emptied.
    pub draining: u32,

    /// The bridges that run empty and hidden.
    pub warm: u32,

    /// The bridges of which nothing fresh is known. They count as busy.
    pub unknown: u32,

    /// The counted bridges of the current revision.
    pub updated_replicas: u32,

    /// The bridges of older revisions, counted or not.
    pub outdated: u32,

    /// When the oldest drain that still goes on was begun.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Moment>")]
    pub oldest_drain: Option<MetaTime>,

    /// The generation of the spec that all this is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// The revision of the template of which new bridges are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_revision: Option<String>,

    /// What was decided last, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_decision: Option<LastDecision>,

    /// Who looks after the pool. "kubectl bridgepool" asks it how the bridges are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Controller>,

    /// How the pool is, in the form that all of Kubernetes has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "condition::schema")]
    pub conditions: Vec<Condition>,
}

/// The replica of the controller that looks after a pool, and where it is asked.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Controller {
    /// Namespace of its Lease.
    pub namespace: String,

    /// Name of its Lease.
    pub lease: String,

    /// Its name in the Lease, which no other replica has.
    pub holder: String,

    /// Namespace of its pod; not there where it runs in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_namespace: Option<String>,

    /// Name of its pod; not there where it runs in none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<String>,

    /// The port on which it tells how it is, over plain HTTP.
    pub port: u32,

    /// The image of the sidecar that it gives bridges; not there where it knows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sidecar_image: Option<String>,
}

/// What was decided last, and why.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LastDecision {
    /// When that was.
    #[schemars(with = "Moment")]
    pub time: MetaTime,

    /// Why, in one word.
    pub reason: String,

    /// What was done to which bridge, and by what evidence.
    #[serde(default)]
    pub message: String,
}

/// A moment as the API writes it.
struct Moment;

impl JsonSchema for Moment {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Moment".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A moment as the API's types carry it: in whole seconds, as Kubernetes writes its own.
pub fn meta_time(time: Time) -> MetaTime {
    let moment = timestamp(time);
    MetaTime(Timestamp::from_second(moment.as_second()).unwrap_or(moment))
}
