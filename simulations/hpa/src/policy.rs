//! What the controller sees of a [`Spec`]: defaults filled in, quantities counted, sources and targets matched.
//!
//! The defaults are those of the API server (kubernetes, `pkg/apis/autoscaling/v2/defaults.go`), the matching that of
//! `computeReplicasForMetric` in `horizontal.go`.

use std::time::Duration;

use thiserror::Error;

use crate::metric::{Metric, Source, Target};
use crate::quantity::Quantity;
use crate::spec::{
    BehaviorSpec, MetricSpec, RateSpec, RateType, RulesSpec, Select, SourceType, Spec, TargetSpec,
    TargetType,
};

/// What an HPA wants.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The smallest size.
    pub min: i32,
    /// The largest size.
    pub max: i32,
    /// What is measured; never empty.
    pub metrics: Vec<Metric>,
    /// How fast; the older rules hold where there is none.
    pub behavior: Option<Behavior>,
}

/// How fast, in both directions.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// Upwards.
    pub up: Rules,
    /// Downwards.
    pub down: Rules,
}

/// How fast, in one direction.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long a recommendation is heeded; by the controller's flag where there is none.
    pub window: Option<Duration>,
    /// Which of the rates decides.
    pub select: Select,
    /// The rates.
    pub rates: Vec<RateSpec>,
    /// A fraction of the target; the controller's flag where there is none.
    pub tolerance: Option<f64>,
}

/// A spec that no API server accepts.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("metrics[{index}] of type {kind} lacks {field}", kind = .kind.name())]
pub struct PolicyError {
    /// Which metric, counted from 0.
    pub index: usize,
    /// Its type.
    pub kind: SourceType,
    /// What to add.
    pub field: &'static str,
}

impl TryFrom<Spec> for Policy {
    type Error = PolicyError;

    /// # Errors
    /// When a metric lacks the source or the target that its type asks for. The limits that the API server checks besides are
    /// not checked: the controller acts on what it is given.
    fn try_from(spec: Spec) -> Result<Self, PolicyError> {
        let metric = |(index, metric): (usize, MetricSpec)| {
            let kind = metric.r#type;
            of_metric(metric).map_err(|Lack(field)| PolicyError { index, kind, field })
        };
        let metrics = if spec.metrics.is_empty() {
            vec![Metric {
                source: Source::Resource {
                    name: "cpu".to_owned(),
                },
                target: Target::Utilization(80),
            }]
        } else {
            let metrics = spec.metrics.into_iter().enumerate();
            metrics.map(metric).collect::<Result<_, _>>()?
        };
        Ok(Self {
            min: spec.min_replicas.unwrap_or(1),
            max: spec.max_replicas,
            metrics,
            behavior: spec.behavior.map(Behavior::from),
        })
    }
}

/// The field that a metric lacks.
struct Lack(&'static str);

fn of_metric(spec: MetricSpec) -> Result<Metric, Lack> {
    let (source, target) = match spec.r#type {
        SourceType::Resource => {
            let source = spec.resource.ok_or(Lack("resource"))?;
            (
                Source::Resource { name: source.name },
                of_resource(&source.target)?,
            )
        }
        SourceType::ContainerResource => {
            let source = spec.container_resource.ok_or(Lack("containerResource"))?;
            let target = of_resource(&source.target)?;
            (
                Source::ContainerResource {
                    name: source.name,
                    container: source.container,
                },
                target,
            )
        }
        SourceType::Pods => {
            let source = spec.pods.ok_or(Lack("pods"))?;
            let average = source.target.average_value;
            let average = average.ok_or(Lack("target.averageValue"))?;
            (
                Source::Pods {
                    name: source.metric.name,
                },
                Target::Average(average.milli()),
            )
        }
        SourceType::Object => {
            let source = spec.object.ok_or(Lack("object"))?;
            let target = of_object(&source.target)?;
            (
                Source::Object {
                    kind: source.described_object.kind,
                    name: source.metric.name,
                    selector: source.metric.selector,
                },
                target,
            )
        }
        SourceType::External => {
            let source = spec.external.ok_or(Lack("external"))?;
            let target = of_external(&source.target)?;
            (
                Source::External {
                    name: source.metric.name,
                    selector: source.metric.selector,
                },
                target,
            )
        }
    };
    Ok(Metric { source, target })
}

/// An average comes first, whatever the type says.
fn of_resource(target: &TargetSpec) -> Result<Target, Lack> {
    let average = target.average_value.map(average);
    let utilization = target.average_utilization.map(Target::Utilization);
    average
        .or(utilization)
        .ok_or(Lack("target.averageUtilization or target.averageValue"))
}

/// The type decides.
fn of_object(target: &TargetSpec) -> Result<Target, Lack> {
    match target.r#type {
        TargetType::Value => target.value.map(value).ok_or(Lack("target.value")),
        TargetType::AverageValue => {
            let target = target.average_value.map(average);
            target.ok_or(Lack("target.averageValue"))
        }
        TargetType::Utilization => Err(Lack("a target.type of Value or AverageValue")),
    }
}

/// An average comes first, whatever the type says.
fn of_external(target: &TargetSpec) -> Result<Target, Lack> {
    let average = target.average_value.map(average);
    average
        .or_else(|| target.value.map(value))
        .ok_or(Lack("target.value or target.averageValue"))
}

fn average(quantity: Quantity) -> Target {
    Target::Average(quantity.milli())
}

fn value(quantity: Quantity) -> Target {
    Target::Value(quantity.milli())
}

/// Seconds as the controller takes them; negative ones reach into the future there, which the API server refuses.
fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// One of the policies that hold where none are given.
const fn rate(r#type: RateType, value: i32) -> RateSpec {
    RateSpec {
        r#type,
        value,
        period_seconds: 15,
    }
}

impl From<BehaviorSpec> for Behavior {
    fn from(spec: BehaviorSpec) -> Self {
        let up = Rules {
            window: Some(Duration::ZERO),
            select: Select::Max,
            rates: vec![rate(RateType::Pods, 4), rate(RateType::Percent, 100)],
            tolerance: None,
        };
        let down = Rules {
            window: None,
            select: Select::Max,
            rates: vec![rate(RateType::Percent, 100)],
            tolerance: None,
        };
        Self {
            up: up.overridden(spec.scale_up),
            down: down.overridden(spec.scale_down),
        }
    }
}

impl Rules {
    /// Each field that is given replaces the default.
    fn overridden(mut self, spec: Option<RulesSpec>) -> Self {
        if let Some(spec) = spec {
            self.window = spec
                .stabilization_window_seconds
                .map(seconds)
                .or(self.window);
            self.select = spec.select_policy.unwrap_or(self.select);
            self.rates = spec.policies.unwrap_or(self.rates);
            self.tolerance = spec.tolerance.map(Quantity::approximate);
        }
        self
    }
}

#[cfg(test)]
mod tests;
