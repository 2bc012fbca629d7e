//! What came out against what was recorded, field by field.

use std::fmt::Debug;

use super::Difference;
use super::record::{CurrentMetric, Step};
use crate::policy::Policy;
use crate::proposal::{Current, Evaluation};
use crate::sync::Outcome;

/// What a sync is compared with.
pub(super) struct Place<'a> {
    pub(super) step: &'a Step,
    pub(super) policy: &'a Policy,
}

/// Tells each field that differs.
pub(super) fn compare(place: &Place<'_>, outcome: &Outcome<'_>, differs: impl FnMut(Difference)) {
    let Place { step, policy } = *place;
    let mut fields = Fields { step, differs };
    let size = match outcome.put {
        Some(size) if outcome.rescaled => size,
        _ => step.spec_replicas,
    };
    let status = outcome.status;
    fields.same("desiredReplicas", &step.desired_replicas, &size);
    let (recorded, computed) = (step.status_desired_replicas, status.desired_replicas);
    fields.same("statusDesiredReplicas", &recorded, &computed);
    let (recorded, computed) = (step.status_current_replicas, status.current_replicas);
    fields.same("statusCurrentReplicas", &recorded, &computed);
    fields.same("rescaled", &step.rescaled, &outcome.rescaled);
    fields.same("putReplicas", &step.put_replicas, &outcome.put);
    let proposals = outcome.metrics.map(|metrics| {
        let proposals = metrics.iter().map(|metric| metric.result.ok());
        let proposals = proposals.map(|proposal| proposal.map(|proposal| proposal.replicas));
        proposals.collect::<Vec<_>>()
    });
    fields.same("proposals", &step.proposals, &proposals);
    fields.same(
        "recommendation",
        &step.recommendation,
        &outcome.recommendation,
    );
    let conditions = status.conditions.iter().map(ToString::to_string);
    fields.same("conditions", &step.conditions, &conditions.collect());
    let events = outcome.events.iter();
    let events = events.map(|event| event.told(policy).to_string());
    fields.same("events", &step.events, &events.collect());
    let current = outcome.current_metrics.map(|metrics| {
        let metrics = metrics.iter().map(current);
        metrics.collect::<Vec<_>>()
    });
    fields.same("currentMetrics", &step.current_metrics, &current);
    let scaled = status
        .last_scale_time
        .map(|time| time.as_millis().div_euclid(1_000));
    fields.same("lastScaleTime", &step.last_scale_time, &scaled);
    fields.same("reconcileError", &step.reconcile_error, &outcome.failed);
}

struct Fields<'a, F> {
    step: &'a Step,
    differs: F,
}

impl<F: FnMut(Difference)> Fields<'_, F> {
    fn same<T: Debug + PartialEq>(&mut self, field: &'static str, recorded: &T, computed: &T) {
        if recorded != computed {
            (self.differs)(Difference {
                step: 0,
                seconds: self.step.t,
                field,
                recorded: format!("{recorded:?}"),
                computed: format!("{computed:?}"),
            });
        }
    }
}

fn current(metric: &Evaluation) -> CurrentMetric {
    let Ok(proposal) = metric.result else {
        return CurrentMetric::default();
    };
    let mut told = CurrentMetric {
        r#type: metric.kind.name().to_owned(),
        ..CurrentMetric::default()
    };
    match proposal.current {
        Current::Average(milli) => told.average_value_milli = Some(milli),
        Current::Utilization { percent, average } => {
            told.average_utilization = Some(percent);
            told.average_value_milli = Some(average);
        }
        Current::Value(milli) => told.value_milli = Some(milli),
    }
    told
}
