//! A recording as it is written.
//!
//! A field that is not known here is an error: it may be something that the real controller saw.

use serde::Deserialize;

use crate::inputs::Phase;
use crate::spec::Spec;

/// An HPA, from its first sync on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Episode {
    /// Its number.
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it shows.
    #[serde(default)]
    pub note: String,
    /// The version of Kubernetes whose decisions these are.
    pub(super) k8s: Option<String>,
    /// For people.
    #[serde(default, rename = "toleranceSemantics")]
    _tolerance_semantics: String,
    pub(super) gates: Gates,
    /// Whether an API server takes the spec; the controller acts upon it either way.
    #[serde(default, rename = "apiValid")]
    _api_valid: bool,
    pub(super) hpa_spec: Spec,
    pub(super) flags: Flags,
    #[serde(default)]
    pub(super) initial_conditions: Vec<String>,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gates {
    #[serde(rename = "HPAScaleToZero")]
    pub(super) scale_to_zero: bool,
    #[serde(rename = "HPAConfigurableTolerance")]
    pub(super) configurable_tolerance: bool,
}

/// Seconds, but for the tolerance.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Flags {
    pub(super) downscale_stabilization: f64,
    pub(super) cpu_initialization_period: f64,
    pub(super) initial_readiness_delay: f64,
    /// Decides nothing: the moments of the syncs are recorded.
    #[serde(default, rename = "syncPeriod")]
    _sync_period: f64,
    pub(super) tolerance: f64,
}

/// A sync: first what was seen, then what was done.
#[expect(
    clippy::struct_excessive_bools,
    reason = "it is a form that others write"
)]
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Step {
    pub(super) t: f64,
    #[serde(default)]
    pub(super) restart: bool,
    pub(super) hpa_spec: Option<Spec>,
    pub(super) spec_replicas: i32,
    pub(super) status_replicas: i32,
    pub(super) selector: Option<String>,
    #[serde(default)]
    pub(super) scale_get_error: bool,
    #[serde(default)]
    pub(super) scale_update_error: bool,
    #[serde(default)]
    pub(super) pods: Vec<Pod>,
    #[serde(default)]
    pub(super) metrics: Vec<Metric>,

    pub(super) desired_replicas: i32,
    pub(super) status_desired_replicas: i32,
    pub(super) status_current_replicas: i32,
    pub(super) rescaled: bool,
    pub(super) put_replicas: Option<i32>,
    pub(super) proposals: Option<Vec<Option<i32>>>,
    pub(super) recommendation: Option<i32>,
    pub(super) conditions: Vec<String>,
    pub(super) events: Vec<String>,
    pub(super) current_metrics: Option<Vec<CurrentMetric>>,
    pub(super) last_scale_time: Option<i64>,
    pub(super) reconcile_error: bool,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) phase: Phase,
    pub(super) ready: Ready,
    /// Seconds before the step's moment; none where the pod has not started.
    pub(super) start_ago: Option<f64>,
    /// Seconds before the step's moment; none where it has no such condition.
    pub(super) ready_transition_ago: Option<f64>,
    #[serde(default)]
    pub(super) deleting: bool,
    pub(super) cpu_request_milli: Option<i64>,
    pub(super) memory_request_milli: Option<i64>,
}

impl AsRef<str> for Pod {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) enum Ready {
    True,
    False,
    Unknown,
    #[serde(rename = "none")]
    Absent,
}

/// The answer to a question for a metric.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metric {
    #[serde(default)]
    pub(super) error: bool,
    pub(super) pods: Option<Vec<Sample>>,
    pub(super) values: Option<Vec<i64>>,
    /// The texts of which `values` are the thousandths.
    #[serde(default)]
    pub(super) quantities: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Sample {
    pub(super) pod: String,
    pub(super) milli: i64,
    /// Its end, in seconds before the step's moment.
    pub(super) ts_ago: f64,
    /// How long it lasted, in seconds.
    pub(super) window: f64,
    /// The text of which `milli` is the thousandths.
    pub(super) quantity: Option<String>,
}

/// A metric in the status; of a failed one all is empty.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct CurrentMetric {
    pub(super) r#type: String,
    pub(super) average_value_milli: Option<i64>,
    pub(super) average_utilization: Option<i32>,
    pub(super) value_milli: Option<i64>,
}
