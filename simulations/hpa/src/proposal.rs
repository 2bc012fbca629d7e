//! The size that one metric asks for (`computeReplicasForMetric` in `horizontal.go`, and `replica_calculator.go`).

use bridge::Time;

use crate::arithmetic::{to_i32, to_i64};
use crate::class::{Class, Tolerance};
use crate::grouping::serving;
use crate::inputs::{Inputs, Reading, Scale};
use crate::metric::{Metric, Source, Target};
use crate::spec::SourceType;
use crate::usage::Usage;

/// What a metric came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Proposal {
    /// The size that it asks for; neither smallest nor largest size nor past are looked at. What overflows is as it is there.
    pub replicas: i32,
    /// Its value, as the status tells it.
    pub current: Current,
}

/// The value of a metric.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Current {
    /// Thousandths per pod.
    Average(i64),
    /// Of a resource.
    Utilization {
        /// Percent of what is requested.
        percent: i32,
        /// Thousandths per pod.
        average: i64,
    },
    /// Thousandths in all.
    Value(i64),
}

/// A metric that came to nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Failure;

/// A metric with what it came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Evaluation {
    /// Its type.
    pub kind: SourceType,
    /// What it came to.
    pub result: Result<Proposal, Failure>,
}

impl Evaluation {
    /// As it is read back from the status: what is below every number of a quantity's text comes back as nothing.
    pub(crate) fn read_back(&mut self) {
        if let Ok(proposal) = &mut self.result
            && let Current::Average(milli) = &mut proposal.current
            && *milli == i64::MIN
        {
            *milli = 0;
        }
    }
}

/// What one metric asks for.
pub(crate) fn propose(
    metric: &Metric,
    reading: &Reading<'_>,
    scale: Scale,
    tolerance: Tolerance,
    inputs: &Inputs<'_>,
    now: Time,
) -> Result<Proposal, Failure> {
    let class = inputs.controller.class;
    match (*reading, metric.target) {
        (Reading::Pods { samples, requests }, target) => {
            let incomplete = class == Class::UpTo132 && samples.lacks_container;
            if metric.source.is_object_or_external() || incomplete || samples.are_none() {
                return Err(Failure);
            }
            let usage = Usage {
                pods: inputs.pods,
                samples,
                cpu: metric.source.is_cpu(),
                flags: &inputs.controller.flags,
                now,
                tolerance,
                current: scale.spec_replicas,
            };
            match target {
                Target::Utilization(percent) => usage.utilization(percent, requests),
                Target::Average(milli) => usage.average(milli),
                Target::Value(_) => Err(Failure),
            }
        }
        (Reading::Values(values), Target::Value(target)) => {
            let value = match metric.source {
                Source::Object { .. } => *values.first().ok_or(Failure)?,
                Source::External { .. } if !values.is_empty() => capped_sum(values, class),
                _ => return Err(Failure),
            };
            let ratio = value as f64 / target as f64;
            Ok(Proposal {
                replicas: of_ratio(ratio, scale.spec_replicas, tolerance, inputs)?,
                current: Current::Value(value),
            })
        }
        (Reading::Values(values), Target::Average(target)) => match metric.source {
            Source::Object { .. } => {
                let value = *values.first().ok_or(Failure)?;
                Ok(Proposal {
                    replicas: shared(value, target, scale.status_replicas, tolerance, to_i32),
                    current: Current::Average(share(value, scale.status_replicas)),
                })
            }
            Source::External { .. } if !values.is_empty() => Ok(external(
                values,
                target,
                scale.status_replicas,
                tolerance,
                class,
            )),
            _ => Err(Failure),
        },
        (Reading::Failed, _) | (Reading::Values(_), Target::Utilization(_)) => Err(Failure),
    }
}

/// For a whole value: in proportion to the pods that serve now; from zero, to what the ratio says.
fn of_ratio(
    ratio: f64,
    current: i32,
    tolerance: Tolerance,
    inputs: &Inputs<'_>,
) -> Result<i32, Failure> {
    if current == 0 {
        return Ok(to_i32(ratio.ceil()));
    }
    if tolerance.holds(ratio) {
        return Ok(current);
    }
    if inputs.pods.is_empty() {
        return Err(Failure);
    }
    let replicas = ratio * serving(inputs.pods) as f64;
    let capped = inputs.controller.class >= Class::From133 && replicas > f64::from(i32::MAX);
    Ok(if capped {
        i32::MAX
    } else {
        to_i32(replicas.ceil())
    })
}

/// For a value that pods share: what there is over what one may have. It looks at no pod.
fn shared(
    value: i64,
    target: i64,
    replicas: i32,
    tolerance: Tolerance,
    whole: impl FnOnce(f64) -> i32,
) -> i32 {
    let ratio = value as f64 / (target as f64 * f64::from(replicas));
    if tolerance.holds(ratio) {
        replicas
    } else {
        whole((value as f64 / target as f64).ceil())
    }
}

fn share(value: i64, replicas: i32) -> i64 {
    to_i64((value as f64 / f64::from(replicas)).ceil())
}

fn external(
    values: &[i64],
    target: i64,
    replicas: i32,
    tolerance: Tolerance,
    class: Class,
) -> Proposal {
    if class == Class::UpTo132 {
        let value = values
            .iter()
            .fold(0_i64, |sum, value| sum.wrapping_add(*value));
        return Proposal {
            replicas: shared(value, target, replicas, tolerance, to_i32),
            current: Current::Average(share(value, replicas)),
        };
    }
    let mut value = 0_i64;
    for next in values {
        value = value.wrapping_add(*next);
        if value < 0 {
            // Taken for an overflow there, so that a negative series asks for everything.
            value = i64::MAX;
            break;
        }
    }
    // As a float this is 2^63, which the largest few values round up to.
    let everything = value as f64 >= i64::MAX as f64;
    Proposal {
        replicas: shared(value, target, replicas, tolerance, |replicas| {
            if replicas > f64::from(i32::MAX) {
                i32::MAX
            } else {
                to_i32(replicas)
            }
        }),
        current: Current::Average(if everything {
            i64::MAX
        } else {
            share(value, replicas)
        }),
    }
}

/// The sum for a whole value: capped upwards since 1.35, wrapping otherwise.
fn capped_sum(values: &[i64], class: Class) -> i64 {
    let mut sum = 0_i64;
    for value in values {
        if class >= Class::From133 && *value > 0 && sum > i64::MAX - value {
            return i64::MAX;
        }
        sum = sum.wrapping_add(*value);
    }
    sum
}
