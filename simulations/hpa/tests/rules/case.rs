//! One sync as a statement: an HPA, its pods and samples, and what it comes to.

use std::time::Duration;

use bridge::Time;
use hpa::inputs::{Phase, Pod, Reading, Ready, Sample, Samples, Scale, Selector, Status};
use hpa::proposal::Current;
use hpa::{Class, Controller, Flags, Gates, Inputs, Policy, Spec, State, sync};

/// The moment of every sync.
pub(crate) const NOW: Time = Time::from_millis(100_000_000);

/// A moment so many seconds ago.
pub(crate) fn ago(seconds: u64) -> Time {
    NOW - Duration::from_secs(seconds)
}

/// An HPA with metrics as JSON, and whatever other fields.
pub(crate) fn policy(metrics: &str, fields: &str) -> Policy {
    let json = format!(
        r#"{{"scaleTargetRef": {{"kind": "Deployment", "name": "jvb"}}, "metrics": [{metrics}], {fields}}}"#
    );
    let spec: Spec = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{json}: {error}"));
    Policy::try_from(spec).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// Utilization of the CPU, in percent.
pub(crate) fn cpu(percent: i32) -> String {
    format!(
        r#"{{"type": "Resource", "resource": {{"name": "cpu",
            "target": {{"type": "Utilization", "averageUtilization": {percent}}}}}}}"#
    )
}

/// A metric per pod, in thousandths.
pub(crate) fn pods(milli: i64) -> String {
    format!(
        r#"{{"type": "Pods", "pods": {{"metric": {{"name": "qps"}},
            "target": {{"type": "AverageValue", "averageValue": "{milli}m"}}}}}}"#
    )
}

/// A metric of an object; `target` is `Value` or `AverageValue`.
pub(crate) fn object(target: &str, milli: i64) -> String {
    let field = target.replacen(['V', 'A'], if target == "Value" { "v" } else { "a" }, 1);
    format!(
        r#"{{"type": "Object", "object": {{"metric": {{"name": "qps"}}, "describedObject": {{"kind": "Service", "name": "jvb"}},
            "target": {{"type": "{target}", "{field}": "{milli}m"}}}}}}"#
    )
}

/// An external metric; `target` is `Value` or `AverageValue`.
pub(crate) fn external(target: &str, milli: i64) -> String {
    let field = target.replacen(['V', 'A'], if target == "Value" { "v" } else { "a" }, 1);
    format!(
        r#"{{"type": "External", "external": {{"metric": {{"name": "qps"}},
            "target": {{"type": "{target}", "{field}": "{milli}m"}}}}}}"#
    )
}

/// A pod that has been running and ready for long.
pub(crate) const RUNNING: Pod = Pod {
    phase: Phase::Running,
    deleting: false,
    started: Some(Time::from_millis(0)),
    ready: Some(Ready {
        status: Status::True,
        since: Time::from_millis(0),
    }),
};

/// A pod of upstream's tests that is not ready: started 3 min ago, never ready.
pub(crate) fn unready() -> Pod {
    Pod {
        started: Some(ago(180)),
        ready: Some(Ready {
            status: Status::False,
            since: ago(180),
        }),
        ..RUNNING
    }
}

/// A pod of upstream's tests that is hot: started now, ready now.
pub(crate) fn hot() -> Pod {
    Pod {
        started: Some(NOW),
        ready: Some(Ready {
            status: Status::True,
            since: NOW,
        }),
        ..RUNNING
    }
}

/// A pod in another phase.
pub(crate) fn in_phase(phase: Phase) -> Pod {
    Pod { phase, ..RUNNING }
}

/// A pod that is being deleted.
pub(crate) fn deleting() -> Pod {
    Pod {
        deleting: true,
        ..RUNNING
    }
}

/// What a metric is answered with.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Nothing.
    Failed,
    /// Samples per pod and of pods that are not there, in thousandths.
    Pods(Vec<Option<i64>>, Vec<i64>),
    /// Values, in thousandths.
    Values(Vec<i64>),
}

/// A sync of upstream's tests.
pub(crate) struct Case {
    /// Who syncs; by default the newest, with the flags of upstream's tests.
    pub(crate) controller: Controller,
    /// What is wanted.
    pub(crate) policy: Policy,
    /// `spec.replicas` and `status.replicas`.
    pub(crate) replicas: (i32, i32),
    /// The pods.
    pub(crate) pods: Vec<Pod>,
    /// What each requests, in thousandths.
    pub(crate) requests: Vec<Option<i64>>,
    /// What each metric is answered with.
    pub(crate) answers: Vec<Answer>,
    /// Whether the size can be written.
    pub(crate) writable: bool,
    /// What the scale's selector is good for.
    pub(crate) selector: Selector,
    /// What is known from before.
    pub(crate) state: State,
}

