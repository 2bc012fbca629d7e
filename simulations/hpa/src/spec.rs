//! The `spec` of a HorizontalPodAutoscaler as it is written in a manifest, field by field (`autoscaling/v2`).
//!
//! A field that is not known here is an error, not nothing: what a newer Kubernetes makes of it could change a decision.
//! [`crate::Policy`] is what the controller sees of it.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::quantity::Quantity;

/// `HorizontalPodAutoscalerSpec`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// What is scaled.
    pub scale_target_ref: Reference,
    /// The smallest size; 1 where it is not given.
    pub min_replicas: Option<i32>,
    /// The largest size.
    pub max_replicas: i32,
    /// What is measured; 80 % of the requested CPU where nothing is given.
    #[serde(default)]
    pub metrics: Vec<MetricSpec>,
    /// How fast; where it is not given at all, older rules hold.
    pub behavior: Option<BehaviorSpec>,
}

/// `CrossVersionObjectReference`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reference {
    /// For example `apps/v1`.
    #[serde(default)]
    pub api_version: String,
    /// For example `Deployment`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// `MetricSpec`: of the sources the one that `type` names is looked at.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricSpec {
    /// Which.
    pub r#type: SourceType,
    /// With type `Resource`.
    pub resource: Option<ResourceSource>,
    /// With type `ContainerResource`.
    pub container_resource: Option<ContainerResourceSource>,
    /// With type `Pods`.
    pub pods: Option<PodsSource>,
    /// With type `Object`.
    pub object: Option<ObjectSource>,
    /// With type `External`.
    pub external: Option<ExternalSource>,
}

/// `MetricSourceType`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum SourceType {
    /// What pods use of a resource.
    Resource,
    /// What one container of the pods uses of a resource.
    ContainerResource,
    /// A value per pod.
    Pods,
    /// A value of an object.
    Object,
    /// Values from outside the cluster.
    External,
}

impl SourceType {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::ContainerResource => "ContainerResource",
            Self::Pods => "Pods",
            Self::Object => "Object",
            Self::External => "External",
        }
    }
}

/// `ResourceMetricSource`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceSource {
    /// `cpu`, `memory`, ...
    pub name: String,
    /// How much.
    pub target: TargetSpec,
}

/// `ContainerResourceMetricSource`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerResourceSource {
    /// `cpu`, `memory`, ...
    pub name: String,
    /// Which container.
    pub container: String,
    /// How much.
    pub target: TargetSpec,
}

/// `PodsMetricSource`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PodsSource {
    /// Which metric.
    pub metric: Identifier,
    /// How much.
    pub target: TargetSpec,
}

/// `ObjectMetricSource`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectSource {
    /// Of which object.
    pub described_object: Reference,
    /// Which metric.
    pub metric: Identifier,
    /// How much.
    pub target: TargetSpec,
}

/// `ExternalMetricSource`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalSource {
    /// Which metric.
    pub metric: Identifier,
    /// How much.
    pub target: TargetSpec,
}

/// `MetricIdentifier`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// Its name.
    pub name: String,
    /// Which of its series.
    pub selector: Option<LabelSelector>,
}

/// `LabelSelector`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LabelSelector {
    /// Labels with their values.
    #[serde(default)]
    pub match_labels: BTreeMap<String, String>,
    /// What else must hold.
    #[serde(default)]
    pub match_expressions: Vec<Requirement>,
}

/// `LabelSelectorRequirement`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub operator: String,
    /// For the first two.
    #[serde(default)]
    pub values: Vec<String>,
}

/// `MetricTarget`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TargetSpec {
    /// Which of the three.
    pub r#type: TargetType,
    /// The whole.
    pub value: Option<Quantity>,
    /// The mean over pods.
    pub average_value: Option<Quantity>,
    /// The mean over pods in percent of what they request.
    pub average_utilization: Option<i32>,
}

/// `MetricTargetType`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum TargetType {
    /// `averageUtilization`.
    Utilization,
    /// `value`.
    Value,
    /// `averageValue`.
    AverageValue,
}

/// `HorizontalPodAutoscalerBehavior`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BehaviorSpec {
    /// Upwards.
    pub scale_up: Option<RulesSpec>,
    /// Downwards.
    pub scale_down: Option<RulesSpec>,
}

/// `HPAScalingRules`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RulesSpec {
    /// How long a recommendation is heeded, in seconds.
    pub stabilization_window_seconds: Option<i32>,
    /// Which of the policies decides.
    pub select_policy: Option<Select>,
    /// How fast; replaces the whole default.
    pub policies: Option<Vec<RateSpec>>,
    /// How far from the target nothing is done.
    pub tolerance: Option<Quantity>,
}

/// `ScalingPolicySelect`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum Select {
    /// The policy that allows most.
    Max,
    /// The policy that allows least.
    Min,
    /// No change in this direction.
    Disabled,
}

/// `HPAScalingPolicy`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateSpec {
    /// Of what `value` is a number.
    pub r#type: RateType,
    /// How many or how much.
    pub value: i32,
    /// In how many seconds.
    pub period_seconds: i32,
}

/// `HPAScalingPolicyType`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
pub enum RateType {
    /// Pods.
    Pods,
    /// Percent of the size at the period's start.
    Percent,
}
