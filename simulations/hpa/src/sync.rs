//! One reconciliation (`reconcileAutoscaler` in `horizontal.go`).

use std::cmp::Ordering;

use bridge::Time;

use crate::class::Class;
use crate::condition::{Kind, whole_second};
use crate::event::{Cause, Event};
use crate::inputs::{Inputs, Reading, Scale, Selector};
use crate::metric::Source;
use crate::normalise::normalise;
use crate::policy::Policy;
use crate::proposal::{Evaluation, Proposal, propose};
use crate::rate;
use crate::reason::Reason;
use crate::state::{State, Status};

/// What a sync came to.
#[derive(Clone, Copy, Debug)]
pub struct Outcome<'a> {
    /// The size that was put, whether or not the API server took it.
    pub put: Option<i32>,
    /// Whether it took it.
    pub rescaled: bool,
    /// The size that was written down to be heeded by later syncs.
    pub recommendation: Option<i32>,
    /// What each metric came to; `None` when they were not looked at.
    pub metrics: Option<&'a [Evaluation]>,
    /// `status.currentMetrics`, which a sync that cannot read the scale leaves as they were, and one that does not look empties.
    pub current_metrics: Option<&'a [Evaluation]>,
    /// What was told, in order.
    pub events: &'a [Event],
    /// Whether the sync ended with an error, which it also does when some metrics failed and the others were acted upon.
    pub failed: bool,
    /// The status as it is now.
    pub status: &'a Status,
}

/// Syncs an HPA once.
pub fn sync<'a>(state: &'a mut State, inputs: &Inputs<'_>, now: Time) -> Outcome<'a> {
    state.events.clear();
    let mut pass = Pass {
        inputs,
        now,
        state,
        looked: false,
        put: None,
        rescaled: false,
        recommendation: None,
    };
    let failed = pass.run().is_err();
    let Pass {
        state,
        looked,
        put,
        rescaled,
        recommendation,
        ..
    } = pass;
    Outcome {
        put,
        rescaled,
        recommendation,
        metrics: looked.then_some(&state.metrics),
        current_metrics: state.has_metrics.then_some(&state.metrics),
        events: &state.events,
        failed,
        status: &state.status,
    }
}

/// The sync has failed; why stands in conditions and events.
struct Failed;

/// What is under way.
struct Pass<'a, 'i> {
    inputs: &'i Inputs<'i>,
    now: Time,
    state: &'a mut State,
    /// Whether metrics were looked at.
    looked: bool,
    put: Option<i32>,
    rescaled: bool,
    recommendation: Option<i32>,
}

/// A size that is to be set.
struct Wanted {
    replicas: i32,
    cause: Cause,
}

/// What the metrics together ask for.
struct Combined {
    replicas: i32,
    /// Which metric asks for it.
    metric: usize,
    /// Whether others failed.
    partly: bool,
}

impl Pass<'_, '_> {
    fn run(&mut self) -> Result<(), Failed> {
        let Some(scale) = self.inputs.scale else {
            self.warn(Reason::FailedGetScale);
            self.condition(Kind::AbleToScale, false, Reason::FailedGetScale);
            self.state
                .metrics
                .iter_mut()
                .for_each(Evaluation::read_back);
            return Err(Failed);
        };
        self.state.metrics.clear();
        self.state.has_metrics = false;
        self.condition(Kind::AbleToScale, true, Reason::SucceededGetScale);
        let current = scale.spec_replicas;
        self.state.history.begin(current, self.now);

        let policy = self.inputs.policy;
        let mut partly = false;
        let wanted = if self.is_paused(current) {
            self.condition(Kind::ScalingActive, false, Reason::ScalingDisabled);
            if self.class() == Class::From136 && !self.inputs.controller.gates.scale_to_zero {
                self.state.status.conditions.remove(Kind::ScaledToZero);
            }
            None
        } else if current != 0 && current > policy.max {
            Some(Wanted {
                replicas: policy.max,
                cause: Cause::AboveMax,
            })
        } else if current != 0 && current < policy.min {
            Some(Wanted {
                replicas: policy.min,
                cause: Cause::BelowMin,
            })
        } else {
            let combined = self.combine(scale).inspect_err(|Failed| {
                self.write(current, self.state.status.desired_replicas);
                self.warn(Reason::FailedComputeMetricsReplicas);
            })?;
            partly = combined.partly;
            self.decide(current, &combined)
        };
        if let Some(wanted) = wanted {
            self.rescale(current, &wanted)?;
        } else {
            self.write(current, current);
        }
        if partly { Err(Failed) } else { Ok(()) }
    }

    fn class(&self) -> Class {
        self.inputs.controller.class
    }

    fn condition(&mut self, kind: Kind, holds: bool, reason: Reason) {
        let conditions = &mut self.state.status.conditions;
        conditions.set(kind, holds, reason, self.now);
    }

    fn warn(&mut self, reason: Reason) {
        self.state.events.push(Event::Warning(reason));
    }

    fn write(&mut self, current: i32, desired: i32) {
        self.state.status.current_replicas = current;
        self.state.status.desired_replicas = desired;
    }

    /// Whether the HPA itself has set the size to zero, as far as it knows.
    fn is_scaled_to_zero(&self) -> bool {
        self.class() == Class::From136
            && self.inputs.controller.gates.scale_to_zero
            && self.state.status.conditions.hold(Kind::ScaledToZero)
    }

    /// Whether a size of zero means that nothing is to be done. Up to 1.35 it is enough that the smallest size is zero, whatever
    /// the gate says.
    fn is_paused(&self, current: i32) -> bool {
        let policy = self.inputs.policy;
        if current != 0 {
            return false;
        }
        if self.class() < Class::From136 {
            return policy.min != 0;
        }
        !(self.is_scaled_to_zero() && (policy.min != 0 || has_object_or_external(policy)))
    }