/// What a sync came to.
#[derive(Debug)]
pub(crate) struct Came {
    /// The size after it.
    pub(crate) size: i32,
    /// What each metric asks for.
    pub(crate) proposals: Vec<Option<i32>>,
    /// What each metric reports: its value, average or percentage.
    pub(crate) reported: Vec<Option<i64>>,
    /// The conditions.
    pub(crate) conditions: String,
    /// The events.
    pub(crate) events: Vec<String>,
    /// When the size was changed last, as the status tells it.
    pub(crate) scaled_at: Option<Time>,
    /// Whether it ended with an error.
    pub(crate) failed: bool,
}

/// A controller with the flags of upstream's tests.
pub(crate) fn controller(class: Class) -> Controller {
    Controller {
        class,
        gates: Gates {
            scale_to_zero: false,
            configurable_tolerance: true,
        },
        flags: Flags {
            cpu_initialization_period: Duration::from_mins(2),
            initial_readiness_delay: Duration::from_secs(10),
            ..Flags::default()
        },
    }
}

/// A sync with `replicas` running pods and one answer.
pub(crate) fn case(policy: Policy, replicas: i32, answer: Answer) -> Case {
    Case {
        controller: controller(Class::From136),
        policy,
        replicas: (replicas, replicas),
        pods: vec![RUNNING; replicas.unsigned_abs() as usize],
        requests: vec![Some(1_000); replicas.unsigned_abs() as usize],
        answers: vec![answer],
        writable: true,
        selector: Selector::Good,
        state: State::default(),
    }
}

/// Samples of all pods.
pub(crate) fn of_pods(milli: &[i64]) -> Answer {
    Answer::Pods(milli.iter().copied().map(Some).collect(), Vec::new())
}

impl Case {
    /// Pods of another kind, each with the same request as before.
    pub(crate) fn with_pods(mut self, pods: impl IntoIterator<Item = Pod>) -> Self {
        self.pods = pods.into_iter().collect();
        self.requests.resize(self.pods.len(), Some(1_000));
        self
    }

    /// Syncs once.
    pub(crate) fn sync(&mut self) -> Came {
        self.sync_at(NOW)
    }

    /// Syncs once, at another moment.
    pub(crate) fn sync_at(&mut self, now: Time) -> Came {
        let sample = |milli: i64| Sample {
            milli,
            at: now,
            window: Duration::from_mins(1),
        };
        let samples: Vec<_> = self
            .answers
            .iter()
            .map(|answer| match answer {
                Answer::Pods(of_pods, foreign) => Samples {
                    of_pods: of_pods.iter().map(|milli| milli.map(sample)).collect(),
                    foreign: foreign.clone(),
                    lacks_container: false,
                },
                _ => Samples::default(),
            })
            .collect();
        let readings: Vec<_> = self
            .answers
            .iter()
            .zip(&samples)
            .map(|(answer, samples)| match answer {
                Answer::Failed => Reading::Failed,
                Answer::Pods(..) => Reading::Pods {
                    samples,
                    requests: &self.requests,
                },
                Answer::Values(values) => Reading::Values(values),
            })
            .collect();
        let inputs = Inputs {
            controller: &self.controller,
            policy: &self.policy,
            scale: Some(Scale {
                spec_replicas: self.replicas.0,
                status_replicas: self.replicas.1,
                selector: self.selector,
            }),
            pods: &self.pods,
            readings: &readings,
            writable: self.writable,
        };
        let outcome = sync(&mut self.state, &inputs, now);
        let metrics = outcome.metrics.unwrap_or_default();
        let results = metrics.iter().map(|metric| metric.result.ok());
        Came {
            size: match outcome.put {
                Some(size) if outcome.rescaled => size,
                _ => self.replicas.0,
            },
            proposals: results
                .clone()
                .map(|result| result.map(|proposal| proposal.replicas))
                .collect(),
            reported: results
                .map(|result| {
                    result.map(|proposal| match proposal.current {
                        Current::Average(milli) | Current::Value(milli) => milli,
                        Current::Utilization { percent, .. } => i64::from(percent),
                    })
                })
                .collect(),
            conditions: outcome
                .status
                .conditions
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
            events: outcome
                .events
                .iter()
                .map(|event| event.told(&self.policy).to_string())
                .collect(),
            scaled_at: outcome.status.last_scale_time,
            failed: outcome.failed,
        }
    }
}