    /// Looks at all metrics (`computeReplicasForMetrics`).
    fn combine(&mut self, scale: Scale) -> Result<Combined, Failed> {
        let unusable = match scale.selector {
            Selector::Good => None,
            Selector::Empty => Some((Reason::SelectorRequired, Reason::InvalidSelector)),
            Selector::Unreadable => Some((Reason::InvalidSelector, Reason::InvalidSelector)),
            Selector::Ambiguous => Some((Reason::AmbiguousSelector, Reason::AmbiguousSelector)),
        };
        if let Some((event, condition)) = unusable {
            self.warn(event);
            self.condition(Kind::ScalingActive, false, condition);
            return Err(Failed);
        }
        self.looked = true;
        self.state.has_metrics = true;
        let inputs = self.inputs;
        let tolerance = inputs.controller.tolerance(inputs.policy);
        let mut combined = Combined {
            replicas: 0,
            metric: 0,
            partly: false,
        };
        let mut first = None;
        let mut failures = 0;
        for (index, metric) in inputs.policy.metrics.iter().enumerate() {
            let reading = inputs.readings.get(index).unwrap_or(&Reading::Failed);
            let result = propose(metric, reading, scale, tolerance, inputs, self.now);
            let kind = metric.source.kind();
            self.state.metrics.push(Evaluation { kind, result });
            let Ok(Proposal { replicas, .. }) = result else {
                failures += 1;
                let reason = metric.source.failure();
                first = first.or(Some(reason));
                self.warn(reason);
                continue;
            };
            // A zero is replaced by whatever follows, also by less.
            if combined.replicas == 0 || replicas > combined.replicas {
                combined.replicas = replicas;
                combined.metric = index;
            }
        }
        combined.partly = failures > 0;
        let all = failures >= inputs.policy.metrics.len();
        if let Some(reason) = first
            && (all || combined.replicas < scale.spec_replicas)
        {
            self.condition(Kind::ScalingActive, false, reason);
            return Err(Failed);
        }
        self.condition(Kind::ScalingActive, true, Reason::ValidMetricFound);
        Ok(combined)
    }

    /// From what the metrics ask for to a size, or none when it is the one that is.
    fn decide(&mut self, current: i32, combined: &Combined) -> Option<Wanted> {
        let policy = self.inputs.policy;
        let desired = combined.replicas.max(0);
        let mut cause = match desired.cmp(&current) {
            Ordering::Greater => Cause::Above(combined.metric),
            Ordering::Less => Cause::Below,
            Ordering::Equal => Cause::None,
        };
        let from_zero = current == 0 && policy.min != 0 && self.is_scaled_to_zero();
        let normalised = normalise(
            policy,
            self.inputs.controller.flags.downscale_stabilization,
            current,
            desired,
            &mut self.state.history,
            self.now,
        );
        self.recommendation = Some(desired);
        self.condition(Kind::AbleToScale, true, normalised.able);
        self.condition(
            Kind::ScalingLimited,
            normalised.is_limited,
            normalised.limited,
        );
        let mut replicas = normalised.replicas;
        if from_zero && replicas < policy.min {
            replicas = policy.min;
            if cause == Cause::None {
                cause = Cause::BelowMin;
            }
        }
        (replicas != current).then_some(Wanted { replicas, cause })
    }

    /// Puts a size.
    fn rescale(&mut self, current: i32, wanted: &Wanted) -> Result<(), Failed> {
        let size = wanted.replicas;
        self.put = Some(size);
        if !self.inputs.writable {
            self.warn(Reason::FailedRescale);
            self.condition(Kind::AbleToScale, false, Reason::FailedUpdateScale);
            self.write(current, self.state.status.desired_replicas);
            return Err(Failed);
        }
        self.rescaled = true;
        self.condition(Kind::AbleToScale, true, Reason::SucceededRescale);
        self.state.events.push(Event::Rescaled {
            size,
            cause: wanted.cause,
        });
        self.store(current, size);
        self.note_zero(current, size);
        self.write(current, size);
        self.state.status.last_scale_time = Some(whole_second(self.now));
        Ok(())
    }

    /// Remembers a change, for the rates; without behavior there are none.
    fn store(&mut self, current: i32, size: i32) {
        let Some(behavior) = &self.inputs.policy.behavior else {
            return;
        };
        let history = &mut self.state.history;
        if size > current {
            let by = size.wrapping_sub(current);
            let longest = rate::longest(&behavior.up);
            history.ups.store(by, longest, self.now);
        } else {
            let by = current.wrapping_sub(size);
            let longest = rate::longest(&behavior.down);
            history.downs.store(by, longest, self.now);
        }
    }

    /// Notes with every change whether it is the HPA's own way to zero.
    fn note_zero(&mut self, current: i32, size: i32) {
        if self.class() != Class::From136 {
            return;
        }
        if !self.inputs.controller.gates.scale_to_zero {
            self.state.status.conditions.remove(Kind::ScaledToZero);
            return;
        }
        let policy = self.inputs.policy;
        let own = current > 0 && size == 0 && policy.min == 0 && has_object_or_external(policy);
        let reason = if own {
            Reason::ScaledToZero
        } else {
            Reason::NotScaledToZero
        };
        self.condition(Kind::ScaledToZero, own, reason);
    }
}

fn has_object_or_external(policy: &Policy) -> bool {
    let mut sources = policy.metrics.iter().map(|metric| &metric.source);
    sources.any(Source::is_object_or_external)
}
